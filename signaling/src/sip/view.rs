//! Trunks and telephones as an administrator sees them.

use serde::Serialize;

use super::port::Protocol;

/// State of a trunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TrunkState {
    /// It answers.
    Up,
    /// It does not answer, or refuses us.
    Down,
    /// Not asked yet.
    Unknown,
}

/// A trunk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TrunkView {
    /// Its name.
    pub name: String,
    /// Host name or address of the PBX.
    pub host: String,
    /// Protocol.
    pub protocol: Protocol,
    /// State.
    pub state: TrunkState,
    /// Whether we are registered there; `None`: we do not register.
    pub registered: Option<bool>,
    /// In this state since, UTC milliseconds.
    pub since_ms: i64,
    /// Why it is down.
    pub reason: Option<String>,
    /// Round trip of the last OPTIONS or REGISTER, in milliseconds.
    pub round_trip_ms: Option<u32>,
    /// Calls over it at the moment.
    pub calls: u32,
    /// Most calls at once.
    pub max_calls: u32,
}

/// A telephone that is registered here: one of its contacts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PhoneView {
    /// User name of its account.
    pub user: String,
    /// Where it is: host and port.
    pub address: String,
    /// Protocol.
    pub protocol: Protocol,
    /// What the telephone says that it is.
    pub user_agent: String,
    /// End of the registration, UTC milliseconds.
    pub expires_at_ms: i64,
}
