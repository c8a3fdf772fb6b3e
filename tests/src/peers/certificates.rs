//! A CA of our own and certificates for 127.0.0.1.

use std::io;
use std::net::{IpAddr, Ipv4Addr};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SanType};

use super::process::Folder;

/// A CA, and one certificate for `localhost` and 127.0.0.1 signed by it, as PEM files of a private folder.
pub struct Certificates {
    folder: Folder,
    issuer: Issuer<'static, KeyPair>,
    /// The certificate of the CA.
    pub ca: String,
    /// The certificate.
    pub certificate: String,
    /// Its key.
    pub key: String,
    /// Certificate and key in one file, as some programs want it.
    pub both: String,
}

impl Certificates {
    /// Makes a CA and a certificate.
    ///
    /// # Errors
    /// When files cannot be written.
    pub fn new() -> io::Result<Certificates> {
        let folder = Folder::new("tls")?;
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let mut params = CertificateParams::new(Vec::new()).map_err(io::Error::other)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "CA of a test");
        let ca = folder.write("ca.pem", params.self_signed(&key).map_err(io::Error::other)?.pem())?;
        let issuer = Issuer::new(params, key);
        let at = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
        let (certificate, key, both) = (at("cert.pem"), at("key.pem"), at("both.pem"));
        let made = Certificates { folder, issuer, ca, certificate, key, both };
        made.renew("localhost")?;
        Ok(made)
    }

    /// Puts a new certificate with this common name in the place of the old one.
    ///
    /// # Errors
    /// When files cannot be written.
    pub fn renew(&self, name: &str) -> io::Result<()> {
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).map_err(io::Error::other)?;
        params.subject_alt_names.push(SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)));
        params.distinguished_name.push(DnType::CommonName, name);
        let certificate = params.signed_by(&key, &self.issuer).map_err(io::Error::other)?.pem();
        self.folder.write("key.pem", key.serialize_pem())?;
        self.folder.write("both.pem", format!("{certificate}{}", key.serialize_pem()))?;
        self.folder.write("cert.pem", certificate)?;
        Ok(())
    }
}
