//! What an audio section says: codecs, digits, direction, packet time, keys.

use media::control::PhoneCodec;

use super::SdpError;
use super::crypto::Crypto;
use super::text::{Address, Description, Section};

/// Packet times that we can send, in milliseconds.
const PTIMES: [u32; 5] = [10, 20, 30, 40, 60];

/// An audio section of the other side.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Audio {
    pub port: u16,
    pub address: Address,
    /// `RTP/SAVP` or `RTP/SAVPF`: nothing but encrypted.
    pub secure: bool,
    /// Known codecs with their payload types, in the order given.
    pub codecs: Vec<(PhoneCodec, u8)>,
    /// `telephone-event`: payload types with their clocks.
    pub events: Vec<(u8, u32)>,
    /// Comfort noise at 8,000 Hz.
    pub comfort_noise: Option<u8>,
    /// The other side sends.
    pub sends: bool,
    /// The other side takes.
    pub takes: bool,
    /// Packet time that it wants to get.
    pub ptime: u32,
    /// Port and address of RTCP, where they are not the usual ones.
    pub rtcp: Option<(u16, Option<Address>)>,
    pub mux: bool,
    pub cryptos: Vec<Crypto>,
}

impl Section {
    /// Whether it is audio that could go over plain sockets, and is not turned off.
    pub(super) fn is_audio(&self) -> bool {
        let known = ["RTP/AVP", "RTP/AVPF", "RTP/SAVP", "RTP/SAVPF"];
        self.kind.eq_ignore_ascii_case("audio")
            && self.port != 0
            && known.iter().any(|known| known.eq_ignore_ascii_case(&self.protocol))
    }

    fn attribute<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.all(name).next()
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let found = self.attributes.iter().filter(move |(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

impl Audio {
    /// Reads the section of this number.
    pub(super) fn of(description: &Description, index: usize) -> Result<Audio, SdpError> {
        let section = description.sections.get(index).filter(|section| section.is_audio());
        let section = section.ok_or(SdpError::NoAudio)?;
        let address = section.address.or(description.address).ok_or(SdpError::Broken)?;
        if address == Address::Unusable {
            return Err(SdpError::Address);
        }
        let (sends, takes) = direction(section, description);
        let mut audio = Audio {
            port: section.port,
            address,
            secure: section.protocol.to_ascii_uppercase().contains("SAVP"),
            codecs: Vec::new(),
            events: Vec::new(),
            comfort_noise: None,
            sends,
            takes: takes && address != Address::Nowhere,
            ptime: ptime(section),
            rtcp: section.attribute("rtcp").and_then(rtcp),
            mux: section.attribute("rtcp-mux").is_some(),
            cryptos: section.all("crypto").take(16).filter_map(Crypto::parse).collect(),
        };
        section.formats.iter().for_each(|format| audio.format(section, format));
        Ok(audio)
    }

    /// One payload type. Without `rtpmap` it is what RFC 3551 says.
    fn format(&mut self, section: &Section, format: &str) {
        let Ok(number @ 0..=127) = format.parse::<u8>() else { return };
        let mapped = section.all("rtpmap").find_map(|value| {
            let (payload, name) = value.split_once(' ')?;
            (payload == format).then_some(name.trim())
        });
        let name = match (mapped, number) {
            (Some(name), _) => name,
            (None, 0) => "PCMU/8000",
            (None, 8) => "PCMA/8000",
            (None, 9) => "G722/8000",
            (None, 13) => "CN/8000",
            (None, _) => return,
        };
        let mut parts = name.split('/');
        let encoding = parts.next().unwrap_or_default().to_ascii_lowercase();
        let clock: u32 = parts.next().and_then(|clock| clock.parse().ok()).unwrap_or_default();
        let codec = match (encoding.as_str(), clock) {
            ("pcmu", 8_000) => PhoneCodec::Pcmu,
            ("pcma", 8_000) => PhoneCodec::Pcma,
            // 16,000 is wrong (RFC 3551 section 4.5.2), and yet some write it.
            ("g722", 8_000 | 16_000) => PhoneCodec::G722,
            ("opus", 48_000) => PhoneCodec::Opus,
            ("cn", 8_000) => return self.comfort_noise = self.comfort_noise.or(Some(number)),
            ("telephone-event", clock) if has_digits(section, format) => {
                return self.events.push((number, clock));
            }
            _ => return,
        };
        self.codecs.push((codec, number));
    }

    /// Payload type of digits for this codec.
    pub(super) fn events_for(&self, codec: PhoneCodec) -> Option<u8> {
        self.events.iter().find(|(_, clock)| *clock == clock_of(codec)).map(|(number, _)| *number)
    }
}

/// RTP clock of a codec, in Hz.
pub(super) fn clock_of(codec: PhoneCodec) -> u32 {
    match codec {
        PhoneCodec::Pcmu | PhoneCodec::Pcma | PhoneCodec::G722 => 8_000,
        PhoneCodec::Opus => 48_000,
    }
}

/// Whether the events of a `telephone-event` include the digits; without `fmtp` they do (RFC 4733 section 2.4.1).
fn has_digits(section: &Section, format: &str) -> bool {
    let events = section.all("fmtp").find_map(|value| {
        let (payload, events) = value.split_once(' ')?;
        (payload == format).then_some(events)
    });
    let Some(events) = events else { return true };
    let covers = |range: &str| {
        let (from, to) = range.trim().split_once('-').unwrap_or((range.trim(), range.trim()));
        matches!((from.parse::<u8>(), to.parse::<u8>()), (Ok(0), Ok(to)) if to >= 9)
    };
    // Some write the events one by one; then the zero stands for them all.
    events.split(',').any(|range| covers(range) || range.trim() == "0")
}

/// Whether the other side sends, and takes.
fn direction(section: &Section, description: &Description) -> (bool, bool) {
    let all = section.attributes.iter().chain(&description.attributes);
    let said = all.filter_map(|(name, _)| match name.as_str() {
        "sendrecv" => Some((true, true)),
        "sendonly" => Some((true, false)),
        "recvonly" => Some((false, true)),
        "inactive" => Some((false, false)),
        _ => None,
    });
    said.into_iter().next().unwrap_or((true, true))
}

/// The packet time to send with.
fn ptime(section: &Section) -> u32 {
    let number = |name| section.attribute(name).and_then(|value| value.parse::<u32>().ok());
    let wanted = number("ptime").filter(|wanted| PTIMES.contains(wanted)).unwrap_or(20);
    let most = number("maxptime").filter(|most| *most >= PTIMES[0]).unwrap_or(u32::MAX);
    PTIMES.into_iter().rfind(|ptime| *ptime <= wanted.min(most)).unwrap_or(20)
}

/// `53020 IN IP4 192.0.2.1` (RFC 3605).
fn rtcp(value: &str) -> Option<(u16, Option<Address>)> {
    let (port, address) = value.split_once(' ').unwrap_or((value, ""));
    let port = port.parse().ok().filter(|port| *port != 0)?;
    Some((port, Address::parse(address).filter(|address| matches!(address, Address::Host(_)))))
}
