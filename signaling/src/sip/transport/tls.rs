//! TLS with the certificates of the operator: never those of the system (pitfall: a PBX with any public name would do).

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};

use crate::sip::config::TlsFiles;

/// Both sides of TLS. Files that have changed are read again at the next handshake; connections that are open stay.
pub(super) struct Tls {
    files: TlsFiles,
    loaded: Mutex<Loaded>,
}

struct Loaded {
    /// When the files were changed last.
    stamps: Vec<Option<SystemTime>>,
    server: Arc<ServerConfig>,
    client: Arc<ClientConfig>,
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// When one cannot be read, or certificate and key do not go together.
    pub(super) fn load(files: &TlsFiles) -> io::Result<Tls> {
        Ok(Tls { files: files.clone(), loaded: Mutex::new(read(files)?) })
    }

    /// Shakes hands with who connected to us.
    ///
    /// # Errors
    /// When the other side does not speak TLS 1.2 or has no certificate that we ask for.
    pub(super) async fn accept(&self, stream: TcpStream) -> io::Result<server::TlsStream<TcpStream>> {
        let acceptor = TlsAcceptor::from(self.current(|loaded| loaded.server.clone()));
        acceptor.accept(stream).await
    }

    /// Shakes hands with whom we connected to, who must be `name`.
    ///
    /// # Errors
    /// When its certificate is not of our CA or not for this name.
    pub(super) async fn connect(
        &self,
        name: &str,
        stream: TcpStream,
    ) -> io::Result<client::TlsStream<TcpStream>> {
        let name = ServerName::try_from(name.to_owned()).map_err(io::Error::other)?;
        let connector = TlsConnector::from(self.current(|loaded| loaded.client.clone()));
        connector.connect(name, stream).await
    }

    fn current<T>(&self, part: impl Fn(&Loaded) -> T) -> T {
        // No lock around anything that waits, and nothing in it panics.
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let stamps = stamps(&self.files);
        if stamps != loaded.stamps {
            match read(&self.files) {
                Ok(fresh) => {
                    tracing::info!("certificates of telephones and trunks were read again");
                    *loaded = fresh;
                }
                Err(error) => {
                    tracing::warn!(%error, "new certificates cannot be used, the old ones stay");
                    loaded.stamps = stamps;
                }
            }
        }
        part(&loaded)
    }
}

fn stamps(files: &TlsFiles) -> Vec<Option<SystemTime>> {
    let changed = |path: &String| std::fs::metadata(path).and_then(|file| file.modified()).ok();
    [&files.certificate, &files.key, &files.ca].map(changed).to_vec()
}

fn read(files: &TlsFiles) -> io::Result<Loaded> {
    let stamps = stamps(files);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let chain = certificates(&files.certificate)?;
    let key =
        PrivateKeyDer::from_pem_file(Path::new(&files.key)).map_err(|error| about(&files.key, error))?;
    let mut roots = RootCertStore::empty();
    if !files.ca.is_empty() {
        for certificate in certificates(&files.ca)? {
            roots.add(certificate).map_err(|error| about(&files.ca, error))?;
        }
    }
    let roots = Arc::new(roots);
    let server = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?;
    let server = if files.require_client {
        let verifier = WebPkiClientVerifier::builder_with_provider(roots.clone(), provider.clone()).build();
        server.with_client_cert_verifier(verifier.map_err(|error| about(&files.ca, error))?)
    } else {
        server.with_no_client_auth()
    };
    let server = server.with_single_cert(chain.clone(), key.clone_key());
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, key);
    Ok(Loaded {
        stamps,
        server: Arc::new(server.map_err(|error| about(&files.certificate, error))?),
        client: Arc::new(client.map_err(|error| about(&files.certificate, error))?),
    })
}

fn certificates(path: &str) -> io::Result<Vec<CertificateDer<'static>>> {
    let read = CertificateDer::pem_file_iter(Path::new(path)).map_err(|error| about(path, error))?;
    let read = read.collect::<Result<Vec<_>, _>>().map_err(|error| about(path, error))?;
    if read.is_empty() { Err(about(path, "no certificate")) } else { Ok(read) }
}

fn about(path: &str, error: impl std::fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{path}: {error}"))
}
