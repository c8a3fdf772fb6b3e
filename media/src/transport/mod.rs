//! One WebRTC peer without I/O: ICE-lite, DTLS server, data channels, SRTP keys and SDP answers.

pub mod srtp;
