//! `[tls]`: the certificate.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Problems;

/// `[tls]`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TlsConfig {
    /// PEM file of the certificate chain; empty: the server makes its own.
    pub certificate: PathBuf,
    /// PEM file of the key.
    pub key: PathBuf,
    /// More names and addresses of the self-made certificate.
    pub names: Vec<String>,
}

impl TlsConfig {
    /// The operator's own files, when there are any.
    pub fn own_files(&self) -> Option<(&PathBuf, &PathBuf)> {
        (!self.certificate.as_os_str().is_empty()).then_some((&self.certificate, &self.key))
    }

    pub(super) fn check(&self, problems: &mut Problems) {
        let files = [("tls.certificate", &self.certificate), ("tls.key", &self.key)];
        if files[0].1.as_os_str().is_empty() != files[1].1.as_os_str().is_empty() {
            problems.add("tls.key", "certificate and key must be set together");
            return;
        }
        for (key, path) in files {
            if !path.as_os_str().is_empty() && !path.is_file() {
                problems.add(key, format!("{} is not a file", path.display()));
            }
        }
        for name in self.names.iter().filter(|name| name.is_empty() || !name.is_ascii() || name.contains(' '))
        {
            problems.add("tls.names", format!("\"{name}\" is not a host name or an address"));
        }
    }
}
