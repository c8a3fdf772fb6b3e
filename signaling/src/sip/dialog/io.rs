//! What goes into and comes out of the dialogs. Session descriptions are opaque text here.

use std::time::Duration;

use crate::sip::message::{NameAddr, Request, Uri};
use crate::sip::port::{Hop, ServerTx, SipInput, SipOutput, Target};

/// One side of a telephone call: one INVITE of ours or one of theirs, with the dialogs that it makes. Made by the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LegId(pub u64);

/// Names a dialog on the wire (RFC 3261 section 12, RFC 3891), with the tags as this side sees them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DialogId {
    /// `Call-ID`.
    pub call_id: String,
    /// Our tag.
    pub local_tag: String,
    /// Their tag.
    pub remote_tag: String,
}

/// Who we are to a PBX that asks (RFC 7616, RFC 2617).
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// User name.
    pub user: String,
    /// Password.
    pub password: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user).finish_non_exhaustive()
    }
}

/// An INVITE to be sent.
#[derive(Clone, Debug)]
pub struct Dial {
    /// Request-URI.
    pub uri: Uri,
    /// Where to; `route` headers first, if there are any.
    pub target: Target,
    /// `Route` set (outbound proxy).
    pub route: Vec<String>,
    /// `From` without tag; the display name is what the telephone shows.
    pub from: NameAddr,
    /// User part of our `Contact`.
    pub contact_user: Option<String>,
    /// Further headers: `P-Asserted-Identity`, `Diversion`, `Alert-Info`, `Replaces`, `Referred-By`.
    pub headers: Vec<(String, String)>,
    /// Our offer.
    pub offer: String,
    /// For a challenge.
    pub credentials: Option<Credentials>,
    /// No response at all, not even 100, within this time ends the leg with [`Ending::Silent`]. Shorter: a trunk fails over
    /// sooner, but a PBX that thinks slowly is passed by.
    pub patience: Duration,
}

/// An INVITE that came. The dialogs have answered 100; the gateway answers with `Ring`, `Accept` or `Reject`.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// Where it came from.
    pub from_hop: Hop,
    /// The INVITE.
    pub request: Request,
    /// Their offer; `None`: delayed offer, ours goes with the answer.
    pub offer: Option<String>,
    /// The leg whose dialog it replaces (RFC 3891).
    pub replaces: Option<LegId>,
}

/// Whom a REFER names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferTarget {
    /// `Refer-To` without its `Replaces`.
    pub uri: Uri,
    /// `Replaces` in it, with the tags as written there.
    pub replaces: Option<DialogId>,
    /// The leg of ours that `replaces` names, if it is one.
    pub replaces_leg: Option<LegId>,
}

/// Why a leg is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// They hung up, or cancelled; with the value of `Reason`, if any.
    Bye(Option<String>),
    /// They cancelled before the answer; with the value of `Reason`, if any.
    Cancelled(Option<String>),
    /// A final response other than 2xx: status, reason phrase and `Reason`; for 3xx the contacts.
    Rejected {
        /// Status.
        status: u16,
        /// Contacts of a 3xx, best first.
        contacts: Vec<NameAddr>,
        /// Value of `Reason`, if any.
        reason: Option<String>,
    },
    /// Not even 100 within the patience of the dial.
    Silent,
    /// The transport could not send it.
    Unreachable,
    /// A request within the dialog got no answer, or 481 or 408; or the session timer ran out.
    Lost,
    /// Our 2xx got no ACK.
    NoAck,
    /// We hung up.
    Ours,
}

