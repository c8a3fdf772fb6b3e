//! TLS: the operator's certificate or one that the server makes itself, read anew while it runs.

mod own;

use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use thiserror::Error;

use crate::clock::Millis;
use crate::config::TlsConfig;

/// Why there is no certificate.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file does not hold what it should.
    #[error("{path}: {text}")]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        text: String,
    },
    /// The certificate could not be made.
    #[error("cannot make a certificate: {0}")]
    Make(#[from] rcgen::Error),
    /// Certificate and key do not fit, or the key is of an unknown kind.
    #[error("certificate not usable: {0}")]
    Rustls(#[from] rustls::Error),
}

/// Where the certificate comes from, and the one in use.
#[derive(Debug)]
pub struct Certificate {
    source: Source,
    current: RwLock<Arc<CertifiedKey>>,
}

#[derive(Debug)]
enum Source {
    Files { certificate: PathBuf, key: PathBuf },
    Own { folder: PathBuf, names: Vec<String> },
}

impl Certificate {
    /// Reads the operator's files, or those in the data folder, which are made when they are missing, about to expire, or
    /// without one of the names: localhost, `addresses`, and those of the configuration.
    pub fn open(
        config: &TlsConfig,
        data: &Path,
        addresses: &[IpAddr],
        now: Millis,
    ) -> Result<Arc<Certificate>, TlsError> {
        let source = match config.own_files() {
            Some((certificate, key)) => Source::Files { certificate: certificate.clone(), key: key.clone() },
            None => Source::Own { folder: data.join("tls"), names: names(config, addresses) },
        };
        let current = RwLock::new(Arc::new(source.read(now)?));
        Ok(Arc::new(Certificate { source, current }))
    }

    /// Reads the files again, and makes the own ones anew before they expire: call it now and then. On an error the
    /// certificate in use stays.
    pub fn refresh(&self, now: Millis) -> Result<(), TlsError> {
        let fresh = Arc::new(self.source.read(now)?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// What the listeners use: TLS 1.2 and 1.3, HTTP/2 and HTTP/1.1.
    pub fn server_config(self: &Arc<Self>) -> Result<Arc<ServerConfig>, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(self.clone());
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

fn names(config: &TlsConfig, addresses: &[IpAddr]) -> Vec<String> {
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    names.extend(addresses.iter().map(IpAddr::to_string));
    names.extend(config.names.iter().cloned());
    names.sort();
    names.dedup();
    names
}

impl Source {
    fn read(&self, now: Millis) -> Result<CertifiedKey, TlsError> {
        match self {
            Source::Files { certificate, key } => certified(certificate, key),
            Source::Own { folder, names } => {
                let (certificate, key) = own::ensure(folder, names, now)?;
                certified(&certificate, &key)
            }
        }
    }
}

fn certified(certificate: &Path, key: &Path) -> Result<CertifiedKey, TlsError> {
    let content = |path: &Path, text: String| TlsError::Content { path: path.to_owned(), text };
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| content(certificate, error.to_string()))?;
    if chain.is_empty() {
        return Err(content(certificate, "holds no certificate".into()));
    }
    let key_der = PrivateKeyDer::from_pem_file(key).map_err(|error| content(key, error.to_string()))?;
    Ok(CertifiedKey::from_der(chain, key_der, &aws_lc_rs::default_provider())?)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::db::with_dbs::{Folder, START};

    #[test]
    fn the_certificate_is_renewed_while_the_server_runs() {
        let folder = Folder::new("tls");
        let config = TlsConfig::default();
        let certificate = Certificate::open(&config, &folder.0, &[], START).expect("made");
        let der = || certificate.current.read().expect("lock").cert[0].to_vec();
        let first = der();
        certificate.refresh(START.after(Duration::from_secs(86_400))).expect("fresh enough");
        assert_eq!(der(), first);
        certificate.refresh(START.after(Duration::from_secs(390 * 86_400))).expect("renewed");
        assert_ne!(der(), first);
        assert!(certificate.server_config().is_ok());
    }

    #[test]
    fn the_operators_files_win_and_a_bad_one_is_named() {
        let folder = Folder::new("tls");
        let (certificate, key) = own::ensure(&folder.0, &["localhost".into()], START).expect("made");
        let config = TlsConfig { certificate, key: key.clone(), names: vec![] };
        assert!(Certificate::open(&config, &folder.0.join("unused"), &[], START).is_ok());
        let config = TlsConfig { certificate: key.clone(), key, names: vec![] };
        let refusal = Certificate::open(&config, &folder.0, &[], START).expect_err("a key is no certificate");
        assert!(refusal.to_string().contains("key.pem"), "{refusal}");
    }
}
