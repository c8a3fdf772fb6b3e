//! rtpengine: the media relay that stands beside many a PBX. In user space, on loopback.

use std::io;
use std::process::Command;

use super::process::{Process, free_port};

/// A running rtpengine.
pub struct Rtpengine {
    process: Process,
    /// Port of 127.0.0.1 for its commands.
    pub port: u16,
}

impl Rtpengine {
    /// Starts it.
    ///
    /// # Errors
    /// When it is not installed or does not come up.
    pub fn start() -> io::Result<Rtpengine> {
        let port = free_port(1)?;
        let media = free_port(200)?;
        let mut process = Process::start(Command::new("rtpengine").args([
            "--foreground",
            "--log-stderr",
            "--log-level=6",
            "--table=-1",
            "--interface=127.0.0.1",
            &format!("--listen-ng=127.0.0.1:{port}"),
            &format!("--port-min={media}"),
            &format!("--port-max={}", media + 199),
        ]))?;
        process.wait_for("Startup complete")?;
        Ok(Rtpengine { process, port })
    }

    /// Number of its process, for measuring.
    pub fn process(&self) -> u32 {
        self.process.id()
    }

    /// What it has said.
    pub fn said(&self) -> Vec<String> {
        self.process.said()
    }
}
