//! Two nodes that call each other through a pipe which loses and reorders, by chance: nothing stays behind.

use std::collections::{BTreeMap, BTreeSet};

use super::pipe::{Net, Packet};
use super::*;

/// Chance, one seed a run.
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn new(seed: u64) -> Chance {
        Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound
    }
}

/// One node: its dialogs, and a gateway that does what comes to its mind.
struct Node {
    dialogs: Dialogs,
    legs: BTreeSet<LegId>,
    ended: usize,
    begun: usize,
}

struct World {
    nodes: [Node; 2],
    net: Net,
    chance: Chance,
    /// Server transactions of both, and their final responses.
    finals: BTreeMap<(usize, ServerTx), Vec<Response>>,
    now: Instant,
    next_leg: u64,
}

impl World {
    fn new(seed: u64) -> World {
        let node = |side: u64| Node {
            dialogs: Dialogs::new(DialogsConfig::default(), 2 * seed + side),
            legs: BTreeSet::new(),
            ended: 0,
            begun: 0,
        };
        let (nodes, chance) = ([node(0), node(1)], Chance::new(seed + 1));
        World { nodes, net: Net::new(seed), chance, finals: BTreeMap::new(), now: start(), next_leg: 0 }
    }

    fn leg(&mut self, side: usize) -> LegId {
        self.next_leg += 1;
        self.nodes[side].begun += 1;
        self.nodes[side].legs.insert(LegId(self.next_leg));
        LegId(self.next_leg)
    }

    fn put(&mut self, side: usize, input: DialogInput) {
        let mut out = Vec::new();
        self.nodes[side].dialogs.handle(self.now, input, &mut out);
        for output in out {
            self.output(side, output);
        }
    }

    fn output(&mut self, side: usize, output: DialogOutput) {
        match output {
            DialogOutput::Sip(output) => {
                if let SipOutput::Respond { tx, response } = &output
                    && response.status >= 200
                {
                    let finals = self.finals.get_mut(&(side, *tx)).expect("of a request");
                    // A success may come again, and nothing else.
                    assert!(
                        finals.iter().all(|known| known == &**response && known.is_success()),
                        "{finals:?}"
                    );
                    finals.push((**response).clone());
                }
                self.net.carry(self.now, side, output);
            }
            DialogOutput::Ended { leg, .. } => {
                assert!(self.nodes[side].legs.remove(&leg), "ended twice");
                self.nodes[side].ended += 1;
            }
            DialogOutput::Offered { leg, sdp } => {
                let sdp = (self.chance.below(5) > 0 || sdp.is_none()).then(|| ANSWER.to_owned());
                self.put(side, DialogInput::Answer { leg, sdp });
            }
            DialogOutput::Referred { leg, .. } => {
                let status = if self.chance.below(2) == 0 { 180 } else { 200 };
                self.put(side, DialogInput::ReferProgress { leg, status });
            }
            _ => {}
        }
    }

    fn packet(&mut self, side: usize, packet: Packet) {
        for input in self.net.arrive(self.now, side, packet) {
            let SipInput::Request { tx, from, request } = input else {
                self.put(side, DialogInput::Sip(input));
                continue;
            };
            self.finals.insert((side, tx), Vec::new());
            let outside = request.address("To").is_ok_and(|to| to.tag().is_none());
            if outside && request.method == Method::Invite {
                let leg = self.leg(side);
                self.put(side, DialogInput::Admit { leg, tx, from, request });
            } else {
                self.put(side, DialogInput::Sip(SipInput::Request { tx, from, request }));
            }
        }
    }

    /// One of the things that a gateway may do, sensible or not.
    fn act(&mut self, side: usize) {
        if self.chance.below(4) == 0 && self.nodes[side].legs.len() < 4 {
            return self.dial(side);
        }
        let legs: Vec<LegId> = self.nodes[side].legs.iter().copied().collect();
        if legs.is_empty() {
            return;
        }
        let leg = legs[usize::try_from(self.chance.below(legs.len() as u64)).unwrap()];
        let input = match self.chance.below(14) {
            0 | 1 => DialogInput::Ring { leg, sdp: (self.chance.below(2) == 0).then(|| ANSWER.into()) },
            2..=5 => DialogInput::Accept { leg, sdp: ANSWER.into(), identity: None },
            6 => DialogInput::Reject { leg, status: 486, reason: None, contact: None },
            7 | 8 => DialogInput::HangUp { leg, reason: None },
            9 | 10 => DialogInput::Offer { leg, sdp: OFFER.into() },
            11 => DialogInput::Identify { leg, identity: address("<sip:x@y>") },
            12 => DialogInput::Info { leg, digit: '1' },
            _ => DialogInput::Refer { leg, to: Box::new(address("<sip:x@y>")) },
        };
        self.put(side, input);
    }

