//! What log-in is about: accounts, log-ins, and what was proved in each.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use signaling::ids::{LoginId, PersonId};

use crate::clock::Millis;

/// A way to prove who one is. The order is that of strength.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Factor {
    /// A password that only this person should know.
    Password,
}

/// Assurance of a log-in (acr, OpenID Connect Core section 2): the higher, the more a log-in may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Assurance {
    /// A password alone.
    Password = 1,
}

impl Factor {
    /// The assurance that this factor gives on its own.
    pub fn assurance(self) -> Assurance {
        match self {
            Factor::Password => Assurance::Password,
        }
    }
}

/// A factor and when it was proved: what needs a fresh proof asks for the time (auth_time).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// What was proved.
    pub factor: Factor,
    /// When.
    pub at: Millis,
}

/// An account as the log-in needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Whose it is.
    pub person: PersonId,
    /// PHC string of the password's Argon2id hash.
    pub password_hash: String,
    /// Whether it may log in.
    pub enabled: bool,
}

/// An account to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAccount {
    /// Whose it is.
    pub person: PersonId,
    /// Folded name, see [`rules::account_name`](super::rules::account_name).
    pub name: String,
    /// PHC string of the password's hash.
    pub password_hash: String,
}

/// SHA-256 of a secret that only the device has: all that the database keeps of a cookie.
pub type SecretHash = [u8; 32];

/// One log-in of a person on one device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// The log-in.
    pub id: LoginId,
    /// Who.
    pub person: PersonId,
    /// What was proved, the newest last.
    pub proofs: Vec<Proof>,
    /// What the device calls itself, e.g. `Chrome · Windows`.
    pub device: String,
    /// Address that the log-in came from.
    pub address: String,
    /// When.
    pub created_at: Millis,
    /// Last request seen; written in batches, so up to a minute late.
    pub last_seen_at: Millis,
}

impl Login {
    /// The strongest assurance among the proofs.
    pub fn assurance(&self) -> Option<Assurance> {
        self.proofs.iter().map(|proof| proof.factor.assurance()).max()
    }
}

/// Why a log-in ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// The person logged out on the device.
    LoggedOut,
    /// The person logged out on all devices.
    LoggedOutEverywhere,
    /// The person ended it from another device.
    EndedByOwner,
    /// Another log-in on the same browser took its place.
    Replaced,
    /// Not used for too long, or too old.
    Expired,
}

/// Where a request comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Address of the client.
    pub address: IpAddr,
    /// `User-Agent` as sent.
    pub user_agent: String,
    /// Id of the request in the server's log.
    pub request: Option<String>,
}

/// What a person may do beyond calling and looking people up.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sees call records and trunks, and keeps the telephones.
    Administrator,
}

/// A text that names no role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a role; there is: administrator")]
pub struct NoSuchRole(String);

impl std::str::FromStr for Role {
    type Err = NoSuchRole;

    fn from_str(text: &str) -> Result<Role, NoSuchRole> {
        match text {
            "administrator" => Ok(Role::Administrator),
            other => Err(NoSuchRole(other.to_owned())),
        }
    }
}
