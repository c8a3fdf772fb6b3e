//! What goes into and comes out of the trunks.

use std::net::IpAddr;

use super::TrunkId;
use crate::sip::port::{Protocol, SipInput, SipOutput};

/// What happens.
#[derive(Clone, Debug)]
pub enum TrunkInput {
    /// The bridge begins: each trunk is asked whether it lives, and registered with.
    Start,
    /// From the transport: responses to requests of the trunks, and their failures.
    Sip(SipInput),
    /// The addresses behind the name of a trunk, asked for with [`TrunkOutput::Resolve`]; empty when there are none.
    Resolved {
        /// The trunk.
        trunk: TrunkId,
        /// Its addresses.
        addresses: Vec<IpAddr>,
    },
    /// The node stops: registrations are taken back.
    Drain,
    /// The deadline has come.
    Tick,
}

/// What has to be done, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrunkOutput {
    /// Give this to the transport.
    Sip(SipOutput),
    /// The view of this trunk has changed.
    Changed(TrunkId),
    /// Look this name up: calls from its addresses are calls of this trunk. Answer with [`TrunkInput::Resolved`].
    Resolve {
        /// The trunk.
        trunk: TrunkId,
        /// Name of the PBX.
        host: String,
        /// Its port.
        port: u16,
        /// Protocol.
        protocol: Protocol,
    },
}