    fn dial(&mut self, side: usize) {
        let leg = self.leg(side);
        let required = self.chance.below(3) == 0;
        let dial = Dial {
            uri: uri("sip:1001@pbx.example"),
            target: Target::Uri(uri("sip:pbx.example")),
            route: Vec::new(),
            from: address("<sip:2001@switchboard.example>"),
            contact_user: None,
            headers: if required { vec![("Require".into(), "100rel".into())] } else { Vec::new() },
            offer: OFFER.into(),
            credentials: None,
            patience: Duration::from_secs(1 + self.chance.below(30)),
        };
        self.put(side, DialogInput::Dial { leg, dial: Box::new(dial) });
    }

    /// Runs until then; gateways act only if they are `busy`.
    fn run(&mut self, until: Instant, busy: bool) {
        let mut act = self.now;
        loop {
            let due = [self.nodes[0].dialogs.deadline(), self.nodes[1].dialogs.deadline()];
            let next = [due[0], due[1], self.net.next(), busy.then_some(act)].into_iter().flatten().min();
            let Some(next) = next.filter(|next| *next <= until) else { break };
            self.now = self.now.max(next);
            for (side, due) in due.into_iter().enumerate() {
                if due.is_some_and(|due| due <= self.now) {
                    self.put(side, DialogInput::Tick);
                    let next = self.nodes[side].dialogs.deadline();
                    assert!(next.is_none_or(|next| next > self.now), "a deadline that no tick moves");
                }
            }
            if let Some((side, packet)) = self.net.take(self.now) {
                self.packet(side, packet);
            }
            if busy && act <= self.now {
                let side = usize::try_from(self.chance.below(2)).unwrap();
                self.act(side);
                act = self.now + Duration::from_millis(self.chance.below(1500));
            }
        }
        self.now = until;
    }

    fn check(&self, seed: u64) {
        for (side, node) in self.nodes.iter().enumerate() {
            assert!(node.dialogs.is_empty() && node.legs.is_empty(), "seed {seed}: legs stay at {side}");
            assert_eq!(node.begun, node.ended, "seed {seed}");
            let core = &node.dialogs.core;
            assert!(core.clients.is_empty() && core.lingering.is_empty(), "seed {seed}: transactions stay");
            assert!(core.servers.is_empty() && node.dialogs.deadline().is_none(), "seed {seed}");
        }
        for ((side, tx), finals) in &self.finals {
            assert!(!finals.is_empty(), "seed {seed}: {tx:?} of {side} got no answer");
        }
    }
}

fn play(seed: u64, loss: u64) -> World {
    let mut world = World::new(seed);
    world.net.loss = loss;
    world.run(world.now + Duration::from_secs(60), true);
    for side in 0..2 {
        for leg in world.nodes[side].legs.clone() {
            world.put(side, DialogInput::HangUp { leg, reason: None });
        }
    }
    // A 2xx without ACK 32 s, its BYE 32 s, and what lingers 32 s more.
    world.run(world.now + Duration::from_secs(200), false);
    world.check(seed);
    world
}

#[test]
fn nothing_stays_behind_whatever_is_lost() {
    for seed in 0..150 {
        play(seed, seed % 4 * 12);
    }
}

#[test]
fn when_one_side_falls_silent_the_other_ends_in_time() {
    for seed in 0..40 {
        let mut world = World::new(seed);
        world.run(world.now + Duration::from_secs(40), true);
        world.net.loss = 100;
        // Session timers of half an hour, refreshed at most once more.
        world.run(world.now + Duration::from_secs(2000), false);
        for side in 0..2 {
            for leg in world.nodes[side].legs.clone() {
                world.put(side, DialogInput::HangUp { leg, reason: None });
            }
        }
        world.run(world.now + Duration::from_secs(200), false);
        world.check(seed);
    }
}

#[test]
fn one_seed_is_one_run() {
    let mut runs = [play(5, 10), play(5, 10)].map(|world| world.finals.into_values().collect::<Vec<_>>());
    assert!(!runs[0].is_empty());
    let (one, other) = runs.split_at_mut(1);
    assert_eq!(one[0], other[0]);
}
