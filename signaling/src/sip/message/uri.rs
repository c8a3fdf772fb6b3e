//! SIP, SIPS and TEL URIs (RFC 3261 section 19.1, RFC 3966).

use std::fmt;
use std::str::FromStr;

use super::{MessageError, Params};

/// Longest URI that is read.
const MAX_URI: usize = 1024;

/// Scheme of a URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `sip:`
    Sip,
    /// `sips:`
    Sips,
    /// `tel:`; the number is the user, and there is no host.
    Tel,
}

/// A URI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uri {
    /// Scheme.
    pub scheme: Scheme,
    /// User part without password, percent-decoded; the number of a `tel:` URI.
    pub user: Option<String>,
    /// Host name or address; an IPv6 address with its brackets. Empty for `tel:`.
    pub host: String,
    /// Port, where one is given.
    pub port: Option<u16>,
    /// URI parameters.
    pub params: Params,
    /// What stands behind `?`, not decoded: headers of a `Refer-To`.
    pub headers: Option<String>,
}

impl Uri {
    /// `sip:user@host:port`.
    pub fn sip(user: Option<&str>, host: &str, port: Option<u16>) -> Uri {
        Uri {
            scheme: Scheme::Sip,
            user: user.map(str::to_owned),
            host: host.to_owned(),
            port,
            params: Params::default(),
            headers: None,
        }
    }

    /// A header of the URI, percent-decoded: `Replaces` of a `Refer-To`.
    pub fn header(&self, name: &str) -> Option<String> {
        let pairs = self.headers.as_deref()?.split('&');
        let found =
            pairs.filter_map(|pair| pair.split_once('=')).find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.and_then(|(_, value)| decode(value))
    }
}

impl FromStr for Uri {
    type Err = MessageError;

    fn from_str(text: &str) -> Result<Uri, MessageError> {
        let text = text.trim();
        if text.len() > MAX_URI
            || text.bytes().any(|byte| byte <= b' ' || byte == 0x7f || byte == b'<' || byte == b'>')
        {
            return Err(MessageError::Uri);
        }
        let (scheme, rest) = text.split_once(':').ok_or(MessageError::Uri)?;
        let scheme = match scheme {
            s if s.eq_ignore_ascii_case("sip") => Scheme::Sip,
            s if s.eq_ignore_ascii_case("sips") => Scheme::Sips,
            s if s.eq_ignore_ascii_case("tel") => Scheme::Tel,
            _ => return Err(MessageError::Uri),
        };
        let (rest, headers) = match rest.split_once('?') {
            Some((rest, headers)) => (rest, Some(headers.to_owned())),
            None => (rest, None),
        };
        // A user part may hold `;`, so the host is looked for first.
        let (user, rest) = match rest.rsplit_once('@') {
            Some((user, rest)) => (Some(user), rest),
            None => (None, rest),
        };
        let (place, params) = rest.split_once(';').unwrap_or((rest, ""));
        let params = Params::parse(params);
        if scheme == Scheme::Tel {
            let number = decode(place).filter(|number| is_number(number)).filter(|_| user.is_none());
            let (user, host) = (Some(number.ok_or(MessageError::Uri)?), String::new());
            return Ok(Uri { scheme, user, host, port: None, params, headers });
        }
        let user = user.map(|user| user.split(':').next().unwrap_or_default());
        let user = user.map(decode).map(|user| user.filter(|user| !user.is_empty()).ok_or(MessageError::Uri));
        let (host, port) = host_port(place)?;
        Ok(Uri { scheme, user: user.transpose()?, host, port, params, headers })
    }
}

/// Digits and what may stand between them (RFC 3966 section 3).
fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit() || b"+*#-.()".contains(&byte))
}

fn host_port(place: &str) -> Result<(String, Option<u16>), MessageError> {
    let (host, port) = match place.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']').ok_or(MessageError::Uri)?;
            host.parse::<std::net::Ipv6Addr>().map_err(|_| MessageError::Uri)?;
            (
                format!("[{host}]"),
                rest.strip_prefix(':').or(rest.is_empty().then_some("")).ok_or(MessageError::Uri)?,
            )
        }
        None => {
            let (host, port) = place.split_once(':').unwrap_or((place, ""));
            (host.to_owned(), port)
        }
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._[]:".contains(&byte);
    if host.is_empty() || !host.bytes().all(plain) {
        return Err(MessageError::Uri);
    }
    let port = match port {
        "" => None,
        port => Some(port.parse().ok().filter(|port| *port != 0).ok_or(MessageError::Uri)?),
    };
    Ok((host, port))
}

/// Percent-decodes; `None` for what is not UTF-8 or holds control characters.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if *first == b'%' {
            let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok())?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8(bytes).ok().filter(|text| !text.chars().any(char::is_control))
}

/// Percent-encodes what may not stand in a user part (RFC 3261 section 25.1); also `?`, which many take for the beginning of
/// the headers.
fn encode(user: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for byte in user.bytes() {
        match byte {
            b if b.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,;/".contains(&b) => write!(f, "{}", b as char)?,
            b => write!(f, "%{b:02X}")?,
        }
    }
    Ok(())
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.scheme {
            Scheme::Sip => "sip:",
            Scheme::Sips => "sips:",
            Scheme::Tel => "tel:",
        })?;
        if let Some(user) = &self.user {
            encode(user, f)?;
            if self.scheme != Scheme::Tel {
                f.write_str("@")?;
            }
        }
        f.write_str(&self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        write!(f, "{}", self.params)?;
        match &self.headers {
            Some(headers) => write!(f, "?{headers}"),
            None => Ok(()),
        }
    }
}
