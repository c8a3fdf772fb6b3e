//! What goes into and comes out of the registrar.

use crate::ids::PersonId;
use crate::ports::PhoneAccount;
use crate::sip::message::{Response, Uri};
use crate::sip::port::{SipInput, SipOutput, Target};

/// Whose lamp it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Watched {
    /// A member of staff, on whatever device.
    Person(PersonId),
    /// A telephone without a person, by the user name of its account.
    Phone(String),
}

/// What the lamp shows (RFC 4235).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lamp {
    /// Dark: no call, or nobody there.
    #[default]
    Idle,
    /// Blinking: being called.
    Ringing,
    /// Lit: in a call.
    Busy,
}

/// What happens.
#[derive(Clone, Debug)]
pub enum RegistrarInput {
    /// From the transport: REGISTER and SUBSCRIBE, in and out of dialogs, and responses to NOTIFYs of the registrar.
    Sip(SipInput),
    /// What somebody does has changed.
    Presence {
        /// Who.
        of: Watched,
        /// What the lamp shows now.
        lamp: Lamp,
    },
    /// Missed calls that this person has not looked at.
    Waiting {
        /// Who.
        person: PersonId,
        /// How many.
        missed: u32,
    },
    /// The deadline has come.
    Tick,
}

/// What has to be done, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegistrarOutput {
    /// Give this to the transport.
    Sip(SipOutput),
    /// The first telephone of this account is there.
    Registered {
        /// User name of the account.
        user: String,
    },
    /// The last telephone of this account is gone.
    Unregistered {
        /// User name of the account.
        user: String,
    },
}

/// Whether a request is from a telephone of ours.
#[derive(Clone, Debug)]
pub enum Authentication {
    /// It is, from this account.
    Ok(PhoneAccount),
    /// Not known yet: answer with this challenge.
    Challenge(Response),
    /// It is not, and has guessed too often: answer with this.
    Refuse(Response),
}

/// Where a telephone is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// Request-URI of requests for it: its `Contact`.
    pub uri: Uri,
    /// Where to: the place that it registered from, whatever its `Contact` says (RFC 3581 for UDP, the connection else).
    pub target: Target,
    /// `Route` of requests for it, from its `Path` (RFC 3327).
    pub route: Vec<String>,
    /// Preference of the telephone, 0 to 1000.
    pub q: u16,
}
