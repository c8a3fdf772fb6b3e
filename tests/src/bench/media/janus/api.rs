//! The Janus API as datagrams of a Unix socket: no port that others could reach or have taken.

use std::io;
use std::net::IpAddr;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use serde_json::{Value, json};

use super::super::load;
use super::process::JanusProcess;

/// Name of Janus's socket in its folder.
pub(super) const SERVER: &str = "api";
const CLIENT: &str = "client";
/// A step that takes longer will not succeed.
const PATIENCE: Duration = Duration::from_secs(10);
/// Pause between attempts to connect, and the longest that one read waits.
const STEP: Duration = Duration::from_millis(20);
/// The largest answer: an offer has about 2 KB.
const LARGEST: usize = 65_536;

/// A session.
pub(super) struct Api {
    socket: UnixDatagram,
    session: Option<u64>,
    transaction: u64,
}

impl Api {
    /// Starts Janus until it listens, and opens a session. Janus 1.1.2 now and then ends at its start: the thread of this
    /// transport looks whether the transport is initialized, and may do so before it is.
    pub(super) fn start(host: IpAddr) -> io::Result<(JanusProcess, Api)> {
        let until = load::now() + PATIENCE;
        loop {
            let mut process = JanusProcess::start(host)?;
            match Api::connect(&mut process) {
                Ok(api) => return Ok((process, api)),
                Err(error) if load::now() > until => return Err(error),
                Err(_) => {}
            }
        }
    }

    /// Opens a session as soon as Janus listens.
    fn connect(process: &mut JanusProcess) -> io::Result<Api> {
        let socket = UnixDatagram::bind(process.folder().join(CLIENT))?;
        let until = load::now() + PATIENCE;
        while let Err(error) = socket.connect(process.folder().join(SERVER)) {
            if !process.is_running()? {
                return Err(io::Error::other("it ended at its start"));
            }
            if load::now() > until {
                return Err(error);
            }
            load::pause(STEP);
        }
        socket.set_read_timeout(Some(STEP))?;
        socket.set_write_timeout(Some(PATIENCE))?;
        let mut api = Api { socket, session: None, transaction: 0 };
        api.session = Some(id(&api.ask(json!({"janus": "create"}))?)?);
        Ok(api)
    }

    /// A new handle of the streaming plugin.
    pub(super) fn attach(&mut self) -> io::Result<u64> {
        id(&self.ask(json!({"janus": "attach", "plugin": "janus.plugin.streaming"}))?)
    }

    /// A message to the plugin, with an answer as SDP; what the plugin says to it.
    pub(super) fn message(&mut self, handle: u64, body: &Value, answer: Option<&str>) -> io::Result<Value> {
        let mut request = json!({"janus": "message", "handle_id": handle, "body": body});
        if let Some(sdp) = answer {
            request["jsep"] = json!({"type": "answer", "sdp": sdp});
        }
        self.ask(request)
    }

    /// Reads what Janus tells unasked, so that its socket does not fill.
    pub(super) fn skip_events(&self) -> io::Result<()> {
        self.socket.set_nonblocking(true)?;
        let mut buffer = [0; LARGEST];
        while self.socket.recv(&mut buffer).is_ok() {}
        self.socket.set_nonblocking(false)
    }

    fn ask(&mut self, mut request: Value) -> io::Result<Value> {
        self.transaction += 1;
        let transaction = self.transaction.to_string();
        request["transaction"] = json!(transaction);
        if let Some(session) = self.session {
            request["session_id"] = json!(session);
        }
        self.socket.send(&serde_json::to_vec(&request)?)?;
        let until = load::now() + PATIENCE;
        let mut buffer = vec![0; LARGEST];
        while load::now() < until {
            let len = match self.socket.recv(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                other => other?,
            };
            let reply: Value = serde_json::from_slice(&buffer[..len])?;
            if reply["transaction"] == transaction.as_str() && reply["janus"] != "ack" {
                return checked(reply);
            }
        }
        Err(io::Error::new(io::ErrorKind::TimedOut, format!("no reply to {}", request["janus"])))
    }
}

/// A reply that is no refusal, be it Janus's or the plugin's.
fn checked(reply: Value) -> io::Result<Value> {
    let refused = reply["janus"] == "error" || reply.pointer("/plugindata/data/error").is_some();
    if refused { Err(io::Error::other(format!("refused: {reply}"))) } else { Ok(reply) }
}

fn id(reply: &Value) -> io::Result<u64> {
    reply
        .pointer("/data/id")
        .and_then(Value::as_u64)
        .ok_or_else(|| io::Error::other(format!("no id: {reply}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_of_janus_and_of_the_plugin_are_errors() {
        assert!(checked(json!({"janus": "error", "error": {"code": 403}})).is_err());
        assert!(
            checked(json!({"janus": "event", "plugindata": {"data": {"error": "no such mountpoint"}}}))
                .is_err()
        );
        assert!(checked(json!({"janus": "event", "plugindata": {"data": {}}})).is_ok());
        assert_eq!(id(&json!({"data": {"id": 5}})).unwrap(), 5);
        assert!(id(&json!({})).is_err());
    }
}
