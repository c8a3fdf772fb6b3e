//! A hub with real sockets on loopback, ports in memory, and a media plane that records.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use media::control::{EventFn, MediaError, MediaEvent, PhoneCommand, PhoneEvent, PhoneReport, RoomCommand};
use media::ids::{PeerId, RoomId};
use serde_json::{Value, json};
use tokio::time::timeout;
use uuid::Uuid;

use super::*;
use crate::bus::memory_log::MemoryLog;
use crate::ids::{CallId, LoginId, PersonId};
use crate::ports::{JournalEntry, PortError, PortFuture};
use crate::topic::Topic;
use crate::wire::call::PersonCard;
use crate::ws::harness::{Client, PATIENCE, card, identity, pair};

mod call_story;
mod chaos;
mod end_story;
mod engine;
mod phone_story;
mod resume_story;

/// A directory in which everybody exists whose number is below 1,000.
#[derive(Default)]
struct Directory {
    away: AtomicBool,
}

impl People for Directory {
    fn cards(&self, _viewer: PersonId, ids: Vec<PersonId>) -> PortFuture<'_, Vec<PersonCard>> {
        let away = self.away.load(Ordering::Relaxed);
        Box::pin(async move {
            let known = ids.iter().map(|id| id.0.as_u128()).filter(|n| *n < 1_000);
            if away { Err(PortError::Unavailable("away".into())) } else { Ok(known.map(card).collect()) }
        })
    }
}

/// Keeps what was written; refuses so many writes first.
#[derive(Default)]
struct Entries {
    written: Mutex<Vec<JournalEntry>>,
    refuse: AtomicU64,
}

impl Journal for Entries {
    fn write(&self, entry: JournalEntry) -> PortFuture<'_, ()> {
        let refused = self
            .refuse
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
            .is_ok();
        if !refused {
            self.written.lock().unwrap().push(entry);
        }
        Box::pin(async move { if refused { Err(PortError::Unavailable("busy".into())) } else { Ok(()) } })
    }
}

/// A media plane in which every offer is answered and comes up at once.
struct Recorder {
    events: EventFn,
    commands: Mutex<BTreeMap<RoomId, Vec<String>>>,
    phones: Mutex<Vec<PeerId>>,
    full: AtomicBool,
}

impl MediaPlane for Recorder {
    fn open_room(&self, room: RoomId) -> Result<(), MediaError> {
        if self.full.load(Ordering::Relaxed) {
            return Err(MediaError::Full);
        }
        self.commands.lock().unwrap().entry(room).or_default().push("Open".into());
        Ok(())
    }

    fn send(&self, room: RoomId, command: RoomCommand) -> Result<(), MediaError> {
        let mut rooms = self.commands.lock().unwrap();
        let commands = rooms.get_mut(&room).ok_or(MediaError::NoRoom)?;
        commands.push(format!("{command:?}"));
        if let RoomCommand::Offer { peer, offer, answer } = command {
            if offer.sdp == "drop" {
                return Ok(());
            }
            answer(Ok(format!("answer to {}", offer.sdp)));
            (self.events)(MediaEvent::Connected { room, peer });
            return Ok(());
        }
        match command {
            RoomCommand::Phone { peer, command: PhoneCommand::Open { opened, .. } } => {
                self.phones.lock().unwrap().push(peer);
                opened(Ok(40_000));
            }
            RoomCommand::Phone { peer, command: PhoneCommand::Set(_) } => {
                (self.events)(MediaEvent::Connected { room, peer });
            }
            RoomCommand::Close => self.report(room, commands),
            _ => {}
        }
        Ok(())
    }
}

impl Recorder {
    /// Tells of the telephones that were in a room.
    fn report(&self, room: RoomId, commands: &[String]) {
        let opened =
            commands.iter().filter_map(|command| command.strip_prefix("Phone(")?.split_once(", Open"));
        for (short, _) in opened {
            if let Some(peer) = self.phones.lock().unwrap().iter().find(|peer| peer.to_string() == short) {
                let event = PhoneEvent::Report(PhoneReport::default());
                (self.events)(MediaEvent::Phone { room, peer: *peer, event });
            }
        }
    }
}

/// Counts upwards, so that ids are known beforehand and never repeat.
#[derive(Default)]
struct Counting(AtomicU64);

impl Ids for Counting {
    fn fresh(&self) -> Uuid {
        Uuid::from_u128(1 << 100 | u128::from(self.0.fetch_add(1, Ordering::Relaxed)))
    }
}

/// The hub and everything around it.
struct World {
    hub: Hub,
    log: Arc<MemoryLog>,
    directory: Arc<Directory>,
    journal: Arc<Entries>,
    media: Arc<Recorder>,
}

impl World {
    fn new() -> World {
        World::with(HubConfig { shards: 2, ..HubConfig::default() })
    }

    fn with(config: HubConfig) -> World {
        World::with_telephony(config, None)
    }

    fn with_telephony(config: HubConfig, telephony: Option<Telephony>) -> World {
        let (log, directory) = (Arc::new(MemoryLog::default()), Arc::new(Directory::default()));
        let journal = Arc::new(Entries::default());
        let ports = Ports {
            people: directory.clone(),
            journal: journal.clone(),
            log: log.clone(),
            ids: Arc::new(Counting::default()),
            telephony,
        };
        let mut recorder = None;
        let hub = Hub::start(config, ports, |events| {
            let (commands, phones) = (Mutex::default(), Mutex::default());
            let media = Recorder { events, commands, phones, full: AtomicBool::new(false) };
            let media = recorder.insert(Arc::new(media)).clone();
            Ok(media)
        });
        World { hub: hub.unwrap(), log, directory, journal, media: recorder.unwrap() }
    }

