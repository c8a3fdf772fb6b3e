//! The extension bridge: from telephones, and the PBX behind a trunk, to calls and back (SIP, RFC 3261).
//!
//! All of it is without I/O but `transport`. A telephone in a call is a **line**: a device of the call core like any other,
//! whose session is made here and whose screen is a SIP dialog. So ringing, busy, hold, several devices and group calls
//! are those of [`crate::call`], and this module only translates.
//!
//! `message` is what SIP says, `port` how messages come and go, `transport` the library behind it; `dialog` keeps INVITE
//! dialogs, `trunk` the PBX, `plan` the numbers, `registrar` the telephones that register here, `sdp` their audio;
//! `gateway` ties them to the call core.

pub mod config;
pub mod dialog;
pub mod digest;
pub mod gateway;
pub mod message;
pub mod plan;
pub mod port;
mod random;
pub mod registrar;
pub mod sdp;
pub mod transport;
pub mod trunk;
pub mod view;
