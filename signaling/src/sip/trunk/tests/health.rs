use super::*;

#[test]
fn each_trunk_is_asked_at_the_start_and_again() {
    let mut world = World::started(&config(vec![trunk("one", "192.0.2.1"), trunk("two", "192.0.2.2")]));
    let asked = world.take(Method::Options);
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0].request.uri.to_string(), "sip:192.0.2.1");
    assert!(
        matches!(&asked[0].target, Target::Uri(uri) if uri.to_string() == "sip:192.0.2.1:5060;transport=udp")
    );
    assert_eq!(world.state(0), TrunkState::Unknown);
    world.now += Duration::from_millis(12);
    world.answer(&asked[0], 200, &[]);
    let view = world.view(0);
    assert_eq!((view.state, view.round_trip_ms, view.registered), (TrunkState::Up, Some(12), None));
    assert_eq!((view.since_ms, view.reason), (1_000_012, None));
    assert!(world.out.contains(&TrunkOutput::Changed(TrunkId(0))));
    world.answer(&asked[1], 200, &[]);
    world.pass(23 * SECOND);
    assert!(world.take(Method::Options).is_empty(), "asked too soon");
    world.pass(8 * SECOND);
    assert_eq!(world.take(Method::Options).len(), 2);
}

#[test]
fn any_answer_is_a_sign_of_life_but_of_a_proxy_without_a_pbx() {
    let table = [(200, true), (401, true), (404, true), (405, true), (483, true), (500, true), (501, true)];
    let dead = [(408, false), (503, false), (504, false)];
    for (status, lives) in table.into_iter().chain(dead) {
        let mut world = World::started(&config(vec![trunk("one", "192.0.2.1")]));
        let asked = world.one(Method::Options);
        world.answer(&asked, 100, &[]);
        assert_eq!(world.state(0), TrunkState::Unknown);
        world.answer(&asked, status, &[]);
        let state = if lives { TrunkState::Up } else { TrunkState::Down };
        assert_eq!(world.state(0), state, "{status}");
    }
}

#[test]
fn a_silent_trunk_is_down_after_its_patience_and_is_asked_faster() {
    let mut world = World::started(&config(vec![trunk("one", "192.0.2.1")]));
    world.all_live();
    world.pass(30 * SECOND);
    let first = world.one(Method::Options);
    world.pass(3 * SECOND);
    let view = world.view(0);
    assert_eq!((view.state, view.reason.as_deref()), (TrunkState::Down, Some("no answer to OPTIONS")));
    let since = view.since_ms;
    // 2, 4, 8, 16 and then 30 seconds, each after 3 of silence.
    world.pass(19 * SECOND);
    let asked = world.take(Method::Options).len();
    assert!((2..=3).contains(&asked), "{asked}");
    world.pass(600 * SECOND);
    let asked = world.take(Method::Options);
    assert!((17..=25).contains(&asked.len()), "{}", asked.len());
    assert_eq!(world.view(0).since_ms, since);
    // The failure of one that was given up is no news, its late answer is.
    world.fail(&first, Failure::Timeout);
    let late = asked.first().unwrap();
    world.answer(late, 200, &[]);
    assert_eq!(world.state(0), TrunkState::Up);
    world.fail(asked.last().unwrap(), Failure::Timeout);
    assert_eq!(world.state(0), TrunkState::Up);
}

#[test]
fn what_cannot_be_reached_is_down_at_once() {
    let mut world = World::started(&config(vec![trunk("one", "192.0.2.1")]));
    let asked = world.one(Method::Options);
    world.fail(&asked, Failure::Unreachable);
    assert_eq!(world.view(0).reason.as_deref(), Some("not reachable"));
    world.pass(2 * SECOND);
    let asked = world.one(Method::Options);
    world.answer(&asked, 200, &[]);
    assert_eq!((world.state(0), world.view(0).reason), (TrunkState::Up, None));
}

#[test]
fn calls_tell_about_the_trunk_as_well() {
    let mut world = World::started(&config(vec![trunk("one", "192.0.2.1")]));
    world.all_live();
    let note = |world: &mut World, ending| {
        let (now, wall_ms) = (world.now, world.wall());
        world.trunks.note(now, wall_ms, TrunkId(0), &ending);
    };
    note(&mut world, Ending::Silent);
    assert_eq!(world.state(0), TrunkState::Down);
    assert_eq!(world.trunks.deadline(), Some(world.now), "it is asked at once");
    world.tell(TrunkInput::Tick);
    assert!(world.out.contains(&TrunkOutput::Changed(TrunkId(0))));
    world.all_live();
    assert_eq!(world.state(0), TrunkState::Up);
    // Trouble: asked, but not condemned.
    let rejected = |status| Ending::Rejected { status, contacts: Vec::new(), reason: None };
    note(&mut world, rejected(500));
    assert_eq!((world.state(0), world.trunks.deadline()), (TrunkState::Up, Some(world.now)));
    world.tell(TrunkInput::Tick);
    let asked = world.one(Method::Options);
    world.fail(&asked, Failure::Unreachable);
    assert_eq!(world.state(0), TrunkState::Down);
    // Busy: somebody is there.
    note(&mut world, rejected(486));
    assert_eq!(world.state(0), TrunkState::Up);
    note(&mut world, Ending::Ours);
    assert_eq!(world.state(0), TrunkState::Up);
}

#[test]
fn after_the_stop_nothing_is_asked() {
    let mut world = World::started(&config(vec![trunk("one", "192.0.2.1"), trunk("two", "pbx.example")]));
    let asked = world.take(Method::Options);
    world.tell(TrunkInput::Drain);
    world.answer(&asked[0], 200, &[]);
    world.fail(&asked[1], Failure::Unreachable);
    assert_eq!(world.trunks.deadline(), None);
    let (now, wall_ms) = (world.now, world.wall());
    world.trunks.note(now, wall_ms, TrunkId(0), &Ending::Silent);
    assert_eq!(world.trunks.deadline(), None);
}

#[test]
fn responses_that_nobody_waits_for_are_nothing() {
    let mut world = World::started(&config(vec![trunk("one", "192.0.2.1")]));
    let asked = world.one(Method::Options);
    let unknown = Seen { tx: ClientTx { owner: Owner::Trunks, number: 999 }, ..asked };
    world.answer(&unknown, 200, &[]);
    world.fail(&unknown, Failure::Timeout);
    assert_eq!(world.state(0), TrunkState::Unknown);
}
