//! The handle on all workers.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use super::config::EngineConfig;
use super::counters::{Counters, Shared};
use super::lines::Pair;
use super::net::{Links, Setup, Shell};
use super::phone::Arrival;
use super::sys::Doorbell;
use crate::control::{EventFn, MediaError, PhoneCommand, RoomCommand};
use crate::ids::{PeerId, RoomId};

/// Commands waiting for one worker. At the limit a command is refused; a worker carries out thousands per second, so a full
/// queue means that it hangs or is far over its load.
const QUEUE: usize = 1024;

/// What a worker is told.
pub(super) enum Message {
    /// A room begins.
    Open(RoomId),
    /// A command of a room.
    Room(RoomId, RoomCommand),
    /// Another worker will send a telephone, which becomes this peer.
    Await {
        /// The room here.
        room: RoomId,
        /// The peer that it becomes.
        peer: PeerId,
    },
    /// A telephone goes to another worker.
    Depart {
        /// The room here.
        room: RoomId,
        /// The peer that it is.
        peer: PeerId,
        /// Room and peer there.
        to: (RoomId, PeerId),
        /// The other worker.
        mailbox: Mailbox,
    },
    /// A telephone from another worker.
    Arrive(Box<Moving>),
}

/// A telephone and its sockets on their way.
pub(super) struct Moving {
    pub(super) arrival: Arrival,
    /// `None` only without a telephone.
    pub(super) pair: Option<Pair>,
}

/// How a worker is told something.
#[derive(Clone)]
pub(super) struct Mailbox {
    queue: SyncSender<Message>,
    doorbell: Arc<Doorbell>,
}

impl Mailbox {
    /// Gives a message; gives it back while the queue is full.
    pub(super) fn give(&self, message: Message) -> Option<Message> {
        match self.queue.try_send(message) {
            Ok(()) => {
                self.doorbell.ring();
                None
            }
            Err(TrySendError::Full(message)) => Some(message),
            // The worker has ended, and with it the room that was to have it.
            Err(TrySendError::Disconnected(_)) => None,
        }
    }
}

/// One worker as the handle sees it.
struct Worker {
    mailbox: Mailbox,
    counters: Arc<Shared>,
    addresses: Vec<SocketAddr>,
    rooms: AtomicUsize,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// All media workers of this process. Dropping it stops them.
pub struct Engine {
    workers: Vec<Worker>,
    /// Which worker a room lives on. Only commands pass here, never packets.
    rooms: Mutex<HashMap<RoomId, usize>>,
    max_rooms: usize,
}

impl Engine {
    /// Binds the sockets and starts the threads. Events are given to `events` on the workers' threads.
    ///
    /// # Errors
    /// A port that cannot be bound, a thread that cannot be started, a certificate that cannot be made.
    pub fn start(config: EngineConfig, events: EventFn) -> io::Result<Engine> {
        let count = match config.workers {
            0 => thread::available_parallelism()?.get(),
            n => n,
        };
        let setup = Setup::new(&config)?;
        let mut engine = Engine { workers: Vec::new(), rooms: Mutex::default(), max_rooms: config.max_rooms };
        for index in 0..count {
            engine.workers.push(start_worker(index, &config, &setup, events.clone())?);
        }
        Ok(engine)
    }

    /// Makes a room on the worker with the least load. Opening a room that is open changes nothing.
    ///
    /// # Errors
    /// [`MediaError::Full`] if all workers have as many rooms as they may; [`MediaError::Unavailable`].
    pub fn open_room(&self, room: RoomId) -> Result<(), MediaError> {
        let mut rooms = self.rooms();
        if rooms.contains_key(&room) {
            return Ok(());
        }
        let index = self.least_loaded().ok_or(MediaError::Unavailable)?;
        let worker = &self.workers[index];
        if worker.rooms.load(Ordering::Relaxed) >= self.max_rooms {
            return Err(MediaError::Full);
        }
        worker.tell(Message::Open(room))?;
        worker.rooms.fetch_add(1, Ordering::Relaxed);
        rooms.insert(room, index);
        Ok(())
    }

