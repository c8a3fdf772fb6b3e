//! Every field reaches the bridge, and every mistake is named.

use std::time::Duration;

use signaling::sip::config::{CodecName, Fallback, PrefixRule, Srtp};
use signaling::sip::port::Protocol;

use crate::config::{Config, DEFAULT_FILE, Problems};

fn load(text: &str) -> Result<Config, Problems> {
    Config::load(text, [])
}

fn keys(text: &str) -> Vec<String> {
    load(text).expect_err("problems").0.into_iter().map(|problem| problem.key).collect()
}

/// A trunk that is fine, with one more line.
fn trunk(line: &str) -> String {
    format!("[[sip.trunks]]\nname = \"pbx\"\nhost = \"pbx.example\"\n{line}\n")
}

#[test]
fn telephony_is_off_until_something_listens() {
    assert!(load("").expect("fine").sip.bridge().is_none());
    let config = load("[sip]\nlisten = [\"127.0.0.1:5060\"]").expect("fine");
    let bridge = config.sip.bridge().expect("on");
    assert_eq!(bridge.listen, ["127.0.0.1:5060".parse::<std::net::SocketAddr>().expect("address")]);
    assert!(bridge.trunks.is_empty() && bridge.tls.is_none() && bridge.announced.is_none());
    assert_eq!(bridge.fallback, Fallback::Unavailable);
}

#[test]
fn a_trunk_needs_only_name_and_host() {
    let config = load(&format!("[sip]\nlisten = [\"127.0.0.1:0\"]\n{}", trunk(""))).expect("fine");
    let trunk = &config.sip.bridge().expect("on").trunks[0];
    assert_eq!((trunk.port, trunk.protocol, trunk.srtp, trunk.ptime), (5_060, Protocol::Udp, Srtp::Off, 20));
    assert_eq!(trunk.codecs, [CodecName::Pcma, CodecName::Pcmu, CodecName::G722]);
    assert_eq!((trunk.options_every, trunk.patience), (Duration::from_secs(30), Duration::from_secs(3)));
    assert!(!trunk.register && trunk.credentials.is_none());
}

/// The commented example in the printed file, uncommented, is a configuration that works.
#[test]
fn the_example_trunk_is_right() {
    let example: Vec<&str> = DEFAULT_FILE
        .lines()
        .skip_while(|line| *line != "# [[sip.trunks]]")
        .take_while(|line| line.starts_with('#'))
        .map(|line| line.trim_start_matches('#').trim_start())
        .collect();
    let text = format!("[sip]\nlisten = [\"127.0.0.1:0\"]\n{}", example.join("\n"));
    let config = load(&text).unwrap_or_else(|problems| panic!("{problems}\n{text}"));
    let trunk = &config.sip.bridge().expect("on").trunks[0];
    let credentials = trunk.credentials.as_ref().expect("credentials");
    assert_eq!((credentials.user.as_str(), trunk.register), ("switchboard", true));
    assert_eq!(trunk.outbound, [PrefixRule { prefix: "+886".into(), strip: 4, add: "0".into() }]);
    // A new setting must be in the example.
    let all = toml::Table::try_from(super::TrunkConfig::default()).expect("TOML");
    for key in all.keys() {
        let named = |line: &&&str| line.split([' ', '=']).next() == Some(key.as_str());
        assert!(example.iter().filter(named).count() == 1, "{key} is not in the example");
    }
}

#[test]
fn every_mistake_has_its_key() {
    for (text, key) in [
        ("[sip]\ndomain = \"a b\"", "sip.domain"),
        ("[sip]\ndomain = \"a\\r\\nX: y\"", "sip.domain"),
        ("[sip]\nannounced = \"pbx\"", "sip.announced"),
        ("[sip]\nannounced = \"0.0.0.0\"", "sip.announced"),
        ("[sip]\nlisten = [\"127.0.0.1:5060\", \"127.0.0.1:5060\"]", "sip.listen"),
        ("[sip]\nlisten_tls = [\"127.0.0.1:5061\"]", "sip.listen_tls"),
        ("[sip]\ncertificate = \"Cargo.toml\"", "sip.key"),
        ("[sip]\nca = \"nowhere.pem\"", "sip.ca"),
        ("[sip]\nrequire_client_certificate = true", "sip.require_client_certificate"),
        ("[sip]\npatterns = [\"2XXX\", \"[2-\"]", "sip.patterns"),
        ("[sip.short_codes]\n9 = \"operator\"", "sip.short_codes"),
        ("[sip]\nemergency = [\"help\"]", "sip.emergency"),
        ("[sip]\nemergency_trunks = [\"pbx\"]", "sip.emergency_trunks"),
        ("[sip]\ncountry = \"+886\"", "sip.country"),
        ("[sip]\nfallback = \"nobody\"", "sip.fallback"),
        ("[sip]\nsession_seconds = 89", "sip.session_seconds"),
        ("[sip]\nregister_max_seconds = 59", "sip.register_max_seconds"),
        ("[sip]\ncalls = 0", "sip.calls"),
        ("[media]\nphone_ports = [40000, 30000]", "media.phone_ports"),
        ("[media]\nphone_ports = [80, 90]", "media.phone_ports"),
        ("[sip]\nlisten = [\"127.0.0.1:0\"]\n[media]\nport = 35000", "media.phone_ports"),
    ] {
        assert_eq!(keys(text), [key], "{text}");
    }
}

