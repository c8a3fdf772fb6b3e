//! `[server]`: the name, the listeners, the data folder.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Network, Problems};

/// Languages that the pages exist in.
const LANGUAGES: [&str; 2] = ["zh-Hant", "en"];

/// `[server]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerConfig {
    /// What the log-in page calls this service.
    pub name: String,
    /// Languages that the pages offer.
    pub languages: Vec<String>,
    /// Folder of everything that outlives a restart.
    pub data: PathBuf,
    /// Addresses without TLS.
    pub http: Vec<SocketAddr>,
    /// Addresses with TLS.
    pub https: Vec<SocketAddr>,
    /// Origins besides the server's own that may use the interface.
    pub origins: Vec<String>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// Seconds for running calls and requests at a stop.
    pub stop_seconds: u64,
}

impl Default for ServerConfig {
    fn default() -> Self {
        let port = |host: [u16; 8], port| SocketAddr::from((host, port));
        ServerConfig {
            name: "Switchboard 總機".into(),
            languages: LANGUAGES.map(str::to_owned).to_vec(),
            data: "data".into(),
            http: vec![SocketAddr::from(([127, 0, 0, 1], 8080)), port([0, 0, 0, 0, 0, 0, 0, 1], 8080)],
            https: vec![port([0; 8], 8443)],
            origins: Vec::new(),
            trusted_proxies: Vec::new(),
            stop_seconds: 20,
        }
    }
}

impl ServerConfig {
    /// How long running calls and requests get at a stop.
    pub fn stop_deadline(&self) -> Duration {
        Duration::from_secs(self.stop_seconds)
    }

    pub(super) fn check(&self, problems: &mut Problems) {
        if self.name.is_empty() || self.name.chars().count() > 60 {
            problems.add("server.name", "must have 1 to 60 characters");
        }
        if self.languages.is_empty() {
            problems.add("server.languages", "must name at least one language");
        }
        for language in self.languages.iter().filter(|language| !LANGUAGES.contains(&language.as_str())) {
            problems
                .add("server.languages", format!("\"{language}\" is not one of {}", LANGUAGES.join(", ")));
        }
        if self.data.as_os_str().is_empty() {
            problems.add("server.data", "must name a folder");
        }
        if self.http.is_empty() && self.https.is_empty() {
            problems.add("server.http", "neither http nor https has an address");
        }
        for origin in self.origins.iter().filter(|origin| !is_origin(origin)) {
            let text = format!("\"{origin}\" is not an origin such as \"https://hub.example.gov\"");
            problems.add("server.origins", text);
        }
        problems.within("server.stop_seconds", self.stop_seconds, 0, 600);
    }
}

/// `scheme://host[:port]` in the form that browsers send: no path, no capital letters (RFC 6454 section 6.1).
fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    host.is_some_and(|host| {
        !host.is_empty() && !host.contains(|c: char| c == '/' || c.is_uppercase() || c.is_whitespace())
    })
}
