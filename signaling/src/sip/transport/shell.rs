//! The task that owns the transactions and carries out what they say.

use std::net::UdpSocket;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::layer::{Input, Layer, Output, Transmit};
use super::locate::{Direction, Facing, direction, look_up};
use super::streams::{Arrived, Streams};
use super::{Counters, ToCore};
use crate::sip::port::{Protocol, SipOutput, Target};

/// What comes to the task besides the wishes of the cores.
pub(super) enum Event {
    /// For the transactions.
    Layer(Input),
    /// A connection was made to us.
    Arrived(Arrived),
    /// A connection of this number has closed.
    Closed(u64),
}

/// All that the task owns.
pub(super) struct Shell {
    pub(super) layer: Layer,
    pub(super) facing: Arc<Facing>,
    pub(super) sockets: Vec<UdpSocket>,
    pub(super) streams: Streams,
    pub(super) events: mpsc::Sender<Event>,
    pub(super) counters: Arc<Counters>,
    pub(super) to_core: ToCore,
    /// Readers, listeners and look-ups; they end with the task.
    pub(super) tasks: JoinSet<()>,
}

impl Shell {
    /// Runs until the cores' side is dropped.
    pub(super) async fn run(
        mut self,
        mut wishes: mpsc::Receiver<SipOutput>,
        mut happened: mpsc::Receiver<Event>,
    ) {
        loop {
            let deadline = self.layer.deadline().map(tokio::time::Instant::from_std);
            let timer = async {
                match deadline {
                    Some(deadline) => tokio::time::sleep_until(deadline).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                wish = wishes.recv() => match wish {
                    Some(wish) => self.step(Input::Do(wish)),
                    None => break,
                },
                Some(event) = happened.recv() => self.event(event),
                Some(_) = self.tasks.join_next(), if !self.tasks.is_empty() => {}
                () = timer => self.step(Input::Tick),
            }
        }
        drop(happened);
        self.tasks.shutdown().await;
        self.streams.close().await;
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Layer(input) => self.step(input),
            Event::Arrived(arrived) => self.streams.accept(arrived),
            Event::Closed(number) => {
                if let Some(hop) = self.streams.forget(number) {
                    self.step(Input::Lost(hop));
                }
            }
        }
    }

    /// One input, and all that follows from it at once.
    fn step(&mut self, input: Input) {
        #[expect(clippy::disallowed_methods, reason = "the shell of the transactions reads the clock")]
        let now = Instant::now();
        let mut out = Vec::new();
        self.layer.handle(now, input, &mut out);
        // Every round ends in an address, a datagram or a message for the cores: what follows is never longer than a few.
        while !out.is_empty() {
            let mut next = Vec::new();
            for output in out {
                if let Some(input) = self.carry_out(output) {
                    self.layer.handle(now, input, &mut next);
                }
            }
            out = next;
        }
        self.counters.set_transactions(self.layer.len());
    }

    fn carry_out(&mut self, output: Output) -> Option<Input> {
        match output {
            Output::Tell(input) => (self.to_core)(input),
            Output::Overload => self.counters.overload(),
            Output::Locate(number, target) => return self.locate(number, &target),
            Output::Transmit(transmit) => return self.transmit(transmit),
        }
        None
    }

    fn locate(&mut self, number: u64, target: &Target) -> Option<Input> {
        match direction(target) {
            Direction::Known(place) => Some(Input::Located(number, Some(place))),
            Direction::Nowhere => Some(Input::Located(number, None)),
            Direction::Named(protocol, host, port) => {
                let (facing, events) = (self.facing.clone(), self.events.clone());
                self.tasks.spawn(async move {
                    let place = look_up(&facing, protocol, host, port).await;
                    let _ = events.send(Event::Layer(Input::Located(number, place))).await;
                });
                None
            }
        }
    }

    fn transmit(&mut self, transmit: Transmit) -> Option<Input> {
        let (of, protocol) = (transmit.of, transmit.place.hop.protocol);
        let sent = match protocol {
            Protocol::Udp => self.datagram(&transmit),
            Protocol::Tcp | Protocol::Tls => self.streams.send(transmit),
        };
        if sent { None } else { of.map(|number| Input::Unsent(number, protocol)) }
    }

    fn datagram(&self, transmit: &Transmit) -> bool {
        let hop = transmit.place.hop;
        let Some(socket) = self.facing.socket(hop).and_then(|at| self.sockets.get(at)) else { return false };
        match socket.send_to(&transmit.bytes, hop.address) {
            Ok(_) => true,
            // A full buffer is like a loss on the way: it comes again.
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => true,
            Err(error) => {
                tracing::debug!(%error, to = %hop.address, "sending UDP");
                false
            }
        }
    }
}
