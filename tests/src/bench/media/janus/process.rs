//! The process of Janus and its private folder.

use std::fs;
use std::io;
use std::net::IpAddr;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::super::process::cpu_of_process;

/// Plugins, transports and loggers that the bench has no use for; some would open ports on all interfaces.
const PLUGINS: &str = "libjanus_audiobridge.so,libjanus_duktape.so,libjanus_echotest.so,libjanus_lua.so,libjanus_nosip.so,\
                       libjanus_recordplay.so,libjanus_sip.so,libjanus_textroom.so,libjanus_videocall.so,\
                       libjanus_videoroom.so,libjanus_voicemail.so";
const TRANSPORTS: &str =
    "libjanus_http.so,libjanus_mqtt.so,libjanus_nanomsg.so,libjanus_rabbitmq.so,libjanus_websockets.so";
const LOGGERS: &str = "libjanus_jsonlog.so";

/// A running Janus; it ends, and its folder goes, with this value. It ends with the bench, too, however that ends.
pub(super) struct JanusProcess {
    child: Child,
    folder: Folder,
}

impl JanusProcess {
    /// Starts it with candidates on `host` only.
    pub(super) fn start(host: IpAddr) -> io::Result<JanusProcess> {
        if !is_installed() {
            return Err(io::Error::new(
                io::ErrorKind::NotFound,
                "it is not installed (Debian package janus)",
            ));
        }
        let folder = Folder::new()?;
        configure(&folder.0, host)?;
        let mut command = Command::new("janus");
        command.arg("-F").arg(&folder.0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // SAFETY: prctl is async-signal-safe and touches no memory.
        let command = unsafe { command.pre_exec(die_with_parent) };
        let child = command.spawn()?;
        Ok(JanusProcess { child, folder })
    }

    /// Whether it still runs.
    pub(super) fn is_running(&mut self) -> io::Result<bool> {
        Ok(self.child.try_wait()?.is_none())
    }

    /// CPU time of all its threads so far, in ns.
    pub(super) fn cpu(&self) -> io::Result<u64> {
        cpu_of_process(self.child.id())
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder.0
    }
}

impl Drop for JanusProcess {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether there is a program `janus`.
pub(super) fn is_installed() -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join("janus").is_file())
}

fn die_with_parent() -> io::Result<()> {
    // SAFETY: this request takes an integer and touches no memory.
    match unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// ICE-lite as ours; almost silent, as writing a log would be added to its cost; commands over a socket in the folder.
fn configure(folder: &Path, host: IpAddr) -> io::Result<()> {
    let main = format!(
        "general: {{ configs_folder = {folder:?} debug_level = 2 session_timeout = 300 }}\n\
         nat: {{ ice_lite = true ice_enforce_list = \"{host}\" }}\n\
         plugins: {{ disable = \"{PLUGINS}\" }}\n\
         transports: {{ disable = \"{TRANSPORTS}\" }}\n\
         loggers: {{ disable = \"{LOGGERS}\" }}\n"
    );
    let commands = format!(
        "general: {{ enabled = true json = \"compact\" path = {:?} type = \"SOCK_DGRAM\" }}\n",
        folder.join(super::api::SERVER)
    );
    fs::write(folder.join("janus.jcfg"), main)?;
    fs::write(folder.join("janus.plugin.streaming.jcfg"), "general: { }\n")?;
    fs::write(folder.join("janus.transport.pfunix.jcfg"), commands)
}

/// A folder for this user only.
struct Folder(PathBuf);

impl Folder {
    fn new() -> io::Result<Folder> {
        // Tests of one process may each have one.
        static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let n = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("switchboard-janus-{}-{n}", std::process::id()));
        fs::DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Folder(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed stays for the system's cleaning of temporary files.
        let _ = fs::remove_dir_all(&self.0);
    }
}
