//! Writing binding responses.

use std::net::{IpAddr, SocketAddr};

use aws_lc_rs::hmac;

use super::{
    BINDING_ERROR, BINDING_SUCCESS, ERROR_CODE, FINGERPRINT, HEADER, MAGIC_COOKIE, MESSAGE_INTEGRITY,
    XOR_MAPPED_ADDRESS, fingerprint, integrity,
};

/// A success response: the address the request came from.
pub fn success(transaction: [u8; 12], from: SocketAddr, key: &hmac::Key) -> Vec<u8> {
    let mut message = header(BINDING_SUCCESS, transaction);
    // A dual-stack socket shows IPv4 clients as mapped addresses; the client compares with its real one.
    let (family, address) = match from.ip().to_canonical() {
        IpAddr::V4(ip) => (1, ip.octets().to_vec()),
        IpAddr::V6(ip) => (2, ip.octets().to_vec()),
    };
    let mut value = vec![0, family];
    value.extend_from_slice(&(from.port() ^ (MAGIC_COOKIE >> 16) as u16).to_be_bytes());
    // The mask is the cookie, and for IPv6 the transaction id after it: bytes 4 to 20 of the header.
    value.extend(address.iter().zip(&message[4..HEADER]).map(|(byte, mask)| byte ^ mask));
    attribute(&mut message, XOR_MAPPED_ADDRESS, &value);
    finish(message, key)
}

/// The 487 response that makes a client in the controlled role change its role (RFC 8445, section 7.3.1.1).
pub fn role_conflict(transaction: [u8; 12], key: &hmac::Key) -> Vec<u8> {
    let mut message = header(BINDING_ERROR, transaction);
    attribute(&mut message, ERROR_CODE, b"\0\0\x04\x57Role Conflict");
    finish(message, key)
}

fn header(kind: u16, transaction: [u8; 12]) -> Vec<u8> {
    // The longest response (IPv6) has 76 bytes.
    let mut message = Vec::with_capacity(80);
    message.extend_from_slice(&kind.to_be_bytes());
    message.extend_from_slice(&[0, 0]);
    message.extend_from_slice(&MAGIC_COOKIE.to_be_bytes());
    message.extend_from_slice(&transaction);
    message
}

/// Appends an attribute with its padding and brings the header's length up to date.
fn attribute(message: &mut Vec<u8>, kind: u16, value: &[u8]) {
    message.extend_from_slice(&kind.to_be_bytes());
    message.extend_from_slice(&(value.len() as u16).to_be_bytes());
    message.extend_from_slice(value);
    message.resize(message.len().next_multiple_of(4), 0);
    let total = message.len();
    set_length(message, total);
}

fn set_length(message: &mut [u8], total: usize) {
    message[2..4].copy_from_slice(&((total - HEADER) as u16).to_be_bytes());
}

fn finish(mut message: Vec<u8>, key: &hmac::Key) -> Vec<u8> {
    let tag = integrity(key, &message);
    attribute(&mut message, MESSAGE_INTEGRITY, &tag);
    // The CRC covers the length field with the fingerprint counted in.
    let total = message.len() + 8;
    set_length(&mut message, total);
    let crc = fingerprint(&message);
    attribute(&mut message, FINGERPRINT, &crc.to_be_bytes());
    message
}
