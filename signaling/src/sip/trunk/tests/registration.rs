use super::*;

const CHALLENGE: (&str, &str) = ("WWW-Authenticate", "Digest realm=\"pbx\", nonce=\"n1\", qop=\"auth\"");

fn account() -> World {
    let mut world = World::started(&config(vec![registering("pbx", "192.0.2.1")]));
    world.all_live();
    world
}

fn granted(world: &mut World, seconds: u32) {
    let seen = world.one(Method::Register);
    let contact = format!("<sip:hub@203.0.113.5:5060>;expires={seconds}");
    world.answer(&seen, 200, &[("Contact", &contact)]);
}

#[test]
fn a_trunk_registers_with_its_password() {
    let mut world = account();
    assert_eq!(world.state(0), TrunkState::Unknown, "it lives, but does not know us yet");
    let first = world.one(Method::Register);
    assert_eq!(first.request.uri.to_string(), "sip:192.0.2.1");
    let get = |seen: &Seen, name| seen.request.headers.get(name).unwrap_or_default().to_owned();
    assert_eq!(get(&first, "To"), "<sip:hub@192.0.2.1>");
    assert!(get(&first, "From").starts_with("<sip:hub@192.0.2.1>;tag="));
    assert_eq!(
        (get(&first, "Contact"), get(&first, "Expires")),
        ("<sip:hub@switchboard.invalid>".into(), "300".into())
    );
    assert_eq!((get(&first, "CSeq"), get(&first, "Authorization")), ("1 REGISTER".into(), String::new()));
    world.answer(&first, 401, &[CHALLENGE]);
    let second = world.one(Method::Register);
    assert_eq!(get(&second, "Call-ID"), get(&first, "Call-ID"));
    assert_eq!(get(&second, "CSeq"), "2 REGISTER");
    let answer = get(&second, "Authorization");
    assert!(answer.contains("username=\"auth\"") && answer.contains("nc=00000001"), "{answer}");
    assert!(!answer.contains("secret"));
    assert_eq!(world.view(0).registered, Some(false));
    let contacts =
        "<sip:other@x>;expires=9, <sip:hub@203.0.113.5:5060>;expires=120, <sip:hub@old>;expires=30";
    world.answer(&second, 200, &[("Contact", contacts), ("Service-Route", "<sip:edge;lr>, <sip:core;lr>")]);
    let view = world.view(0);
    assert_eq!((view.state, view.registered), (TrunkState::Up, Some(true)));
    let dial = world.trunks.prepare(TrunkId(0), "1", &Caller::default()).unwrap();
    assert_eq!(dial.route, ["<sip:edge;lr>", "<sip:core;lr>"]);
    // Refreshed at five sixths of 120 seconds, with the same nonce.
    world.pass(94 * SECOND);
    assert!(world.take(Method::Register).is_empty());
    world.pass(7 * SECOND);
    let third = world.one(Method::Register);
    let answer = get(&third, "Authorization");
    assert!(answer.contains("nonce=\"n1\"") && answer.contains("nc=00000002"), "{answer}");
    // The nonce is too old: the same password again.
    let stale = ("WWW-Authenticate", "Digest realm=\"pbx\", nonce=\"n2\", qop=\"auth\", stale=true");
    world.answer(&third, 401, &[stale]);
    assert!(get(&world.one(Method::Register), "Authorization").contains("nonce=\"n2\""));
    assert_eq!(world.view(0).registered, Some(true));
}

#[test]
fn a_wrong_password_is_not_tried_again_and_again() {
    let mut world = account();
    let first = world.one(Method::Register);
    world.answer(&first, 401, &[CHALLENGE]);
    let second = world.one(Method::Register);
    world.answer(&second, 401, &[CHALLENGE]);
    let view = world.view(0);
    assert_eq!(view.reason.as_deref(), Some("the password is not accepted"));
    assert_eq!((view.state, view.registered), (TrunkState::Down, Some(false)));
    assert_eq!(world.trunks.candidates("1", false), [TrunkId(0)], "there is no other");
    world.pass(14 * SECOND);
    assert!(world.take(Method::Register).is_empty());
    world.pass(17 * SECOND);
    assert_eq!(world.take(Method::Register).len(), 1);
}

#[test]
fn a_pbx_that_always_says_stale_is_given_up() {
    let mut world = account();
    let stale = ("WWW-Authenticate", "Digest realm=\"pbx\", nonce=\"n\", qop=\"auth\", stale=true");
    let mut sent = 0;
    while let Some(seen) = world.take(Method::Register).pop() {
        sent += 1;
        assert!(sent < 10);
        world.answer(&seen, 401, &[stale]);
    }
    assert_eq!((sent, world.state(0)), (4, TrunkState::Down));
}

#[test]
fn a_challenge_that_cannot_be_answered_is_a_refusal() {
    let basic = ("WWW-Authenticate", "Basic realm=\"pbx\"");
    for challenge in [basic, ("X", "y")] {
        let mut world = account();
        let seen = world.one(Method::Register);
        world.answer(&seen, 401, &[challenge]);
        assert_eq!(world.state(0), TrunkState::Down);
    }
    let open = TrunkConfig { credentials: None, ..registering("pbx", "192.0.2.1") };
    let mut world = World::started(&config(vec![open]));
    let seen = world.one(Method::Register);
    world.answer(&seen, 407, &[("Proxy-Authenticate", CHALLENGE.1)]);
    assert_eq!(world.state(0), TrunkState::Down);
}

