//! Kamailio as the PBX of the house: registrar and proxy with digest and Record-Route.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::process::Command;
use std::time::Duration;

use super::certificates::Certificates;
use super::process::{Folder, Process, free_port};
use super::rtpengine::Rtpengine;

/// Where it sends numbers that begin with 7.
#[derive(Clone, Debug, Default)]
pub enum Hub {
    /// Nowhere: they are users like others.
    #[default]
    None,
    /// To the contact of this registered user, with the number in the request.
    Registered(String),
    /// To this place, whose own calls are not challenged: `sip:127.0.0.1:5080;transport=tcp`.
    Address(SocketAddr, &'static str),
}

/// What it is to be.
#[derive(Clone, Copy, Default)]
pub struct KamailioConfig<'a> {
    /// Where 7xxx goes.
    pub hub: Option<&'a Hub>,
    /// Listens on TLS, too, with these.
    pub tls: Option<&'a Certificates>,
    /// Leads the audio through this.
    pub rtpengine: Option<&'a Rtpengine>,
    /// A port that was free a moment ago, for a PBX that is to come back; 0: any.
    pub port: u16,
}

/// A running Kamailio.
pub struct Kamailio {
    process: Process,
    _folder: Folder,
    /// Port of 127.0.0.1 for UDP and TCP; TLS is at the next one.
    pub port: u16,
}

impl Kamailio {
    /// Its domain and digest realm.
    pub const DOMAIN: &'static str = "pbx.test";

    /// The password of a user.
    pub fn password(user: &str) -> String {
        format!("secret-{user}")
    }

    /// Starts it and waits until it answers.
    ///
    /// # Errors
    /// When it is not installed or does not come up.
    pub fn start(config: &KamailioConfig<'_>) -> io::Result<Kamailio> {
        let folder = Folder::new("kamailio")?;
        let port = if config.port == 0 { free_port(2)? } else { config.port };
        let file = folder.write("kamailio.cfg", fill(config, port, &folder)?)?;
        let run = folder.path().join("run");
        std::fs::create_dir(&run)?;
        let pid = folder.path().join("pid");
        let program = if std::path::Path::new("/usr/sbin/kamailio").exists() {
            "/usr/sbin/kamailio"
        } else {
            "kamailio"
        };
        let mut command = Command::new(program);
        command
            .args(["-f", &file, "-DD", "-E", "-m", "64", "-M", "8"])
            .arg("-Y")
            .arg(&run)
            .arg("-P")
            .arg(&pid);
        let process = Process::start(&mut command)?;
        let mut kamailio = Kamailio { process, _folder: folder, port };
        kamailio.await_answer()?;
        Ok(kamailio)
    }

    /// Its address for UDP and TCP.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// What it has said.
    pub fn said(&self) -> Vec<String> {
        self.process.said()
    }

    /// It says nothing when it is ready, so it is asked until it answers.
    fn await_answer(&mut self) -> io::Result<()> {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.set_read_timeout(Some(Duration::from_millis(100)))?;
        let own = socket.local_addr()?;
        for number in 0..300 {
            let ask = format!(
                "OPTIONS sip:127.0.0.1:{} SIP/2.0\r\nVia: SIP/2.0/UDP {own};rport;branch=z9hG4bKalive{number}\r\n\
                 From: <sip:test@{own}>;tag=1\r\nTo: <sip:127.0.0.1>\r\nCall-ID: alive{number}@{own}\r\nCSeq: 1 OPTIONS\r\n\
                 Max-Forwards: 5\r\nContent-Length: 0\r\n\r\n",
                self.port
            );
            // Refused as long as nobody listens.
            let _ = socket.send_to(ask.as_bytes(), self.address());
            let mut buffer = [0; 2_048];
            if socket.recv(&mut buffer).is_ok_and(|length| buffer[..length].starts_with(b"SIP/2.0 200")) {
                return Ok(());
            }
            if self.process.wait(Duration::ZERO).is_ok() {
                break;
            }
        }
        Err(io::Error::other(format!("kamailio did not come up:\n{}", self.said().join("\n"))))
    }
}

/// The configuration.
fn fill(config: &KamailioConfig<'_>, port: u16, folder: &Folder) -> io::Result<String> {
    let (trusted, hub) = match config.hub.unwrap_or(&Hub::None) {
        Hub::None => ("false".to_owned(), String::new()),
        Hub::Registered(user) => ("false".to_owned(), registered_route(user)),
        Hub::Address(address, transport) => {
            let route = format!(
                "if ($rU =~ \"^7[0-9]+$\") {{ $du = \"sip:{address};transport={transport}\"; route(RELAY); }}"
            );
            // Connections of the hub come from any port of its address: the user of its calls tells it from telephones.
            (
                format!("$si == \"{}\" && ($fU =~ \"^7[0-9]+$\" || $ua =~ \"^Switchboard\")", address.ip()),
                route,
            )
        }
    };
    let (tls_listen, tls_module) = match config.tls {
        None => (String::new(), String::new()),
        Some(certificates) => tls(certificates, port + 1, folder)?,
    };
    let relay = config.rtpengine.map(|rtpengine| {
        format!(
            "loadmodule \"rtpengine.so\"\nmodparam(\"rtpengine\", \"rtpengine_sock\", \"udp:127.0.0.1:{}\")",
            rtpengine.port
        )
    });
    let manage = "rtpengine_manage(\"replace-origin replace-session-connection ICE=remove\");";
    let request = format!("if (is_method(\"INVITE|ACK|BYE|CANCEL|UPDATE\")) {{ {manage} }}");
    let reply = format!("if (has_body(\"application/sdp\")) {{ {manage} }}");
    let with_relay = |text: String| if relay.is_some() { text } else { String::new() };
    let filled = include_str!("kamailio.cfg")
        .replace("@domain@", Kamailio::DOMAIN)
        .replace("@port@", &port.to_string())
        .replace("@tls_listen@", &tls_listen)
        .replace("@tls_module@", &tls_module)
        .replace("@trusted@", &trusted)
        .replace("@hub_route@", &hub)
        .replace("@rtpengine_request@", &with_relay(request))
        .replace("@rtpengine_reply@", &with_relay(reply));
    Ok(filled.replace("@rtpengine_module@", relay.as_deref().unwrap_or_default()))
}

/// 7xxx to the contact of a user, with the number in place of the user.
fn registered_route(user: &str) -> String {
    format!(
        "if ($rU =~ \"^7[0-9]+$\") {{ $var(number) = $rU; $rU = \"{user}\"; $rd = \"{}\"; \
         if (!lookup(\"location\")) {{ sl_send_reply(\"480\", \"Temporarily Unavailable\"); exit; }} \
         $rU = $var(number); route(RELAY); }}",
        Kamailio::DOMAIN
    )
}

fn tls(certificates: &Certificates, port: u16, folder: &Folder) -> io::Result<(String, String)> {
    let Certificates { certificate, key, ca, .. } = certificates;
    let side = |head: &str| {
        format!(
            "[{head}]\nmethod = TLSv1.2+\nprivate_key = {key}\ncertificate = {certificate}\nca_list = {ca}\n\
             verify_certificate = no\nrequire_certificate = no\n"
        )
    };
    let file = folder.write("tls.cfg", side("server:default") + &side("client:default"))?;
    let module = format!("loadmodule \"tls.so\"\nmodparam(\"tls\", \"config\", \"{file}\")");
    Ok((format!("enable_tls=yes\nlisten=tls:127.0.0.1:{port}"), module))
}
