//! baresip as the telephone on a desk: it calls and answers, and what it heard is kept as a file.

mod control;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::certificates::Certificates;
use super::process::{Folder, PATIENCE, Process, free_port};
use super::tone;
use control::Control;

/// Modules of codecs, files and control; no sound card, no video.
const MODULES: &[&str] = &["g711", "g722", "opus", "aufile", "sndfile", "srtp"];

/// What it is to be.
#[derive(Clone, Copy)]
pub struct BaresipConfig<'a> {
    /// User, also of the address of record.
    pub user: &'a str,
    /// Domain of the address of record and where it registers: `127.0.0.1:5060`.
    pub domain: &'a str,
    /// `udp`, `tcp` or `tls`.
    pub transport: &'a str,
    /// Where it registers and sends its calls, if that is not the domain: `127.0.0.1:5060`.
    pub outbound: Option<&'a str>,
    /// User for challenges if it is another one, and password; without a password it does not register.
    pub password: Option<(&'a str, &'a str)>,
    /// Whether it answers by itself.
    pub answers: bool,
    /// Codecs in its order: `PCMU/8000/1`.
    pub codecs: &'a str,
    /// Frequency of the tone that it sends, in Hz.
    pub tone: f64,
    /// For TLS: its certificate and the CA that it believes.
    pub tls: Option<&'a Certificates>,
    /// Whether audio must be encrypted (SDES).
    pub encrypts: bool,
}

impl<'a> BaresipConfig<'a> {
    /// A telephone that speaks G.711 over UDP, answers by itself and registers nowhere.
    pub fn new(user: &'a str, domain: &'a str) -> BaresipConfig<'a> {
        BaresipConfig {
            user,
            domain,
            transport: "udp",
            outbound: None,
            password: None,
            answers: true,
            codecs: "PCMU/8000/1,PCMA/8000/1",
            tone: 440.0,
            tls: None,
            encrypts: false,
        }
    }
}

/// A running telephone.
pub struct Baresip {
    process: Process,
    folder: Folder,
    control: Control,
    /// Its port of 127.0.0.1 for UDP and TCP; TLS is at the next one.
    pub port: u16,
}

impl Baresip {
    /// Starts it; if it has a password, waits until it has registered.
    ///
    /// # Errors
    /// When it is not installed, does not come up or is refused by the registrar.
    pub fn start(config: &BaresipConfig<'_>) -> io::Result<Baresip> {
        let mut baresip = Baresip::start_unregistered(config)?;
        // It may have registered before there was anybody to tell.
        if config.password.is_some() {
            baresip.wait_said("binding]")?;
        }
        Ok(baresip)
    }

    /// Starts it and does not wait for the registrar.
    ///
    /// # Errors
    /// When it is not installed or does not come up.
    pub fn start_unregistered(config: &BaresipConfig<'_>) -> io::Result<Baresip> {
        let folder = Folder::new("baresip")?;
        let (port, control) = (free_port(2)?, free_port(1)?);
        let tone = folder.write("tone.wav", tone::wav(8_000, &tone::sine(8_000, config.tone, 60)))?;
        folder.write("config", configuration(config, &folder, port, control, &tone))?;
        folder.write("accounts", account(config))?;
        folder.write("contacts", "")?;
        // Without a line end: it is copied into the contact address.
        folder.write("uuid", format!("00000000-0000-4000-8000-{port:012}"))?;
        let mut process = Process::start(Command::new("baresip").arg("-f").arg(folder.path()))?;
        process.wait_for("baresip is ready.")?;
        let control = Control::connect(SocketAddr::from(([127, 0, 0, 1], control)))?;
        // Answered once it listens to us: from then on no event is missed.
        control.command("reginfo", "")?;
        Ok(Baresip { process, folder, control, port })
    }

    /// Gives a command and waits for its answer.
    ///
    /// # Errors
    /// When it is refused or not answered.
    pub fn command(&self, command: &str, params: &str) -> io::Result<Value> {
        self.control.command(command, params)
    }

    /// Calls somebody: a URI.
    ///
    /// # Errors
    /// When the command is refused.
    pub fn dial(&self, uri: &str) -> io::Result<()> {
        self.command("dial", uri).map(drop)
    }

    /// Takes the call that rings.
    ///
    /// # Errors
    /// When the command is refused.
    pub fn accept(&self) -> io::Result<()> {
        self.command("accept", "").map(drop)
    }

    /// Ends, refuses or gives up the call.
    ///
    /// # Errors
    /// When the command is refused.
    pub fn hang_up(&self) -> io::Result<()> {
        self.command("hangup", "").map(drop)
    }

    /// Puts the other side on hold.
    ///
    /// # Errors
    /// When the command is refused.
    pub fn hold(&self) -> io::Result<()> {
        self.command("hold", "").map(drop)
    }

