//! The text of a description, read line by line within bounds.

use std::net::IpAddr;

use super::SdpError;

/// Longest description that is read.
pub(super) const MAX_BYTES: usize = 8 * 1024;
/// Most media sections.
const MAX_SECTIONS: usize = 16;
/// Most formats of a section.
const MAX_FORMATS: usize = 64;
/// Longest token that is kept of a media line.
const MAX_TOKEN: usize = 32;

/// A description, as far as telephones are concerned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Description {
    /// Address of the session, for sections without one.
    pub address: Option<Address>,
    /// Attributes of the session, name and value.
    pub attributes: Vec<(String, String)>,
    pub sections: Vec<Section>,
}

/// Where media goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Address {
    /// A single host.
    Host(IpAddr),
    /// `0.0.0.0` or `::`: nowhere, which is how old telephones hold (RFC 3264 section 8.4).
    Nowhere,
    /// A name or a group, where we send nothing.
    Unusable,
}

/// A media section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Section {
    /// `audio`, `video`, ...; a checked token.
    pub kind: String,
    pub port: u16,
    /// `RTP/AVP`, ...; a checked token.
    pub protocol: String,
    /// Checked tokens; at least one.
    pub formats: Vec<String>,
    pub address: Option<Address>,
    pub attributes: Vec<(String, String)>,
}

impl Description {
    /// Reads a description.
    pub(super) fn parse(text: &str) -> Result<Description, SdpError> {
        if text.len() > MAX_BYTES {
            return Err(SdpError::Broken);
        }
        let mut lines = text.lines().map(str::trim_end).filter(|line| !line.is_empty());
        if lines.next() != Some("v=0") {
            return Err(SdpError::Broken);
        }
        let mut description = Description::default();
        for line in lines {
            let (kind, value) = line.split_once('=').ok_or(SdpError::Broken)?;
            description.line(kind, value)?;
        }
        match description.sections.is_empty() {
            true => Err(SdpError::NoAudio),
            false => Ok(description),
        }
    }

    fn line(&mut self, kind: &str, value: &str) -> Result<(), SdpError> {
        let full = self.sections.len() >= MAX_SECTIONS;
        let section = self.sections.last_mut();
        match kind {
            "m" if full => return Err(SdpError::Broken),
            "m" => self.sections.push(Section::parse(value).ok_or(SdpError::Broken)?),
            "c" => {
                let address = Some(Address::parse(value).ok_or(SdpError::Broken)?);
                match section {
                    Some(section) => section.address = address,
                    None => self.address = address,
                }
            }
            "a" => {
                let (name, value) = value.split_once(':').unwrap_or((value, ""));
                let attribute = (name.trim().to_owned(), value.trim().to_owned());
                section.map_or(&mut self.attributes, |section| &mut section.attributes).push(attribute);
            }
            kind if kind.len() == 1 => {}
            _ => return Err(SdpError::Broken),
        }
        Ok(())
    }
}

impl Address {
    /// `IN IP4 192.0.2.1`.
    pub(super) fn parse(value: &str) -> Option<Address> {
        let mut words = value.split_ascii_whitespace();
        let (net, family, host) = (words.next()?, words.next()?, words.next()?);
        if net != "IN" || !matches!(family, "IP4" | "IP6") {
            return None;
        }
        let ip = match host.parse::<IpAddr>() {
            Ok(ip) => ip.to_canonical(),
            Err(_) => return Some(Address::Unusable),
        };
        let broadcast = matches!(ip, IpAddr::V4(ip) if ip.is_broadcast());
        Some(match ip {
            ip if ip.is_unspecified() => Address::Nowhere,
            ip if ip.is_multicast() || broadcast => Address::Unusable,
            ip => Address::Host(ip),
        })
    }
}

impl Section {
    /// `audio 49170 RTP/AVP 0 8`.
    fn parse(value: &str) -> Option<Section> {
        let mut words = value.split_ascii_whitespace();
        let kind = token(words.next()?)?;
        let port = words.next()?;
        // A number of ports behind a slash is for layered codings.
        let port = port.split('/').next().unwrap_or(port).parse().ok()?;
        let protocol = token(words.next()?)?;
        let formats: Vec<String> = words.take(MAX_FORMATS).map(token).collect::<Option<_>>()?;
        (!formats.is_empty()).then_some(Section {
            kind,
            port,
            protocol,
            formats,
            address: None,
            attributes: Vec::new(),
        })
    }
}

/// A token of RFC 8866, short enough to be kept.
fn token(word: &str) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-./+_*".contains(&byte);
    (word.len() <= MAX_TOKEN && word.bytes().all(plain)).then(|| word.to_owned())
}