#[test]
fn every_mistake_of_a_trunk_has_its_place() {
    for (line, key) in [
        ("user = \"a\\\"b\"", "user"),
        ("user = \"a@b\"", "user"),
        ("register = true", "user"),
        ("password = \"p\"", "login"),
        ("user = \"a\"\npassword = \"p\\r\\nX: y\"", "password"),
        ("login = \"a\\\"\"", "login"),
        ("srtp = \"required\"", "srtp"),
        ("srtp = \"optional\"\nprotocol = \"tcp\"", "srtp"),
        ("protocol = \"tls\"", "protocol"),
        ("codecs = []", "codecs"),
        ("codecs = [\"pcma\", \"pcma\"]", "codecs"),
        ("ptime = 25", "ptime"),
        ("peers = [\"0.0.0.0\"]", "peers"),
        ("max_calls = 0", "max_calls"),
        ("options_seconds = 1", "options_seconds"),
        ("patience_ms = 100", "patience_ms"),
        ("outbound = [{ prefix = \"0\", add = \"\\r\\n\" }]", "outbound"),
        ("inbound = [{ strip = 99 }]", "inbound"),
    ] {
        assert_eq!(keys(&trunk(line)), [format!("sip.trunks[0].{key}")], "{line}");
    }
    for host in ["", "a b", "pbx.example:5060", "sip:pbx", "-a.example", "a..b", "pbx\\r\\nX: y"] {
        let text = format!("[[sip.trunks]]\nname = \"pbx\"\nhost = \"{host}\"");
        assert_eq!(keys(&text), ["sip.trunks[0].host"], "{host}");
    }
    for name in ["", " ", "a\\\"b", "a\\nb"] {
        let text = format!("[[sip.trunks]]\nname = \"{name}\"\nhost = \"192.0.2.1\"");
        assert_eq!(keys(&text), ["sip.trunks[0].name"], "{name}");
    }
    assert_eq!(keys(&(trunk("") + &trunk(""))), ["sip.trunks[1].name"], "two of one name");
    assert_eq!(keys(&trunk("codec = []")), ["sip.trunks"], "an unknown key");
}

#[test]
fn hosts_of_all_kinds_are_taken() {
    for host in ["pbx", "pbx.example", "192.0.2.7", "2001:db8::1", "[2001:db8::1]", "xn--fiq228c.example"] {
        load(&format!("[[sip.trunks]]\nname = \"pbx\"\nhost = \"{host}\"")).expect(host);
    }
}

#[test]
fn passwords_of_trunks_are_not_printed() {
    let config = load(&trunk("user = \"a\"\npassword = \"hunter2\"")).expect("fine");
    assert!(!format!("{config:?}").contains("hunter2"));
    let refused = load(&trunk("user = \"a\"\npassword = \"hunter2\"\nptime = 1")).expect_err("refused");
    assert!(!refused.to_string().contains("hunter2"));
}

/// A list is one variable: all trunks with their passwords, as TOML.
#[test]
fn trunks_can_come_from_the_environment() {
    let value = "[{ name = \"pbx\", host = \"192.0.2.1\", user = \"u\", password = \"p\" }]";
    let env = [("SWITCHBOARD_SIP__TRUNKS".to_owned(), value.to_owned())];
    let config = Config::load(&trunk("ptime = 30"), env).expect("fine");
    assert_eq!((config.sip.trunks.len(), config.sip.trunks[0].host.as_str()), (1, "192.0.2.1"));
}
