//! The server process and what it costs.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::SERVER_ARGUMENT;
use super::serve::{Join, Request};
use crate::client::{Client, Offer};

/// The server under test.
pub(in crate::bench) struct ServerProcess {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl ServerProcess {
    pub(in crate::bench) fn start() -> io::Result<ServerProcess> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg(SERVER_ARGUMENT)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let requests = child.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let answers = BufReader::new(child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?);
        Ok(ServerProcess { child, requests, answers })
    }

    /// A connected client in a room.
    pub(in crate::bench) fn join(&mut self, room: u128, peer: u128, offer: Offer) -> io::Result<Client> {
        let mut client = Client::new(offer)?;
        let offer = client.offer.of_client(client.sdp());
        let sends = offer.sends.into_iter().map(|send| (send.mid, send.source)).collect();
        let answer = self.ask(&Request { room, peer, join: Join::Client { sdp: offer.sdp, sends } })?;
        client.connect(&answer)?;
        Ok(client)
    }

    /// A telephone in a room, which takes PCMU at `at`; where it is to send.
    pub(in crate::bench) fn join_telephone(
        &mut self,
        room: u128,
        peer: u128,
        at: SocketAddr,
    ) -> io::Result<SocketAddr> {
        let answer = self.ask(&Request { room, peer, join: Join::Telephone { at } })?;
        answer.parse().map_err(io::Error::other)
    }

    fn ask(&mut self, request: &Request) -> io::Result<String> {
        serde_json::to_writer(&mut self.requests, request)?;
        self.requests.write_all(b"\n")?;
        self.requests.flush()?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        Ok(serde_json::from_str(&line)?)
    }

    /// CPU time of the worker thread so far, in ns.
    pub(in crate::bench) fn worker_cpu(&self) -> io::Result<u64> {
        for task in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let path = task?.path();
            if fs::read_to_string(path.join("comm"))?.starts_with("media-") {
                return cpu_of(&path.join("schedstat"));
            }
        }
        Err(io::Error::other("no worker thread"))
    }

    /// CPU time of all its threads so far, in ns.
    pub(in crate::bench) fn cpu(&self) -> io::Result<u64> {
        cpu_of_process(self.child.id())
    }

    /// Resident memory in KB.
    pub(in crate::bench) fn resident(&self) -> io::Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.trim().split(' ').next()?.parse().ok());
        number.ok_or_else(|| io::Error::other("no VmRSS"))
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The first number of a schedstat: time on a CPU, in ns.
pub(in crate::bench) fn cpu_of(schedstat: &std::path::Path) -> io::Result<u64> {
    let text = fs::read_to_string(schedstat)?;
    text.split(' ').next().and_then(|ns| ns.parse().ok()).ok_or_else(|| io::Error::other("no schedstat"))
}

/// CPU time of all threads of a process, in ns.
pub(in crate::bench) fn cpu_of_process(id: u32) -> io::Result<u64> {
    // A thread that ends meanwhile is not there any more.
    let of = |task: io::Result<fs::DirEntry>| cpu_of(&task.ok()?.path().join("schedstat")).ok();
    Ok(fs::read_dir(format!("/proc/{id}/task"))?.filter_map(of).sum())
}