#[test]
fn too_brief_an_interval_is_raised_once() {
    let mut world = account();
    let seen = world.one(Method::Register);
    world.answer(&seen, 423, &[("Min-Expires", "900")]);
    let again = world.one(Method::Register);
    assert_eq!(again.request.headers.get("Expires"), Some("900"));
    world.answer(&again, 423, &[("Min-Expires", "1800")]);
    assert!(world.take(Method::Register).is_empty());
    assert_eq!(world.view(0).reason.as_deref(), Some("423 Interval Too Brief"));
    for nonsense in ["", "0", "12", "99999999", "x"] {
        let mut world = account();
        let seen = world.one(Method::Register);
        world.answer(&seen, 423, &[("Min-Expires", nonsense)]);
        assert!(world.take(Method::Register).is_empty(), "{nonsense}");
    }
}

#[test]
fn what_is_granted_is_found() {
    let table: &[(&[(&str, &str)], u64)] = &[
        (&[("Contact", "<sip:hub@x>;expires=60")], 60),
        (&[("Expires", "90")], 90),
        (&[("Contact", "<sip:hub@x>"), ("Expires", "90")], 90),
        (&[("Contact", "<sip:other@x>;expires=5"), ("Expires", "90")], 90),
        (&[("Contact", "garbage")], 300),
        (&[], 300),
        (&[("Expires", "999999999")], 86_400),
    ];
    for (headers, seconds) in table {
        let mut world = account();
        let seen = world.one(Method::Register);
        world.answer(&seen, 200, headers);
        // Without a refresh that is answered it ends then.
        world.pass(SECOND * u32::try_from(seconds - 1).unwrap());
        assert_eq!(world.view(0).registered, Some(true), "{headers:?}");
        world.pass(SECOND);
        assert_eq!(world.view(0).registered, Some(false), "{headers:?}");
    }
}

#[test]
fn trouble_is_waited_out_for_longer_and_longer() {
    let mut world = account();
    let mut times = Vec::new();
    for _ in 0..6 {
        let seen = world.one(Method::Register);
        let began = world.now;
        world.fail(&seen, Failure::Timeout);
        while world.out.iter().all(|output| !matches!(output, TrunkOutput::Sip(SipOutput::Send { request, .. }) if request.method == Method::Register)) {
            world.pass(SECOND / 4);
            world.all_live();
        }
        times.push(world.now.duration_since(began).as_millis());
    }
    for (at, time) in times.iter().enumerate() {
        let most = 2000 << at;
        assert!((most / 2..=most + 250).contains(time), "{times:?}");
    }
    assert_eq!(world.view(0).reason.as_deref(), Some("no answer"));
    // What the PBX asks for is respected.
    let seen = world.one(Method::Register);
    world.answer(&seen, 503, &[("Retry-After", "200 (busy)")]);
    world.pass(199 * SECOND);
    assert!(world.take(Method::Register).is_empty());
    world.pass(2 * SECOND);
    granted(&mut world, 300);
    assert_eq!(world.view(0).registered, Some(true));
    // A refresh that fails does not end what is still granted.
    world.pass(251 * SECOND);
    let seen = world.one(Method::Register);
    world.fail(&seen, Failure::Unreachable);
    assert_eq!(world.view(0).registered, Some(true));
    assert_eq!(world.take(Method::Register).len(), 0);
}

#[test]
fn a_stop_takes_the_registration_back() {
    let mut world = account();
    let seen = world.one(Method::Register);
    world.answer(&seen, 401, &[CHALLENGE]);
    granted(&mut world, 300);
    world.tell(TrunkInput::Drain);
    let leave = world.one(Method::Register);
    assert_eq!(leave.request.headers.get("Expires"), Some("0"));
    assert!(leave.request.headers.get("Authorization").unwrap().contains("nc=00000002"));
    world.answer(&leave, 401, &[("WWW-Authenticate", "Digest realm=\"pbx\", nonce=\"n9\", qop=\"auth\"")]);
    let leave = world.one(Method::Register);
    assert_eq!(leave.request.headers.get("Expires"), Some("0"));
    world.answer(&leave, 200, &[]);
    assert_eq!((world.view(0).registered, world.trunks.deadline()), (Some(false), None));
    // Nothing to take back.
    let mut world = account();
    let seen = world.one(Method::Register);
    world.answer(&seen, 403, &[]);
    world.tell(TrunkInput::Drain);
    assert!(world.take(Method::Register).is_empty());
}

#[test]
fn a_late_response_to_an_older_request_is_nothing() {
    let mut world = account();
    let first = world.one(Method::Register);
    world.answer(&first, 401, &[CHALLENGE]);
    world.answer(&first, 200, &[]);
    world.fail(&first, Failure::Timeout);
    assert_eq!(world.view(0).registered, Some(false));
    granted(&mut world, 60);
    assert_eq!(world.view(0).registered, Some(true));
}