/// What happens.
#[derive(Clone, Debug)]
pub enum DialogInput {
    /// From the transport: INVITE, and everything that carries a To tag, and responses to our transactions.
    Sip(SipInput),
    /// An INVITE that the gateway let in under this leg (after it knows who sent it).
    Admit {
        /// Id of the new leg.
        leg: LegId,
        /// Its transaction.
        tx: ServerTx,
        /// Where it came from.
        from: Hop,
        /// The INVITE.
        request: Request,
    },
    /// Call.
    Dial {
        /// Id of the new leg.
        leg: LegId,
        /// Whom and how.
        dial: Box<Dial>,
    },
    /// Answer an INVITE provisionally: 180 without, 183 with a session description.
    Ring {
        /// The leg.
        leg: LegId,
        /// Early media: answer to their offer.
        sdp: Option<String>,
    },
    /// Answer an INVITE: 200 with our answer, or our offer for a delayed one.
    Accept {
        /// The leg.
        leg: LegId,
        /// The description.
        sdp: String,
        /// Who answered, as shown on the telephone (`P-Asserted-Identity`).
        identity: Option<NameAddr>,
    },
    /// Refuse an INVITE.
    Reject {
        /// The leg.
        leg: LegId,
        /// 3xx to 6xx.
        status: u16,
        /// Value of a `Reason` header.
        reason: Option<String>,
        /// `Contact` of a 302.
        contact: Option<Uri>,
    },
    /// End the leg in whatever way fits its state: CANCEL, BYE, or a refusal with 480.
    HangUp {
        /// The leg.
        leg: LegId,
        /// Value of a `Reason` header.
        reason: Option<String>,
    },
    /// Change the session: re-INVITE with this offer. Glare (491) is tried again by itself.
    Offer {
        /// The leg.
        leg: LegId,
        /// The offer.
        sdp: String,
    },
    /// Our answer to their offer, or our offer to their offerless re-INVITE. `None`: 488.
    Answer {
        /// The leg.
        leg: LegId,
        /// The description.
        sdp: Option<String>,
    },
    /// Ask the telephone to call somebody (RFC 3515).
    Refer {
        /// The leg.
        leg: LegId,
        /// `Refer-To`, with `Replaces` already in it if need be.
        to: Box<NameAddr>,
    },
    /// How the call that they asked for gets on: a NOTIFY with a sipfrag; a final status ends it.
    ReferProgress {
        /// The leg.
        leg: LegId,
        /// Status of the new call.
        status: u16,
    },
    /// Say who is now at the other end: UPDATE or re-INVITE with `P-Asserted-Identity`, as the telephone allows.
    Identify {
        /// The leg.
        leg: LegId,
        /// Who.
        identity: NameAddr,
    },
    /// Send a digit by INFO (`application/dtmf-relay`).
    Info {
        /// The leg.
        leg: LegId,
        /// `0`-`9`, `*`, `#`, `A`-`D`.
        digit: char,
    },
    /// The deadline has come.
    Tick,
}

/// What has to be done, in this order.
#[derive(Clone, Debug)]
pub enum DialogOutput {
    /// Give this to the transport.
    Sip(SipOutput),
    /// A new INVITE was admitted.
    Incoming {
        /// The leg.
        leg: LegId,
        /// What it says.
        incoming: Box<Incoming>,
    },
    /// An INVITE of ours gets on.
    Progress {
        /// The leg.
        leg: LegId,
        /// 180 to 199.
        status: u16,
        /// Early media: their answer.
        sdp: Option<String>,
    },
    /// An INVITE of ours was answered; other forks are ended by themselves.
    Answered {
        /// The leg.
        leg: LegId,
        /// Their answer, unless it came before.
        sdp: Option<String>,
    },
    /// Their ACK brought the answer to our offer (delayed offer).
    Confirmed {
        /// The leg.
        leg: LegId,
        /// Their answer.
        sdp: Option<String>,
    },
    /// They want to change the session (re-INVITE or UPDATE); answer with [`DialogInput::Answer`].
    Offered {
        /// The leg.
        leg: LegId,
        /// Their offer; `None`: they want ours.
        sdp: Option<String>,
    },
    /// Our [`DialogInput::Offer`] was answered, or, with `None`, refused: the session is as before.
    OfferAnswered {
        /// The leg.
        leg: LegId,
        /// Their answer.
        sdp: Option<String>,
    },
    /// They want us to call somebody and connect them; 202 is sent. Answer with [`DialogInput::ReferProgress`].
    Referred {
        /// The leg.
        leg: LegId,
        /// Whom.
        target: ReferTarget,
    },
    /// How our [`DialogInput::Refer`] gets on; a status of 200 or more is the last one.
    ReferProgress {
        /// The leg.
        leg: LegId,
        /// Status.
        status: u16,
    },
    /// Who is at the other end has changed (`P-Asserted-Identity` or `From`, RFC 4916); trusted sources only, the gateway
    /// decides.
    Identity {
        /// The leg.
        leg: LegId,
        /// Who.
        identity: NameAddr,
    },
    /// A digit by INFO.
    Digit {
        /// The leg.
        leg: LegId,
        /// The digit.
        digit: char,
    },
    /// The leg is over and forgotten.
    Ended {
        /// The leg.
        leg: LegId,
        /// Why.
        ending: Ending,
    },
}
