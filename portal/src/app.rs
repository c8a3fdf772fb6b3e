//! What every handler holds: the database, the clock and the live side.

use std::collections::BTreeSet;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use signaling::Hub;
use signaling::ids::LoginId;
use signaling::log::LoggedEvent;
use signaling::sip::view::{PhoneView, TrunkView};
use signaling::ws::{Identity, Socket};

use crate::clock::{Clock, Millis};
use crate::config::Config;
use crate::db::{Db, DbError, DbResult, Tx};
use crate::directory::Directory;
use crate::login;
use crate::phones::PhoneBook;

/// What is told to the live side: `signaling`'s hub in the server, a recorder in a slice's tests.
pub trait Live: Send + Sync {
    /// Sends a committed event to everybody subscribed to its topic. Never blocks. Events of a topic may come out of order
    /// when two transactions commit at the same moment: the sequence counts.
    fn publish(&self, event: LoggedEvent);

    /// A log-in has ended: its sockets are closed within a second.
    fn end_login(&self, login: LoginId);

    /// Takes over an upgraded socket, with what the client sent behind the upgrade request.
    fn adopt(&self, socket: Socket, prefix: Bytes, identity: Identity);

    /// Log-ins whose device is connected and in use now.
    fn logins_in_use(&self) -> InUse<'_>;

    /// Telephones that are registered now.
    fn phones(&self) -> Told<'_, Vec<PhoneView>>;

    /// How the trunks are now.
    fn trunks(&self) -> Told<'_, Vec<TrunkView>>;
}

/// A boxed future, so that [`Live`] can be a trait object.
pub type InUse<'a> = Told<'a, BTreeSet<LoginId>>;

/// What the live side tells when asked.
pub type Told<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The hub, once it runs. The hub needs ports that need the app, and the app needs the hub: the slot is filled last, and
/// emptied at the stop, when the ring of references must open. While it is empty nobody is connected whom one could tell.
#[derive(Default)]
pub struct HubSlot(RwLock<Option<Hub>>);

impl HubSlot {
    /// Puts the hub in.
    pub fn fill(&self, hub: Hub) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(hub);
    }

    /// Takes the hub out.
    pub fn empty(&self) -> Option<Hub> {
        self.0.write().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// A handle of its own: the slot may be emptied meanwhile.
    fn hub(&self) -> Option<Hub> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn with(&self, tell: impl FnOnce(&Hub)) {
        if let Some(hub) = &*self.0.read().unwrap_or_else(PoisonError::into_inner) {
            tell(hub);
        }
    }
}

impl Live for HubSlot {
    fn publish(&self, event: LoggedEvent) {
        self.with(|hub| hub.publish(event));
    }

    fn end_login(&self, login: LoginId) {
        self.with(|hub| hub.end_login(login));
    }

    fn adopt(&self, socket: Socket, prefix: Bytes, identity: Identity) {
        self.with(|hub| {
            if let Err(error) = hub.adopt(socket, prefix, identity) {
                // The socket is closed; its client connects again after a pause.
                tracing::warn!(%error, "a socket was not taken over");
            }
        });
    }

    fn logins_in_use(&self) -> InUse<'_> {
        let hub = self.hub();
        Box::pin(async move {
            match hub {
                Some(hub) => hub.logins_in_use().await,
                None => BTreeSet::new(),
            }
        })
    }

    fn phones(&self) -> Told<'_, Vec<PhoneView>> {
        let hub = self.hub();
        Box::pin(async move {
            match hub {
                Some(hub) => hub.phones().await,
                None => Vec::new(),
            }
        })
    }

    fn trunks(&self) -> Told<'_, Vec<TrunkView>> {
        let hub = self.hub();
        Box::pin(async move {
            match hub {
                Some(hub) => hub.trunks().await,
                None => Vec::new(),
            }
        })
    }
}

