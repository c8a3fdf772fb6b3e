//! sipp: load, and peers that do odd things by script.

use std::io;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use super::process::{Folder, Process, free_port};

/// A running sipp.
pub struct Sipp {
    process: Process,
    folder: Folder,
    /// Its port of 127.0.0.1.
    pub port: u16,
}

/// Which of its scenarios.
#[derive(Clone, Copy, Debug)]
pub enum Scenario<'a> {
    /// One that it brings along: `uac`, `uas`.
    Own(&'a str),
    /// XML text.
    Script(&'a str),
}

impl Sipp {
    /// Starts it; with a `target` it calls there.
    ///
    /// # Errors
    /// When it is not installed.
    pub fn start(scenario: Scenario, target: Option<SocketAddr>, options: &[&str]) -> io::Result<Sipp> {
        let folder = Folder::new("sipp")?;
        let port = free_port(1)?;
        let mut command = Command::new("sipp");
        match scenario {
            Scenario::Own(name) => command.args(["-sn", name]),
            Scenario::Script(xml) => command.args(["-sf", &folder.write("scenario.xml", xml)?]),
        };
        command.args(target.map(|target| target.to_string()));
        command.args(["-i", "127.0.0.1", "-p", &port.to_string(), "-mi", "127.0.0.1", "-nostdin"]);
        command.args(["-trace_err", "-error_file"]).arg(folder.path().join("errors"));
        command.args(options).current_dir(folder.path()).env("TERM", "dumb");
        Ok(Sipp { process: Process::start(&mut command)?, folder, port })
    }

    /// Waits until all its calls are over.
    ///
    /// # Errors
    /// When one of them failed, with what sipp said about it.
    pub fn finish(mut self, patience: Duration) -> io::Result<()> {
        let status = self.process.wait(patience)?;
        if status.success() {
            return Ok(());
        }
        let errors = std::fs::read_to_string(self.folder.path().join("errors")).unwrap_or_default();
        let errors = errors.lines().take(40).collect::<Vec<_>>().join("\n");
        let said = self.process.said();
        let last = said[said.len().saturating_sub(40)..].join("\n");
        Err(io::Error::other(format!("sipp: {status}\n{errors}\n{last}")))
    }
}
