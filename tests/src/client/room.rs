//! A media engine with its events, for stories of several clients.

use std::io;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use media::control::{MediaError, MediaEvent, RoomCommand};
use media::ids::{PeerId, RoomId, Source};
use media::worker::{Engine, EngineConfig};
use uuid::Uuid;

use super::{Client, Offer};

/// An answer or an event that does not come in this time never will.
const LIMIT: Duration = Duration::from_secs(10);

/// An engine on loopback.
pub struct Server {
    /// The engine.
    pub engine: Engine,
    events: Receiver<MediaEvent>,
}

impl Server {
    /// Starts an engine of `workers` threads that announces 127.0.0.1.
    ///
    /// # Errors
    /// The engine's.
    pub fn start(workers: usize) -> io::Result<Server> {
        let (sender, events) = channel();
        let sender = Mutex::new(sender);
        let tell = move |event| {
            let sender = sender.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            // Nobody listens any more at the end of a test.
            let _ = sender.send(event);
        };
        let announce = vec!["127.0.0.1".parse().map_err(io::Error::other)?];
        let config = EngineConfig { workers, announce, ..EngineConfig::default() };
        Ok(Server { engine: Engine::start(config, Arc::new(tell))?, events })
    }

    /// Gives an offer to the engine and returns the answer.
    ///
    /// # Errors
    /// The engine's refusal.
    pub fn offer(&self, room: RoomId, peer: PeerId, client: &Client) -> Result<String, MediaError> {
        let (sender, answer) = channel();
        let offer = client.offer.of_client(client.sdp());
        let answered = Box::new(move |result| {
            // The receiver waits below, unless it gave up.
            let _ = sender.send(result);
        });
        self.engine.send(room, RoomCommand::Offer { peer, offer, answer: answered })?;
        answer.recv_timeout(LIMIT).map_err(|_| MediaError::Unavailable)?
    }

    /// A client that is connected, open, and has all its sources on.
    ///
    /// # Errors
    /// Any step's.
    pub fn join(&self, room: RoomId, peer: PeerId, offer: Offer) -> io::Result<Client> {
        let mut client = Client::new(offer)?;
        let answer = self.offer(room, peer, &client).map_err(io::Error::other)?;
        client.connect(&answer)?;
        self.command(room, RoomCommand::SetOpen { peer, open: true });
        Ok(client)
    }

    /// Gives a command; the room must be open.
    pub fn command(&self, room: RoomId, command: RoomCommand) {
        self.engine.send(room, command).expect("the room is open");
    }

    /// Opens a room.
    pub fn room(&self, n: u128) -> RoomId {
        let room = RoomId(Uuid::from_u128(n));
        self.engine.open_room(room).expect("the engine has room");
        room
    }

    /// Waits for an event for which `pick` gives something.
    ///
    /// # Panics
    /// When none comes in time.
    pub fn event<T>(&self, pick: impl FnMut(&MediaEvent) -> Option<T>) -> T {
        self.event_within(LIMIT, pick)
    }

    /// The same with more patience between two events.
    ///
    /// # Panics
    /// When none comes in time.
    pub fn event_within<T>(&self, limit: Duration, mut pick: impl FnMut(&MediaEvent) -> Option<T>) -> T {
        loop {
            let event = self.events.recv_timeout(limit).expect("an event in time");
            if let Some(found) = pick(&event) {
                return found;
            }
        }
    }

    /// The next event, if there is one already.
    pub fn try_event(&self) -> Option<MediaEvent> {
        self.events.try_recv().ok()
    }

    /// Waits until the slots of `peer` carry `tracks`, in order.
    pub fn slots(&self, peer: PeerId, tracks: &[Option<(PeerId, Source)>]) {
        self.event(|event| match event {
            MediaEvent::Slots { peer: told, slots, .. } if *told == peer => {
                let carried: Vec<_> = slots.iter().map(|slot| slot.track).collect();
                (carried == tracks).then_some(())
            }
            _ => None,
        });
    }
}

/// A peer id for tests.
pub fn peer(n: u128) -> PeerId {
    PeerId(Uuid::from_u128(n))
}
