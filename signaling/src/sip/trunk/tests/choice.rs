use super::*;

fn three() -> World {
    let trunks = vec![trunk("one", "192.0.2.1"), trunk("two", "192.0.2.2"), trunk("three", "192.0.2.3")];
    let mut config = config(trunks);
    config.plan.emergency_trunks = vec!["three".into(), "one".into()];
    World::started(&config)
}

#[test]
fn those_that_live_come_first_and_those_that_are_down_last() {
    let mut world = three();
    let order = |world: &World, emergency| {
        world.trunks.candidates("1234", emergency).into_iter().map(|id| id.0).collect::<Vec<_>>()
    };
    assert_eq!(order(&world, false), [0, 1, 2]);
    let asked = world.take(Method::Options);
    world.answer(&asked[1], 200, &[]);
    assert_eq!(order(&world, false), [1, 0, 2]);
    world.fail(&asked[0], Failure::Unreachable);
    assert_eq!(order(&world, false), [1, 2]);
    // Emergency calls: only where they may go, but there with every chance.
    assert_eq!(order(&world, true), [2, 0]);
    world.fail(&asked[2], Failure::Unreachable);
    assert_eq!(order(&world, false), [1]);
    assert_eq!(order(&world, true), [0, 2]);
    let (now, wall_ms) = (world.now, world.wall());
    world.trunks.note(now, wall_ms, TrunkId(1), &Ending::Unreachable);
    assert_eq!(order(&world, false), [0, 1, 2]);
}

#[test]
fn a_trunk_whose_rules_leave_no_number_is_no_candidate() {
    let mut odd = trunk("one", "192.0.2.1");
    odd.outbound = vec![PrefixRule { prefix: "1".into(), strip: 0, add: "x".into() }];
    let world = World::started(&config(vec![odd]));
    assert!(world.trunks.candidates("1234", false).is_empty());
    assert_eq!(world.trunks.candidates("2345", false), [TrunkId(0)]);
}

#[test]
fn only_trouble_fails_over() {
    let world = three();
    let rejected = |status| Ending::Rejected { status, contacts: Vec::new(), reason: None };
    let over =
        [Ending::Silent, Ending::Unreachable, rejected(408), rejected(500), rejected(503), rejected(504)];
    for ending in over {
        assert!(world.trunks.fails_over(&ending), "{ending:?}");
    }
    let stay = [302, 401, 403, 404, 407, 410, 480, 484, 486, 487, 488, 600, 603, 604, 606].map(rejected);
    let ended = [Ending::Bye(None), Ending::Cancelled(None), Ending::Lost, Ending::NoAck, Ending::Ours];
    for ending in stay.into_iter().chain(ended) {
        assert!(!world.trunks.fails_over(&ending), "{ending:?}");
    }
}

#[test]
fn a_dial_says_what_the_pbx_may_know() {
    let caller = Caller { name: Some("王小明".into()), number: Some("1234".into()) };
    let mut peer = trunk("peer", "192.0.2.1");
    peer.outbound = vec![PrefixRule { prefix: "+886".into(), strip: 4, add: "0".into() }];
    let trusted = TrunkConfig { trusted_identity: true, port: 5070, ..peer.clone() };
    let account =
        TrunkConfig { protocol: Protocol::Tls, port: 5061, ..registering("account", "pbx.example") };
    let world = World::started(&config(vec![peer, trusted, account]));
    let dial = |trunk| world.trunks.prepare(TrunkId(trunk), "+886227208889", &caller).unwrap();
    let by_address = dial(0);
    assert_eq!(by_address.uri.to_string(), "sip:0227208889@192.0.2.1");
    assert_eq!(by_address.from.to_string(), "\"王小明\" <sip:1234@switchboard.example>");
    assert!(by_address.headers.is_empty() && by_address.credentials.is_none());
    let trusted = dial(1);
    assert_eq!(trusted.uri.to_string(), "sip:0227208889@192.0.2.1:5070");
    let asserted = "\"王小明\" <sip:1234@switchboard.example>".to_owned();
    assert_eq!(trusted.headers, [("P-Asserted-Identity".to_owned(), asserted)]);
    let account = dial(2);
    assert_eq!(account.from.to_string(), "\"王小明\" <sip:hub@pbx.example>");
    assert_eq!(account.uri.to_string(), "sip:+886227208889@pbx.example");
    assert!(
        matches!(&account.target, Target::Uri(uri) if uri.to_string() == "sip:pbx.example:5061;transport=tls")
    );
    assert!(account.headers.is_empty() && account.credentials.is_some());
    assert_eq!((account.contact_user.as_deref(), account.patience), (Some("hub"), 3 * SECOND));
    let withheld = world.trunks.prepare(TrunkId(1), "1", &Caller::default()).unwrap();
    assert_eq!(withheld.from.to_string(), "<sip:hub@switchboard.example>");
    assert!(withheld.headers.is_empty());
    assert!(world.trunks.prepare(TrunkId(9), "1", &caller).is_none());
}

#[test]
fn the_view_counts_calls() {
    let mut world = three();
    let permit = world.limits.begin(world.now, None, Some(TrunkId(1))).unwrap();
    assert_eq!((world.view(1).calls, world.view(0).calls, world.view(1).max_calls), (1, 0, 10));
    world.limits.end(permit);
    assert_eq!(world.view(1).calls, 0);
}
