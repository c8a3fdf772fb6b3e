//! A process of a peer, its folder and its ports.

use std::io::{self, BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Longest that anything of a peer is waited for; the machine may be busy with other tests.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// Most lines that are kept of what a peer says.
const MAX_LINES: usize = 20_000;

/// A folder for this user only, removed with its value.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// Makes one.
    ///
    /// # Errors
    /// When the system does not let us.
    pub fn new(kind: &str) -> io::Result<Folder> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("switchboard-{kind}-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Folder(path))
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file in it and says where it is.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> io::Result<String> {
        let path = self.0.join(name);
        std::fs::write(&path, content)?;
        Ok(path.to_string_lossy().into_owned())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed stays for the system's cleaning of temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A port of 127.0.0.1 that is free for UDP and TCP, as are the `spare - 1` after it.
///
/// # Errors
/// When there is none.
pub fn free_port(spare: u16) -> io::Result<u16> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    // Below the ports that the system gives out itself, and apart for each process of tests.
    let begin = std::process::id().wrapping_mul(131);
    for _ in 0..2_000 {
        let step = NEXT.fetch_add(u32::from(spare.max(1)), Ordering::Relaxed);
        let port = 10_000 + (begin.wrapping_add(step) % 20_000) as u16;
        let is_free = |port: u16| {
            let address = SocketAddr::from(([127, 0, 0, 1], port));
            UdpSocket::bind(address).is_ok() && TcpListener::bind(address).is_ok()
        };
        if (port..port + spare.max(1)).all(is_free) {
            return Ok(port);
        }
    }
    Err(io::Error::new(io::ErrorKind::AddrInUse, "no free port"))
}

/// What a process has said so far.
#[derive(Default)]
struct Said {
    lines: Mutex<Vec<String>>,
    more: Condvar,
}

impl Said {
    fn read(self: Arc<Self>, from: impl Read + Send + 'static) {
        std::thread::spawn(move || {
            let mut reader = BufReader::new(from);
            let mut line = Vec::new();
            while reader.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
                let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
                if lines.len() < MAX_LINES {
                    lines.push(String::from_utf8_lossy(&line).trim_end().to_owned());
                }
                line.clear();
                self.more.notify_all();
            }
        });
    }
}

/// A running process.
pub struct Process {
    name: String,
    child: Child,
    said: Arc<Said>,
}

impl Process {
    /// Starts a program in a process group of its own, with nothing to read.
    ///
    /// # Errors
    /// When it is not installed or cannot be started.
    pub fn start(command: &mut Command) -> io::Result<Process> {
        let name = command.get_program().to_string_lossy().into_owned();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        // SAFETY: prctl is async-signal-safe and touches no memory.
        let command = unsafe { command.pre_exec(die_with_parent) };
        let mut child =
            command.spawn().map_err(|error| io::Error::new(error.kind(), format!("{name}: {error}")))?;
        let said = Arc::new(Said::default());
        if let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) {
            said.clone().read(stdout);
            said.clone().read(stderr);
        }
        Ok(Process { name, child, said })
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has said so far.
    pub fn said(&self) -> Vec<String> {
        self.said.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until it has said this somewhere in a line, from the beginning on; gives the line.
    ///
    /// # Errors
    /// When it ends first or says nothing such in time; the error holds its last lines.
    pub fn wait_for(&mut self, text: &str) -> io::Result<String> {
        let begin = now();
        let said = self.said.clone();
        let mut lines = said.lines.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(line) = lines.iter().find(|line| line.contains(text)) {
                return Ok(line.clone());
            }
            let ended = self.child.try_wait()?.is_some();
            if ended || begin.elapsed() > PATIENCE {
                let last = lines[lines.len().saturating_sub(30)..].join("\n");
                return Err(io::Error::other(format!("{} did not say {text:?}:\n{last}", self.name)));
            }
            let waited = said.more.wait_timeout(lines, Duration::from_millis(100));
            lines = waited.map_or_else(|error| error.into_inner().0, |(lines, _)| lines);
        }
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// When it does not end in time.
    pub fn wait(&mut self, patience: Duration) -> io::Result<ExitStatus> {
        let begin = now();
        let said = self.said.clone();
        let mut lines = said.lines.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if begin.elapsed() > patience {
                return Err(io::Error::new(io::ErrorKind::TimedOut, format!("{} does not end", self.name)));
            }
            let waited = said.more.wait_timeout(lines, Duration::from_millis(20));
            lines = waited.map_or_else(|error| error.into_inner().0, |(lines, _)| lines);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // SAFETY: kill takes integers; the group is that of our own child, which is not waited for yet.
        unsafe { libc::kill(-(self.child.id() as i32), libc::SIGKILL) };
        let _ = self.child.wait();
    }
}

fn die_with_parent() -> io::Result<()> {
    // SAFETY: this request takes an integer and touches no memory.
    match unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

#[expect(clippy::disallowed_methods, reason = "deadline for a process of its own")]
fn now() -> Instant {
    Instant::now()
}