    /// Takes the other side back.
    ///
    /// # Errors
    /// When the command is refused.
    pub fn resume(&self) -> io::Result<()> {
        self.command("resume", "").map(drop)
    }

    /// Hands the other side on to a URI (REFER).
    ///
    /// # Errors
    /// When the command is refused.
    pub fn transfer(&self, uri: &str) -> io::Result<()> {
        self.command("transfer", uri).map(drop)
    }

    /// Presses digits (RFC 4733).
    ///
    /// # Errors
    /// When the command is refused.
    pub fn digits(&self, digits: &str) -> io::Result<()> {
        for digit in digits.chars() {
            self.command("sndcode", &digit.to_string())?;
        }
        Ok(())
    }

    /// Waits for the next event of this type that was not waited for yet: `CALL_INCOMING`, `CALL_RINGING`,
    /// `CALL_ESTABLISHED`, `CALL_CLOSED`, `REGISTER_OK`.
    ///
    /// # Errors
    /// When none comes in time.
    pub fn wait_event(&self, kind: &str) -> io::Result<Value> {
        self.control.wait_event(kind)
    }

    /// Waits until it has said this in a line of its own, such as `received event: '5'`.
    ///
    /// # Errors
    /// When it does not in time.
    pub fn wait_said(&mut self, text: &str) -> io::Result<String> {
        self.process.wait_for(text)
    }

    /// What it has said.
    pub fn said(&self) -> Vec<String> {
        self.process.said()
    }

    /// Rate and samples of what it has heard in its newest call, so far.
    pub fn heard(&self) -> Option<(u32, Vec<i16>)> {
        let files = std::fs::read_dir(self.folder.path()).ok()?.flatten().map(|entry| entry.path());
        let decoded = |path: &PathBuf| path.to_string_lossy().ends_with("-dec.wav");
        let mut files = files.filter(decoded).collect::<Vec<_>>();
        files.sort();
        tone::read_wav(&std::fs::read(files.last()?).ok()?)
    }

    /// Waits until it has heard a tone of this frequency.
    ///
    /// # Errors
    /// When it does not in time.
    pub fn wait_tone(&self, hertz: f64) -> io::Result<()> {
        let begin = now();
        while begin.elapsed() < PATIENCE {
            if self.heard().is_some_and(|(rate, samples)| tone::has_tone(rate, &samples, hertz)) {
                return Ok(());
            }
            pause();
        }
        let heard = self.heard().map(|(_, samples)| samples.len());
        Err(io::Error::other(format!("{hertz} Hz was not heard in {heard:?} samples")))
    }
}

/// Its configuration.
fn configuration(config: &BaresipConfig<'_>, folder: &Folder, port: u16, control: u16, tone: &str) -> String {
    let at = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let mut text = format!(
        "poll_method epoll\nsip_listen 127.0.0.1:{port}\nnet_interface 127.0.0.1\ncall_max_calls 4\n\
         call_local_timeout 120\naudio_source aufile,{tone}\naudio_player aufile,{}\naudio_alert aufile,/dev/null\n\
         ausrc_srate 8000\nauplay_srate 8000\nausrc_channels 1\nauplay_channels 1\naudio_txmode poll\n\
         jitter_buffer_delay 1-10\nrtp_stats yes\nsnd_path {}\nctrl_tcp_listen 127.0.0.1:{control}\n\
         module_path /usr/lib/baresip/modules\n",
        at("played.wav"),
        folder.path().display(),
    );
    if let Some(tls) = config.tls {
        text += &format!("sip_certificate {}\nsip_cafile {}\n", tls.both, tls.ca);
    }
    for module in MODULES {
        text += &format!("module {module}.so\n");
    }
    for module in ["account", "contact", "menu", "ctrl_tcp"] {
        text += &format!("module_app {module}.so\n");
    }
    text
}

/// Its account.
fn account(config: &BaresipConfig<'_>) -> String {
    let BaresipConfig { user, domain, transport, codecs, .. } = config;
    let mut text = format!("<sip:{user}@{domain};transport={transport}>;audio_codecs={codecs};ptime=20");
    text += if config.answers { ";answermode=auto" } else { ";answermode=manual" };
    match config.password {
        Some((name, password)) => text += &format!(";auth_user={name};auth_pass={password};regint=120"),
        None => text += ";regint=0",
    }
    if let Some(outbound) = config.outbound {
        text += &format!(";outbound=\"sip:{outbound};transport={transport}\"");
    }
    if config.encrypts {
        text += ";mediaenc=srtp-mand";
    }
    text + "\n"
}

#[expect(clippy::disallowed_methods, reason = "deadline for a process of its own")]
fn now() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "nothing tells when a file grows")]
fn pause() {
    std::thread::sleep(Duration::from_millis(40));
}
