//! Its remote control: JSON in netstrings over TCP.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::super::process::PATIENCE;

/// Longest message of it that is read.
const MAX_LENGTH: usize = 1 << 20;

/// What has come and was not asked for yet.
#[derive(Default)]
struct Inbox {
    messages: Mutex<VecDeque<Value>>,
    more: Condvar,
}

/// The connection.
pub(super) struct Control {
    stream: TcpStream,
    inbox: Arc<Inbox>,
    token: AtomicU64,
}

impl Control {
    pub(super) fn connect(address: SocketAddr) -> io::Result<Control> {
        let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let inbox = Arc::new(Inbox::default());
        let (reading, filled) = (stream.try_clone()?, inbox.clone());
        std::thread::spawn(move || {
            let mut reader = BufReader::new(reading);
            // Ends with the connection, which ends with the telephone.
            while let Ok(message) = read(&mut reader) {
                filled.lock().push_back(message);
                filled.more.notify_all();
            }
        });
        Ok(Control { stream, inbox, token: AtomicU64::new(0) })
    }

    pub(super) fn command(&self, command: &str, params: &str) -> io::Result<Value> {
        let token = self.token.fetch_add(1, Ordering::Relaxed).to_string();
        let text = json!({ "command": command, "params": params, "token": token }).to_string();
        (&self.stream).write_all(format!("{}:{text},", text.len()).as_bytes())?;
        let answers = |message: &Value| message["response"] == true && message["token"] == token.as_str();
        let answer = self.inbox.take(&answers)?;
        if answer["ok"] == true { Ok(answer) } else { Err(io::Error::other(format!("{command}: {answer}"))) }
    }

    pub(super) fn wait_event(&self, kind: &str) -> io::Result<Value> {
        let is = |message: &Value| message["event"] == true && message["type"] == kind;
        self.inbox.take(&is).map_err(|error| io::Error::new(error.kind(), format!("{kind}: {error}")))
    }
}

impl Inbox {
    fn lock(&self) -> MutexGuard<'_, VecDeque<Value>> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the first message that fits, and takes it out.
    fn take(&self, fits: &dyn Fn(&Value) -> bool) -> io::Result<Value> {
        let begin = now();
        let mut messages = self.lock();
        loop {
            if let Some(at) = messages.iter().position(fits) {
                return messages.remove(at).ok_or_else(|| io::Error::other("gone"));
            }
            let left = PATIENCE.saturating_sub(begin.elapsed());
            if left == Duration::ZERO {
                let seen = messages.iter().map(|message| message["type"].to_string()).collect::<Vec<_>>();
                return Err(io::Error::new(io::ErrorKind::TimedOut, format!("only {}", seen.join(" "))));
            }
            let waited = self.more.wait_timeout(messages, left);
            messages = waited.map_or_else(|error| error.into_inner().0, |(messages, _)| messages);
        }
    }
}

/// One netstring.
fn read(reader: &mut impl BufRead) -> io::Result<Value> {
    let mut head = Vec::new();
    reader.take(16).read_until(b':', &mut head)?;
    let length = head.strip_suffix(b":").and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
    let length: usize = length.filter(|length| *length <= MAX_LENGTH).ok_or(io::ErrorKind::InvalidData)?;
    let mut body = vec![0; length + 1];
    reader.read_exact(&mut body)?;
    serde_json::from_slice(&body[..length]).map_err(io::Error::other)
}

#[expect(clippy::disallowed_methods, reason = "deadline for a process of its own")]
fn now() -> Instant {
    Instant::now()
}
