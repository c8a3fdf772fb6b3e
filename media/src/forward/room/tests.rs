use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use uuid::Uuid;

use super::*;

const ALL: [Source; 3] = [Source::Mic, Source::Camera, Source::Screen];

fn peer(n: u8) -> PeerId {
    PeerId(Uuid::from_u128(u128::from(n)))
}

fn specs(audio: usize, video: usize) -> Vec<SlotSpec> {
    let spec = |kind, n: usize| SlotSpec { mid: format!("{kind:?}{n}"), kind };
    (0..audio).map(|n| spec(Kind::Audio, n)).chain((0..video).map(|n| spec(Kind::Video, n))).collect()
}

/// A room and what its receivers were told.
struct Scene {
    room: Room,
    now: Instant,
    /// What the packet path was told.
    bound: BTreeMap<(PeerId, usize), Track>,
    /// What the clients were told.
    told: BTreeMap<PeerId, Vec<Slot>>,
    speakers: Vec<PeerId>,
}

impl Scene {
    fn new() -> Scene {
        let (bound, told, speakers) = Default::default();
        Scene { room: Room::default(), now: Instant::now(), bound, told, speakers }
    }

    fn handle(&mut self, input: Input<'_>) -> Vec<Output> {
        let mut out = Vec::new();
        self.room.handle(self.now, input, &mut out);
        if let Input::Leave { peer } = input {
            self.bound.retain(|(receiver, _), _| *receiver != peer);
            self.told.remove(&peer);
        }
        for output in &out {
            match output.clone() {
                Output::Bind { peer, slot, track: Some(track) } => {
                    self.bound.insert((peer, slot), track);
                }
                Output::Bind { peer, slot, track: None } => {
                    self.bound.remove(&(peer, slot));
                }
                Output::Slots { peer, slots } => drop(self.told.insert(peer, slots)),
                Output::Speakers(speakers) => self.speakers = speakers,
            }
        }
        out
    }

    fn join(&mut self, n: u8, audio: usize, video: usize) {
        let slots = specs(audio, video);
        self.handle(Input::Negotiated { peer: peer(n), publishes: &ALL, slots: &slots });
        self.handle(Input::SetSources { peer: peer(n), on: &[Source::Mic] });
        self.open(n, true);
    }

    fn open(&mut self, n: u8, open: bool) {
        self.handle(Input::SetOpen { peer: peer(n), open });
    }

    fn on(&mut self, n: u8, on: &[Source]) {
        self.handle(Input::SetSources { peer: peer(n), on });
    }

    fn levels(&mut self, levels: &[(u8, u8)]) {
        self.now += Duration::from_millis(300);
        let levels: Vec<_> = levels.iter().map(|(n, loudness)| (peer(*n), *loudness)).collect();
        self.handle(Input::Levels(&levels));
    }

    fn receives(&self, n: u8) -> Vec<Option<(u8, Source)>> {
        let slots = self.told.get(&peer(n)).cloned().unwrap_or_default();
        slots.iter().map(|slot| slot.track.map(|(peer, source)| (peer.0.as_u128() as u8, source))).collect()
    }
}

#[test]
fn two_open_peers_hear_each_other() {
    let mut scene = Scene::new();
    scene.join(1, 1, 1);
    scene.join(2, 1, 1);
    assert_eq!(scene.receives(1), [Some((2, Source::Mic)), None]);
    assert_eq!(scene.receives(2), [Some((1, Source::Mic)), None]);
    scene.on(1, &[Source::Mic, Source::Camera]);
    assert_eq!(scene.receives(2), [Some((1, Source::Mic)), Some((1, Source::Camera))]);
    scene.on(1, &[]);
    assert_eq!(scene.receives(2), [None, None]);
}

#[test]
fn a_closed_gate_silences_both_ways() {
    let mut scene = Scene::new();
    (1..=3).for_each(|n| scene.join(n, 2, 0));
    scene.open(2, false);
    assert_eq!(scene.receives(2), [None, None]);
    assert_eq!(scene.receives(1), [None, Some((3, Source::Mic))], "the other keeps its slot");
    scene.open(2, true);
    assert_eq!(scene.receives(1), [Some((2, Source::Mic)), Some((3, Source::Mic))]);
}

