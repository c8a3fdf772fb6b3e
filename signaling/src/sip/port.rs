//! How messages come and go: the narrow border between the cores and the library that carries them.
//!
//! The transport owns sockets and transactions (RFC 3261 section 17, RFC 6026): retransmission of requests, of final
//! responses other than 2xx to an INVITE, and ACK to those. All else is the cores': 2xx and its ACK, PRACK, CANCEL's meaning.

use std::net::SocketAddr;

use super::message::{Request, Response, Uri};

/// Which part of the gateway a transaction belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// INVITE dialogs.
    Dialogs,
    /// REGISTER and OPTIONS to trunks.
    Trunks,
    /// NOTIFY to telephones that register here.
    Registrar,
}

/// Names a client transaction; made by its owner, never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientTx {
    /// Whose it is.
    pub owner: Owner,
    /// Number, unique for its owner.
    pub number: u64,
}

/// Names a server transaction; made by the transport, never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerTx(pub u64);

/// Transport protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// UDP; a request longer than 1,300 bytes goes by TCP (RFC 3261 section 18.1.1).
    Udp,
    /// TCP.
    Tcp,
    /// TLS over TCP.
    Tls,
}

/// Where a message came from or goes to. An answer, and everything to a telephone that registered over a connection, uses
/// the same connection while it is open (RFC 5626 in spirit, RFC 3581 for UDP).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hop {
    /// The protocol.
    pub protocol: Protocol,
    /// Address at the other end.
    pub address: SocketAddr,
}

/// Where a request is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// To this address.
    Hop(Hop),
    /// To where this URI leads: `transport=`, `sips:`, name and port (RFC 3263). With TLS the name must fit the certificate.
    Uri(Uri),
}

/// What the transport tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SipInput {
    /// A request that begins a server transaction: any method but ACK and CANCEL. Must be answered by
    /// [`SipOutput::Respond`] with a final response.
    Request {
        /// Its transaction.
        tx: ServerTx,
        /// Where it came from.
        from: Hop,
        /// The request.
        request: Request,
    },
    /// A CANCEL came for this INVITE transaction; the transport has answered the CANCEL with 200. The core answers the INVITE
    /// with 487 unless it has a final response already.
    Cancelled {
        /// The transaction of the INVITE.
        tx: ServerTx,
        /// The CANCEL, for its `Reason`.
        request: Request,
    },
    /// An ACK for a 2xx: it belongs to no transaction.
    Ack {
        /// The ACK.
        request: Request,
    },
    /// A response to a request of ours; retransmitted 2xx responses to an INVITE come again, also after the transaction.
    Response {
        /// The transaction.
        tx: ClientTx,
        /// The response.
        response: Response,
    },
    /// A request of ours got no final response.
    Failed {
        /// The transaction.
        tx: ClientTx,
        /// Why.
        failure: Failure,
    },
}

/// Why a request got no final response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Nothing came in time (timer B or F).
    Timeout,
    /// It could not be sent: name, connection or certificate.
    Unreachable,
}

/// What the transport is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SipOutput {
    /// Send a request in a new client transaction.
    Send {
        /// Its name from now on.
        tx: ClientTx,
        /// Where to.
        target: Target,
        /// The request, complete but for `Via`, `Max-Forwards` (if missing) and `Content-Length`.
        request: Box<Request>,
    },
    /// Send an ACK for a 2xx, outside of any transaction.
    Ack {
        /// Where to.
        target: Target,
        /// The ACK.
        request: Box<Request>,
    },
    /// Send a CANCEL for an INVITE of ours; held back until a provisional response has come (RFC 3261 section 9.1).
    Cancel {
        /// The transaction of the INVITE.
        tx: ClientTx,
        /// Value of a `Reason` header (RFC 3326), e.g. `SIP;cause=200;text="Call completed elsewhere"`.
        reason: Option<String>,
    },
    /// Answer a request. A 2xx to an INVITE may be sent again and again with the same `tx` until its ACK has come.
    Respond {
        /// The transaction.
        tx: ServerTx,
        /// The response.
        response: Box<Response>,
    },
}

/// The transport as the node holds it. Inputs come through the function that it was started with.
pub trait SipTransport: Send + Sync {
    /// Carries out an output; does not wait. What cannot be sent comes back as [`SipInput::Failed`].
    fn carry_out(&self, output: SipOutput);

    /// Our own address as the other side of this target sees it, for `Contact` and `Via`: host and port.
    fn contact(&self, target: &Target) -> SocketAddr;
}
