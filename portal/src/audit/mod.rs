//! The audit trail: who did what, from where, and how it went. Lines are only ever added, in the transaction of what they tell of.

mod store;

use serde::{Deserialize, Serialize};
use signaling::ids::{LoginId, PersonId};
use uuid::Uuid;

pub use store::append;

use crate::app::App;
use crate::auth::{Actor, Caller};
use crate::clock::Millis;
use crate::db::{DbResult, Tx};
use crate::login::rules::network;

/// What stands for the address of a command that was typed on the server.
pub const CONSOLE: &str = "console";

/// Something worth a line in the audit trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// A log-in was tried.
    LogIn,
    /// The own log-in was ended.
    LogOut,
    /// All log-ins were ended.
    LogOutEverywhere,
    /// Another own log-in was ended.
    EndLogin,
    /// A person got a role.
    GrantRole,
    /// A person lost a role.
    RevokeRole,
    /// A telephone account was made.
    AddPhone,
    /// A telephone account got another password.
    ChangePhonePassword,
    /// A telephone account was removed.
    RemovePhone,
    /// Call records, which are personal data of others, were looked at.
    SearchCallRecords,
    /// Call records were taken away as a file.
    ExportCallRecords,
}

/// How an action went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Carried out.
    Done,
    /// Account or password were wrong.
    BadCredentials,
    /// After too many wrong passwords this one was not looked at. Noted once for each delay or lock.
    TooManyAttempts,
    /// The password was right, but the person is no longer in the directory.
    Forbidden,
}

/// A line of the audit trail. It has no place for passwords, tokens, or the account name that somebody typed (people type
/// passwords there).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: Millis,
    /// Who, where known.
    pub person: Option<PersonId>,
    /// The log-in concerned.
    pub login: Option<LoginId>,
    /// What.
    pub action: Action,
    /// How it went.
    pub outcome: Outcome,
    /// The network that it came from, see [`network`]; [`CONSOLE`] for a command.
    pub address: String,
    /// Id of the request in the server's log.
    pub request: Option<String>,
    /// Whom or what it was done to.
    pub subject: Option<String>,
}

impl Entry {
    /// Of a client that has proved nothing yet.
    pub fn of_caller(now: Millis, caller: &Caller, action: Action, outcome: Outcome) -> Entry {
        Entry { request: caller.request.clone(), ..Entry::new(now, action, outcome, network(caller.address)) }
    }

    /// Of somebody who is logged in, and did it.
    pub fn of_actor(now: Millis, actor: &Actor, caller: &Caller, action: Action) -> Entry {
        Entry {
            person: Some(actor.person),
            login: Some(actor.login),
            ..Entry::of_caller(now, caller, action, Outcome::Done)
        }
    }

    /// Of a command on the server, which was carried out.
    pub fn of_console(now: Millis, action: Action) -> Entry {
        Entry::new(now, action, Outcome::Done, CONSOLE.into())
    }

    /// The same, done to this one.
    pub fn to(mut self, subject: impl Into<String>) -> Entry {
        self.subject = Some(subject.into());
        self
    }

    fn new(at: Millis, action: Action, outcome: Outcome, address: String) -> Entry {
        Entry { at, person: None, login: None, action, outcome, address, request: None, subject: None }
    }
}

/// Appends a line about what an actor did, with an id of its own.
pub async fn note(app: &App, tx: &mut Tx<'_>, entry: &Entry) -> DbResult<()> {
    let id: Uuid = app.clock.id();
    append(tx, id, entry).await.map(drop)
}