#[test]
fn the_gate_may_be_opened_before_the_first_offer() {
    let mut scene = Scene::new();
    scene.join(1, 1, 0);
    scene.open(2, true);
    scene.on(2, &[Source::Mic]);
    scene.handle(Input::Negotiated { peer: peer(2), publishes: &ALL, slots: &specs(1, 0) });
    assert_eq!(scene.receives(1), [Some((2, Source::Mic))]);
    assert_eq!(scene.receives(2), [Some((1, Source::Mic))]);
}

#[test]
fn a_later_offer_keeps_what_flows() {
    let mut scene = Scene::new();
    (1..=3).for_each(|n| scene.join(n, 1, 0));
    assert_eq!(scene.receives(1), [Some((2, Source::Mic))]);
    let before = scene.told.clone();
    let out = scene.handle(Input::Negotiated { peer: peer(1), publishes: &ALL, slots: &specs(2, 0) });
    let bind = Output::Bind { peer: peer(1), slot: 1, track: Some((peer(3), Source::Mic)) };
    assert!(out.contains(&bind), "{out:?}");
    assert_eq!(out.len(), 2, "only the new slot and the table");
    assert_eq!(scene.told[&peer(2)], before[&peer(2)]);
}

#[test]
fn the_loudest_get_scarce_slots() {
    let mut scene = Scene::new();
    (1..=5).for_each(|n| scene.join(n, 2, 0));
    assert_eq!(scene.receives(1), [Some((2, Source::Mic)), Some((3, Source::Mic))]);
    scene.levels(&[(5, 100)]);
    assert_eq!(scene.receives(1), [Some((5, Source::Mic)), Some((3, Source::Mic))]);
    assert_eq!(scene.speakers, [peer(5)]);
    scene.levels(&[(5, 100), (4, 90), (3, 20)]);
    assert_eq!(scene.receives(1), [Some((5, Source::Mic)), Some((4, Source::Mic))]);
    scene.levels(&[(5, 90), (4, 90), (3, 93)]);
    assert_eq!(scene.receives(1), [Some((5, Source::Mic)), Some((4, Source::Mic))], "not clearly louder");
}

#[test]
fn a_screen_goes_before_cameras() {
    let mut scene = Scene::new();
    (1..=3).for_each(|n| scene.join(n, 0, 1));
    scene.on(2, &[Source::Camera]);
    assert_eq!(scene.receives(1), [Some((2, Source::Camera))]);
    scene.on(3, &[Source::Screen]);
    assert_eq!(scene.receives(1), [Some((3, Source::Screen))]);
    scene.on(3, &[]);
    assert_eq!(scene.receives(1), [Some((2, Source::Camera))]);
}

#[test]
fn a_muted_or_closed_peer_does_not_speak() {
    let mut scene = Scene::new();
    (1..=2).for_each(|n| scene.join(n, 1, 0));
    scene.levels(&[(1, 100), (2, 100)]);
    assert_eq!(scene.speakers, [peer(1), peer(2)]);
    scene.on(1, &[]);
    scene.levels(&[(1, 100), (2, 100)]);
    assert_eq!(scene.speakers, [peer(2)]);
}

#[test]
fn a_full_room_ignores_more() {
    let mut room = Room::default();
    for n in 0..MAX_ROOM_PEERS {
        room.member(PeerId(Uuid::from_u128(n as u128))).unwrap();
    }
    assert!(room.has_room_for(PeerId(Uuid::from_u128(0))));
    let late = PeerId(Uuid::from_u128(u128::MAX));
    assert!(!room.has_room_for(late));
    room.handle(Instant::now(), Input::SetOpen { peer: late, open: true }, &mut Vec::new());
    assert!(!room.is_open(late));
}

/// One step of a random story.
#[derive(Clone, Debug)]
enum Step {
    Negotiate(u8, u8, u8),
    Open(u8, bool),
    Sources(u8, u8),
    Leave(u8),
    Levels(Vec<u8>),
}

fn step() -> impl Strategy<Value = Step> {
    let n = 0u8..6;
    prop_oneof![
        (n.clone(), 0u8..4, 0u8..4).prop_map(|(n, a, v)| Step::Negotiate(n, a, v)),
        (n.clone(), any::<bool>()).prop_map(|(n, open)| Step::Open(n, open)),
        (n.clone(), 0u8..8).prop_map(|(n, mask)| Step::Sources(n, mask)),
        n.prop_map(Step::Leave),
        prop::collection::vec(0u8..=127, 6).prop_map(Step::Levels),
    ]
}

