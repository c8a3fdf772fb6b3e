//! The gateway driven: its inputs from all sides, its outputs carried out.

use std::sync::Arc;
use std::time::Duration;

use media::control::{MediaError, PhoneCommand, RoomCommand};
use media::ids::{PeerId, RoomId};
use tokio::net::lookup_host;
use tokio::time::timeout;

use super::Bridge;
use crate::bus::Lane;
use crate::call::CallOutput;
use crate::clock;
use crate::ids::PersonId;
use crate::node::actor::Node;
use crate::node::input::NodeInput;
use crate::sip::gateway::{GatewayInput, GatewayOutput};
use crate::sip::trunk::TrunkId;
use crate::ws::Inbox;

/// A name server that does not answer for so long is away.
const RESOLVE_DEADLINE: Duration = Duration::from_secs(5);

/// Brings the port of a telephone's leg, also when the worker drops the command without a word.
struct Opening {
    inbox: Arc<Inbox<NodeInput>>,
    peer: PeerId,
    port: Option<Result<u16, MediaError>>,
}

impl Opening {
    fn opened(mut self, port: Result<u16, MediaError>) {
        self.port = Some(port);
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        let port = self.port.take().unwrap_or(Err(MediaError::Unavailable));
        // One per telephone in a call.
        self.inbox.force(Lane::Urgent, NodeInput::Opened { peer: self.peer, port });
    }
}

impl Node {
    /// Feeds the gateway, if there is one, and carries out what it decides.
    pub(in crate::node) fn gateway(&mut self, input: GatewayInput) {
        let Some(bridge) = &mut self.bridge else { return };
        let mut out = Vec::new();
        bridge.gateway.handle(clock::now().into_std(), clock::wall_ms(), input, &mut out);
        self.carry_out_gateway(out);
    }

    pub(super) fn carry_out_gateway(&mut self, outputs: Vec<GatewayOutput>) {
        for output in outputs {
            match output {
                GatewayOutput::Sip(output) => {
                    if let Some(bridge) = &self.bridge {
                        bridge.transport.carry_out(output);
                    }
                }
                GatewayOutput::Call(input) => self.later.push_back(input),
                GatewayOutput::Open { room, peer, bind } => {
                    let opening = Opening { inbox: self.inbox.clone(), peer, port: None };
                    let opened = Box::new(|port| opening.opened(port));
                    self.phone(room, peer, PhoneCommand::Open { bind, opened });
                }
                GatewayOutput::Media { room, peer, command } => self.phone(room, peer, command),
                GatewayOutput::Record(record) => self.record(*record),
                GatewayOutput::Resolve { trunk, host } => self.resolve(trunk, host),
                GatewayOutput::AskMissed(person) => self.ask_missed(person),
            }
        }
    }

    fn phone(&self, room: RoomId, peer: PeerId, command: PhoneCommand) {
        if let Err(error) = self.media.send(room, RoomCommand::Phone { peer, command }) {
            // A dropped `Open` has told the gateway; anything else goes with the room.
            tracing::warn!(%room, %peer, %error, "the media plane does not take a command about a telephone");
        }
    }

    /// Gives the gateway what the call core says to its sessions. `None`: it was for the gateway.
    pub(in crate::node) fn for_gateway(&mut self, output: CallOutput) -> Option<CallOutput> {
        if let CallOutput::Show { session, view } = &output {
            self.lamp_of_view(*session, view);
        }
        let owns = |bridge: &Bridge, session| bridge.gateway.owns(session);
        let Some(bridge) = &self.bridge else { return Some(output) };
        let input = match output {
            CallOutput::Show { session, view } if owns(bridge, session) => {
                GatewayInput::Show { session, view }
            }
            CallOutput::Reply { session, id, result } if owns(bridge, session) => {
                GatewayInput::Reply { session, id, result }
            }
            CallOutput::MovePhone { session, from, to } => GatewayInput::Moved { session, from, to },
            // A telephone makes no new offer: its leg is gone, and the call core ends it in time.
            CallOutput::ShowMediaLost { session, .. } if owns(bridge, session) => return None,
            output => return Some(output),
        };
        self.gateway(input);
        None
    }

    fn resolve(&self, trunk: TrunkId, host: String) {
        let inbox = self.inbox.clone();
        tokio::spawn(async move {
            let found = timeout(RESOLVE_DEADLINE, lookup_host((host.as_str(), 0))).await;
            let addresses = match found {
                Ok(Ok(found)) => found.map(|address| address.ip()).collect(),
                Ok(Err(_)) | Err(_) => Vec::new(),
            };
            // One per trunk now and then.
            inbox.force(Lane::Bulk, NodeInput::Resolved { trunk, addresses });
        });
    }

    pub(super) fn ask_missed(&self, person: PersonId) {
        let Some(bridge) = &self.bridge else { return };
        let (numbers, inbox) = (bridge.numbers.clone(), self.inbox.clone());
        tokio::spawn(async move {
            match numbers.missed(person).await {
                Ok(count) => inbox.force(Lane::Bulk, NodeInput::Missed { person, count }),
                Err(error) => tracing::warn!(%person, %error, "missed calls could not be counted"),
            }
        });
    }
}