/// The state of the server. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// The parts of an [`App`].
pub struct Parts {
    /// All settings.
    pub config: Config,
    /// The database.
    pub db: Db,
    /// Time and ids.
    pub clock: Clock,
    /// The live side.
    pub live: Arc<dyn Live>,
    /// Units and people, searched in memory.
    pub directory: Arc<Directory>,
    /// Telephone accounts, kept in memory.
    pub phones: Arc<PhoneBook>,
    /// The state of log-in.
    pub login: Arc<login::Service>,
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl App {
    /// Puts the parts together.
    pub fn new(parts: Parts) -> App {
        App(Arc::new(parts))
    }

    /// The present.
    pub fn now(&self) -> Millis {
        self.clock.now()
    }

    /// Commits, and only then publishes: nobody hears of what did not happen, and what happened is in the log for those who
    /// miss it now.
    pub async fn commit(
        &self,
        tx: Tx<'static>,
        events: impl IntoIterator<Item = LoggedEvent>,
    ) -> DbResult<()> {
        let events: Vec<LoggedEvent> = events.into_iter().collect();
        self.commit_and(tx, |app| events.into_iter().for_each(|event| app.live.publish(event))).await
    }

    /// Commits, and then tells. In a task of its own: a client that hangs up, or a deadline, ends a request at any await, and
    /// what is committed must be told all the same.
    pub async fn commit_and(
        &self,
        tx: Tx<'static>,
        tell: impl FnOnce(&App) + Send + 'static,
    ) -> DbResult<()> {
        let app = self.clone();
        let told = tokio::spawn(async move {
            tx.commit().await?;
            tell(&app);
            Ok(())
        });
        told.await.unwrap_or_else(|error| Err(DbError::Unavailable(error.to_string())))
    }
}

/// A live side that remembers, for tests of the slices.
#[cfg(test)]
pub(crate) mod recorder {
    use std::collections::BTreeSet;
    use std::sync::Mutex;

    use super::{Bytes, Identity, InUse, Live, LoggedEvent, LoginId, PhoneView, Socket, Told, TrunkView};

    /// Keeps what it was told.
    #[derive(Default)]
    pub(crate) struct Recorder {
        published: Mutex<Vec<LoggedEvent>>,
        ended: Mutex<Vec<LoginId>>,
        in_use: Mutex<BTreeSet<LoginId>>,
        phones: Mutex<Vec<PhoneView>>,
        trunks: Mutex<Vec<TrunkView>>,
    }

    impl Recorder {
        /// Takes the frames published since the last call.
        pub(crate) fn frames(&self) -> Vec<serde_json::Value> {
            let events = std::mem::take(&mut *self.published.lock().expect("recorder"));
            events.iter().map(|event| serde_json::from_slice(&event.frame).expect("frame")).collect()
        }

        /// Sets which log-ins are in use.
        pub(crate) fn use_logins(&self, logins: impl IntoIterator<Item = LoginId>) {
            *self.in_use.lock().expect("recorder") = logins.into_iter().collect();
        }

        /// Sets which telephones are registered.
        pub(crate) fn register_phones(&self, phones: Vec<PhoneView>) {
            *self.phones.lock().expect("recorder") = phones;
        }

        /// Sets how the trunks are.
        pub(crate) fn set_trunks(&self, trunks: Vec<TrunkView>) {
            *self.trunks.lock().expect("recorder") = trunks;
        }

        /// Takes the log-ins ended since the last call.
        pub(crate) fn ended(&self) -> Vec<LoginId> {
            std::mem::take(&mut *self.ended.lock().expect("recorder"))
        }
    }

    impl Live for Recorder {
        fn publish(&self, event: LoggedEvent) {
            self.published.lock().expect("recorder").push(event);
        }

        fn end_login(&self, login: LoginId) {
            self.ended.lock().expect("recorder").push(login);
        }

        fn adopt(&self, socket: Socket, _: Bytes, _: Identity) {
            drop(socket);
        }

        fn logins_in_use(&self) -> InUse<'_> {
            Box::pin(std::future::ready(self.in_use.lock().expect("recorder").clone()))
        }

        fn phones(&self) -> Told<'_, Vec<PhoneView>> {
            Box::pin(std::future::ready(self.phones.lock().expect("recorder").clone()))
        }

        fn trunks(&self) -> Told<'_, Vec<TrunkView>> {
            Box::pin(std::future::ready(self.trunks.lock().expect("recorder").clone()))
        }
    }
}