/// What a room ought to know, kept the plain way.
#[derive(Default)]
struct Model {
    open: BTreeMap<u8, bool>,
    on: BTreeMap<u8, u8>,
    slots: BTreeMap<u8, (u8, u8)>,
}

impl Model {
    fn apply(&mut self, scene: &mut Scene, step: &Step) {
        match step {
            Step::Negotiate(n, audio, video) => {
                self.slots.insert(*n, (*audio, *video));
                self.open.entry(*n).or_insert(false);
                let slots = specs(usize::from(*audio), usize::from(*video));
                // The packet path rebuilds its slots by mid in the same way.
                let kept: Vec<_> = slots
                    .iter()
                    .map(|spec| {
                        let old =
                            scene.told.get(&peer(*n)).and_then(|t| t.iter().find(|s| s.mid == spec.mid));
                        old.and_then(|slot| slot.track)
                    })
                    .collect();
                scene.bound.retain(|(receiver, _), _| *receiver != peer(*n));
                for (slot, track) in kept.into_iter().enumerate() {
                    track.map(|track| scene.bound.insert((peer(*n), slot), track));
                }
                scene.handle(Input::Negotiated { peer: peer(*n), publishes: &ALL, slots: &slots });
            }
            Step::Open(n, open) => {
                self.open.insert(*n, *open);
                scene.open(*n, *open);
            }
            Step::Sources(n, mask) => {
                self.open.entry(*n).or_insert(false);
                self.on.insert(*n, *mask);
                let on: Vec<_> = (0..3).filter(|bit| mask >> bit & 1 == 1).map(|bit| ALL[bit]).collect();
                scene.on(*n, &on);
            }
            Step::Leave(n) => {
                self.open.remove(n);
                self.on.remove(n);
                self.slots.remove(n);
                scene.handle(Input::Leave { peer: peer(*n) });
            }
            Step::Levels(levels) => {
                let levels: Vec<_> = levels.iter().enumerate().map(|(n, l)| (n as u8, *l)).collect();
                scene.levels(&levels);
            }
        }
    }

    fn sends(&self, n: u8, source: Source) -> bool {
        let bit = ALL.iter().position(|s| *s == source).unwrap();
        let negotiated = self.slots.contains_key(&n);
        let on = self.on.get(&n).is_none_or(|mask| mask >> bit & 1 == 1);
        negotiated && on && self.open.get(&n) == Some(&true)
    }

    fn check(&self, scene: &Scene) -> Result<(), TestCaseError> {
        for (n, (audio, video)) in &self.slots {
            let open = self.open[n];
            let receives = scene.receives(*n);
            let carried: Vec<_> = receives.iter().flatten().collect();
            for (from, source) in &carried {
                prop_assert!(open && from != n && self.sends(*from, *source), "{n} gets {from} {source:?}");
            }
            let mut unique = carried.clone();
            unique.sort();
            unique.dedup();
            prop_assert_eq!(unique.len(), carried.len());
            for (kind, slots) in [(Kind::Audio, audio), (Kind::Video, video)] {
                let sources = ALL.iter().filter(|source| source.kind() == kind);
                let wanted =
                    sources.map(|s| (0..6).filter(|m| m != n && self.sends(*m, *s)).count()).sum::<usize>();
                let expected = if open { wanted.min(usize::from(*slots)) } else { 0 };
                prop_assert_eq!(carried.iter().filter(|(_, s)| s.kind() == kind).count(), expected);
            }
            for (slot, track) in receives.iter().enumerate() {
                let bound = scene.bound.get(&(peer(*n), slot));
                prop_assert_eq!(
                    bound.map(|(p, s)| (p.0.as_u128() as u8, *s)),
                    *track,
                    "clients and packets agree"
                );
            }
        }
        Ok(())
    }
}

proptest! {
    #[test]
    fn every_story_leaves_each_receiver_with_what_flows(steps in prop::collection::vec(step(), 1..60)) {
        let (mut scene, mut model) = (Scene::new(), Model::default());
        for step in &steps {
            model.apply(&mut scene, step);
            model.check(&scene)?;
        }
    }
}
