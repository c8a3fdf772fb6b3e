//! The hash of a digest and what is hashed.

use std::fmt::Write as _;

use aws_lc_rs::digest::{SHA256, digest};
use md5::{Digest as _, Md5};

/// Hash algorithm of a digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Algorithm {
    /// `MD5`; also where none is named.
    Md5,
    /// `SHA-256`; preferred (RFC 8760).
    Sha256,
}

impl Algorithm {
    /// As written in a header.
    pub fn as_str(self) -> &'static str {
        match self {
            Algorithm::Md5 => "MD5",
            Algorithm::Sha256 => "SHA-256",
        }
    }

    /// Reads the value of `algorithm`; `None` for those that are not spoken here, `-sess` among them.
    pub fn parse(name: Option<&str>) -> Option<Algorithm> {
        match name {
            None => Some(Algorithm::Md5),
            Some(name) if name.eq_ignore_ascii_case("MD5") => Some(Algorithm::Md5),
            Some(name) if name.eq_ignore_ascii_case("SHA-256") => Some(Algorithm::Sha256),
            Some(_) => None,
        }
    }

    /// Hash of a text, hexadecimal in small letters.
    pub(super) fn hash(self, text: &str) -> String {
        match self {
            Algorithm::Md5 => hexadecimal(&Md5::digest(text.as_bytes())),
            Algorithm::Sha256 => hexadecimal(digest(&SHA256, text.as_bytes()).as_ref()),
        }
    }

    /// `H(user:realm:password)`: as good as the password, for this realm.
    pub fn ha1(self, user: &str, realm: &str, password: &str) -> String {
        self.hash(&format!("{user}:{realm}:{password}"))
    }
}

/// What a response is made of besides `HA1` (RFC 7616 section 3.4.1), all as written in the header, without quotes.
pub(super) struct Parts<'a> {
    pub method: &'a str,
    pub uri: &'a str,
    pub nonce: &'a str,
    /// `nc` and `cnonce` where `qop=auth` is used.
    pub counted: Option<(&'a str, &'a str)>,
}

/// The `response` of an answer.
pub(super) fn response(algorithm: Algorithm, ha1: &str, parts: &Parts<'_>) -> String {
    let Parts { method, uri, nonce, counted } = parts;
    let ha2 = algorithm.hash(&format!("{method}:{uri}"));
    match counted {
        Some((nc, cnonce)) => algorithm.hash(&format!("{ha1}:{nonce}:{nc}:{cnonce}:auth:{ha2}")),
        None => algorithm.hash(&format!("{ha1}:{nonce}:{ha2}")),
    }
}

/// Bytes as hexadecimal in small letters.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