    /// Gives a command to the room's worker.
    ///
    /// # Errors
    /// [`MediaError::NoRoom`], or [`MediaError::Unavailable`] when the worker takes no more; an `Offer` that is refused here
    /// is dropped without calling its answer function.
    pub fn send(&self, room: RoomId, command: RoomCommand) -> Result<(), MediaError> {
        let mut rooms = self.rooms();
        let index = *rooms.get(&room).ok_or(MediaError::NoRoom)?;
        if let RoomCommand::Phone { peer, command: PhoneCommand::Move { to, peer: there } } = command {
            let target = *rooms.get(&to).ok_or(MediaError::NoRoom)?;
            return self.move_phone(index, target, (room, peer), (to, there));
        }
        let closes = matches!(command, RoomCommand::Close);
        self.workers[index].tell(Message::Room(room, command))?;
        if closes {
            rooms.remove(&room);
            self.workers[index].rooms.fetch_sub(1, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Moves a telephone; both workers learn of it before anything that is told them later.
    fn move_phone(
        &self,
        index: usize,
        target: usize,
        (room, peer): (RoomId, PeerId),
        to: (RoomId, PeerId),
    ) -> Result<(), MediaError> {
        if index == target {
            let command = PhoneCommand::Move { to: to.0, peer: to.1 };
            return self.workers[index].tell(Message::Room(room, RoomCommand::Phone { peer, command }));
        }
        let mailbox = self.workers[target].mailbox.clone();
        self.workers[target].tell(Message::Await { room: to.0, peer: to.1 })?;
        let departed = self.workers[index].tell(Message::Depart { room, peer, to, mailbox });
        if departed.is_err() {
            // Nothing will arrive; a full queue there keeps one entry until the room closes.
            let _ = self.workers[target].tell(Message::Room(to.0, RoomCommand::Leave { peer: to.1 }));
        }
        departed
    }

    /// What all workers have counted; at most some milliseconds old.
    pub fn counters(&self) -> Counters {
        let mut sum = Counters::default();
        self.workers.iter().for_each(|worker| worker.counters.add_to(&mut sum));
        sum
    }

    /// The addresses that answers announce, of all workers.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.workers.iter().flat_map(|worker| worker.addresses.clone()).collect()
    }

    /// Ends all rooms and waits for the threads. Peers are told by a DTLS alert.
    pub fn shutdown(&self) {
        for worker in &self.workers {
            // A full queue is no reason to hang: the flag behind the doorbell stops the thread as well.
            worker.mailbox.doorbell.stop();
        }
        for worker in &self.workers {
            let thread = worker.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
            if thread.is_some_and(|thread| thread.join().is_err()) {
                tracing::error!("a media worker ended by a panic");
            }
        }
        self.rooms().clear();
    }

    fn least_loaded(&self) -> Option<usize> {
        let load = |worker: &Worker| {
            let mut counters = Counters::default();
            worker.counters.add_to(&mut counters);
            // A room that was just opened has no peers yet, and will.
            counters.peers + worker.rooms.load(Ordering::Relaxed) as u64
        };
        (0..self.workers.len()).min_by_key(|index| load(&self.workers[*index]))
    }

    fn rooms(&self) -> MutexGuard<'_, HashMap<RoomId, usize>> {
        // The map is whole after each statement, so a panic elsewhere does not make it unusable.
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.shutdown();
    }
}

impl Worker {
    fn tell(&self, message: Message) -> Result<(), MediaError> {
        match self.mailbox.queue.try_send(message) {
            Ok(()) => {
                self.mailbox.doorbell.ring();
                Ok(())
            }
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => Err(MediaError::Unavailable),
        }
    }
}

fn start_worker(index: usize, config: &EngineConfig, setup: &Setup, events: EventFn) -> io::Result<Worker> {
    let (queue, inbox) = sync_channel(QUEUE);
    let (doorbell, counters) = (Arc::new(Doorbell::new()?), Arc::<Shared>::default());
    let links = Links { queue: inbox, doorbell: doorbell.clone(), shared: counters.clone(), events };
    let shell = Shell::new(index, config, setup, links)?;
    let addresses = shell.addresses().to_vec();
    let thread = thread::Builder::new().name(format!("media-{index}")).spawn(move || shell.run())?;
    let (rooms, thread) = (AtomicUsize::new(0), Mutex::new(Some(thread)));
    Ok(Worker { mailbox: Mailbox { queue, doorbell }, counters, addresses, rooms, thread })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn engine(config: EngineConfig) -> Engine {
        Engine::start(config, Arc::new(|_| {})).unwrap()
    }

    #[test]
    fn rooms_are_spread_and_bounded() {
        let engine = engine(EngineConfig { workers: 2, max_rooms: 1, ..EngineConfig::default() });
        let room = |n| RoomId(Uuid::from_u128(n));
        engine.open_room(room(1)).unwrap();
        engine.open_room(room(1)).unwrap();
        engine.open_room(room(2)).unwrap();
        assert_eq!(engine.open_room(room(3)), Err(MediaError::Full));
        engine.send(room(1), RoomCommand::Close).unwrap();
        assert_eq!(engine.send(room(1), RoomCommand::Close), Err(MediaError::NoRoom));
        engine.open_room(room(3)).unwrap();
    }

    #[test]
    fn every_worker_has_a_port_of_its_own() {
        let announce = vec!["127.0.0.1".parse().unwrap()];
        let engine = engine(EngineConfig { workers: 2, announce, ..EngineConfig::default() });
        let addresses = engine.addresses();
        assert_eq!(addresses.len(), 2);
        assert_ne!(addresses[0].port(), addresses[1].port());
    }

    #[test]
    fn after_shutdown_commands_are_refused() {
        let engine = engine(EngineConfig { workers: 1, ..EngineConfig::default() });
        let room = RoomId(Uuid::from_u128(1));
        engine.open_room(room).unwrap();
        engine.shutdown();
        assert!(engine.send(room, RoomCommand::Close).is_err());
        assert_eq!(engine.open_room(room), Err(MediaError::Unavailable));
    }
}