    /// A socket of the person that has not said hello.
    async fn socket(&self, person: u128, login: u128) -> Device {
        Device::connect(&self.hub, person, login).await
    }

    /// A device of the person with a new session; log-in number = person number.
    async fn device(&self, person: u128) -> Device {
        let mut device = self.socket(person, person).await;
        device.hello(json!({"device": "test", "topics": []})).await;
        device
    }

    /// Logs and publishes an event.
    fn publish(&self, topic: Topic, filler: usize) -> u64 {
        let event = self.log.append(topic, filler);
        let seq = event.seq;
        self.hub.publish(event);
        seq
    }

    fn publish_many(&self, topic: Topic, count: u64) {
        (0..count).for_each(|_| {
            self.publish(topic, 10);
        });
    }

    async fn until(&self, what: &str, wanted: impl Fn(&World) -> bool) {
        let poll = async {
            while !wanted(self) {
                tokio::task::yield_now().await;
            }
        };
        let state = || format!("{:?} {:?}", self.hub.load(), self.hub.counters());
        timeout(PATIENCE, poll).await.unwrap_or_else(|_| panic!("never {what}: {}", state()));
    }

    fn commands(&self, call: &str) -> Vec<String> {
        let room = RoomId(call.parse().unwrap());
        self.media.commands.lock().unwrap().get(&room).cloned().unwrap_or_default()
    }

    /// The clients are gone: nothing of them may be left but sessions that could resume, and no task or subscription.
    async fn check_empty(self) {
        self.until("without sockets", |world| {
            world.hub.load().sockets == 0 && world.hub.counters().sockets_open == 0
        })
        .await;
        assert_eq!(self.hub.subscriptions(), 0);
        let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
        let before = tasks();
        drop(self.hub);
        timeout(PATIENCE, async {
            while tasks() >= before {
                tokio::task::yield_now().await;
            }
        })
        .await
        .expect("the node's task ends with the hub");
        assert_eq!(tasks(), 0, "tasks are left over");
    }
}

/// One device as its person's story tells it.
struct Device {
    person: u128,
    client: Client,
    next_id: u32,
    session: Option<String>,
    /// Events that came while a reply was awaited.
    backlog: Vec<Value>,
}

impl Device {
    async fn connect(hub: &Hub, person: u128, login: u128) -> Device {
        Device::with_window(hub, person, login, 0).await
    }

    /// See [`pair`] for `window`.
    async fn with_window(hub: &Hub, person: u128, login: u128, window: u32) -> Device {
        let (client, socket) = pair(window).await;
        hub.adopt(socket, Bytes::new(), identity(person, login)).unwrap();
        Device { person, client, next_id: 0, session: None, backlog: Vec::new() }
    }

    /// Says hello with this data and gives the reply.
    async fn hello(&mut self, data: Value) -> Value {
        let reply = self.ask("hello", data).await;
        if reply["type"] == "welcome" {
            self.session = reply["data"]["session"].as_str().map(str::to_owned);
        }
        reply
    }

    async fn send(&mut self, kind: &str, data: Value) -> u32 {
        self.next_id += 1;
        self.client.send(json!({"id": self.next_id, "type": kind, "data": data}).to_string()).await;
        self.next_id
    }

    /// Sends a request and waits for its reply; events that come before it are kept.
    async fn ask(&mut self, kind: &str, data: Value) -> Value {
        let id = self.send(kind, data).await;
        loop {
            let frame = self.client.json().await;
            if frame["id"] == id {
                return frame;
            }
            assert!(frame["id"].is_null(), "an answer to something else: {frame}");
            self.backlog.push(frame);
        }
    }

    /// The next event that fits; others are passed over.
    async fn event(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        if let Some(place) = self.backlog.iter().position(&fits) {
            return self.backlog.drain(..=place).next_back().unwrap();
        }
        let mut passed = std::mem::take(&mut self.backlog);
        let found = async {
            loop {
                let frame = self.client.json().await;
                if fits(&frame) {
                    return frame;
                }
                passed.push(frame);
            }
        };
        timeout(PATIENCE, found).await.unwrap_or_else(|_| panic!("not among {passed:#?}"))
    }

    /// The view of the call once the leg of this person is in this state.
    async fn leg_of(&mut self, person: u128, state: &str) -> Value {
        let id = id(person);
        let fits = |frame: &Value| {
            let parties = frame["data"]["parties"].as_array();
            parties.is_some_and(|all| all.iter().any(|p| p["card"]["person"] == id && p["state"] == state))
        };
        self.event(fits).await["data"].clone()
    }

    /// The next events of durable topics up to this sequence; they must follow `from` one by one.
    async fn expect(&mut self, from: u64, to: u64) {
        for expected in from + 1..=to {
            let frame = self.event(|frame| frame["seq"].is_u64()).await;
            assert_eq!(frame["seq"], expected);
        }
    }

    async fn close_code(&mut self) -> u16 {
        self.client.close_code(|_| {}).await
    }
}

/// The id of a test person as JSON shows it.
fn id(person: u128) -> String {
    Uuid::from_u128(person).to_string()
}

fn all_on() -> Value {
    json!({"mic": true, "camera": false, "screen": false})
}
