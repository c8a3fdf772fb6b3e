//! STUN as an ICE-lite agent needs it (RFC 8489, RFC 8445): binding requests in, binding responses out.
//!
//! Parsing borrows and does not allocate; a request costs one HMAC-SHA1.

mod message;
mod response;

pub use message::{Malformed, Request, Role, local_ufrag, parse};
pub use response::{role_conflict, success};

use aws_lc_rs::hmac;

const MAGIC_COOKIE: u32 = 0x2112_A442;
const HEADER: usize = 20;
const BINDING_REQUEST: u16 = 0x0001;
const BINDING_INDICATION: u16 = 0x0011;
const BINDING_SUCCESS: u16 = 0x0101;
const BINDING_ERROR: u16 = 0x0111;
const USERNAME: u16 = 0x0006;
const MESSAGE_INTEGRITY: u16 = 0x0008;
const ERROR_CODE: u16 = 0x0009;
const XOR_MAPPED_ADDRESS: u16 = 0x0020;
const USE_CANDIDATE: u16 = 0x0025;
const FINGERPRINT: u16 = 0x8028;
const ICE_CONTROLLED: u16 = 0x8029;
const ICE_CONTROLLING: u16 = 0x802A;
/// Mixed into the CRC so that STUN differs from protocols with a CRC of their own.
const FINGERPRINT_XOR: u32 = 0x5354_554E;
const SHA1_LEN: usize = 20;

/// The HMAC key of a short-term credential: the password itself.
pub fn integrity_key(pwd: &str) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, pwd.as_bytes())
}

/// HMAC over `covered`, the message up to MESSAGE-INTEGRITY, with the length field as if that attribute were the last.
fn integrity(key: &hmac::Key, covered: &[u8]) -> [u8; SHA1_LEN] {
    let length = (covered.len() + 4 + SHA1_LEN - HEADER) as u16;
    let mut mac = hmac::Context::with_key(key);
    mac.update(&covered[..2]);
    mac.update(&length.to_be_bytes());
    mac.update(&covered[4..]);
    let mut tag = [0; SHA1_LEN];
    tag.copy_from_slice(mac.sign().as_ref());
    tag
}

/// CRC-32 (ISO 3309) of the message up to FINGERPRINT.
fn fingerprint(covered: &[u8]) -> u32 {
    let crc =
        covered.iter().fold(u32::MAX, |crc, &byte| CRC_TABLE[usize::from(crc as u8 ^ byte)] ^ (crc >> 8));
    !crc ^ FINGERPRINT_XOR
}

const CRC_TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        let mut crc = at as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
            bit += 1;
        }
        table[at] = crc;
        at += 1;
    }
    table
};

#[cfg(test)]
pub(in crate::transport) mod tests;
