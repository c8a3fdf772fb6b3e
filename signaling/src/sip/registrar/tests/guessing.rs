use super::*;

const CONTACT: (&str, &str) = ("Contact", "<sip:x@h>");

fn guess(world: &mut World, phone: &mut Phone) -> Option<u16> {
    let uri = format!("sip:{DOMAIN}");
    let mut request = phone.request(Method::Register, &uri, &[CONTACT]);
    phone.answer(&mut request);
    let response = world.send(phone.at, request)?;
    phone.known = Challenge::parse(&response.headers).map(|challenge| (challenge, 0));
    Some(response.status)
}

#[test]
fn who_guesses_gets_silence_and_others_do_not() {
    for user in ["room", "nobody"] {
        let (mut world, mut phone) = (World::new(), Phone::new(user, "198.51.100.66:5060"));
        phone.password = "guess".into();
        let mut answered = 0;
        while guess(&mut world, &mut phone).is_some_and(|status| status == 401) {
            answered += 1;
            assert!(answered < 100);
        }
        assert_eq!(answered, 21, "the first is without a guess");
        // Even with the right password.
        phone.password = format!("secret of {user}");
        assert_eq!(guess(&mut world, &mut phone), None);
        let refused = phone.request(Method::Invite, "sip:1001@h", &[]);
        let answer = world.registrar.authenticate(world.now, &refused, &phone.at, &Staff);
        assert!(matches!(answer, Authentication::Refuse(response) if response.status == 403));
        let mut other = Phone::new("ming", "198.51.100.67:5060");
        assert_eq!(world.register(&mut other, &[CONTACT]).status, 200);
        world.pass(20 * 15 * SECOND);
        phone.known = None;
        assert_eq!(guess(&mut world, &mut phone), Some(401));
    }
}

#[test]
fn a_telephone_with_a_wrong_password_does_not_silence_its_house() {
    let mut world = World::new();
    let (mut wrong, mut right) =
        (Phone::new("room", "198.51.100.66:1"), Phone::new("ming", "198.51.100.66:2"));
    wrong.password = "old".into();
    for _ in 0..100 {
        guess(&mut world, &mut wrong);
        world.pass(30 * SECOND);
        assert_eq!(world.register(&mut right, &[CONTACT]).status, 200);
    }
}

#[test]
fn a_scanner_that_never_answers_gets_silence() {
    let mut world = World::new();
    let mut scan = |n: u32| {
        let mut phone = Phone::new("nobody", "198.51.100.66:5060");
        phone.cseq = n;
        let request = phone.request(Method::Register, &format!("sip:{DOMAIN}"), &[CONTACT]);
        world.send(phone.at, request).map(|response| response.status)
    };
    let answers: Vec<_> = (0..200).map(&mut scan).collect();
    assert_eq!(answers.iter().flatten().count(), 120);
    // Telephones behind one address that come back all at once, each with its password, are not scanners.
    let mut world = World::new();
    for n in 0..500u32 {
        let mut phone = Phone::new("room", "198.51.100.66:5060");
        phone.call_id = format!("{n}");
        assert_eq!(world.register(&mut phone, &[CONTACT]).status, 200);
    }
}

#[test]
fn an_unknown_user_gets_what_a_known_one_gets() {
    let mut world = World::new();
    let mut answer = |user: &'static str| {
        let mut phone = Phone::new(user, "198.51.100.66:5060");
        phone.password = "guess".into();
        let response = world.register(&mut phone, &[CONTACT]);
        let names: Vec<String> = response.headers.iter().map(|(name, _)| name.to_owned()).collect();
        (response.status, response.reason, names)
    };
    assert_eq!(answer("room"), answer("nobody"));
}

#[test]
fn other_methods_are_not_for_the_registrar() {
    let (mut world, mut phone) = (World::new(), Phone::new("room", "198.51.100.66:5060"));
    assert_eq!(world.ask(&mut phone, Method::Invite, "sip:1@h", &[]).status, 405);
    let invite = phone.request(Method::Invite, "sip:1002@h", &[]);
    let challenged = world.registrar.authenticate(world.now, &invite, &phone.at, &Staff);
    assert!(matches!(challenged, Authentication::Challenge(response) if response.status == 401));
    let mut invite = phone.request(Method::Invite, "sip:1002@h", &[]);
    phone.answer(&mut invite);
    let known = world.registrar.authenticate(world.now, &invite, &phone.at, &Staff);
    assert!(matches!(known, Authentication::Ok(account) if account.user == "room"));
    // The same once more is a replay.
    let again = world.registrar.authenticate(world.now, &invite, &phone.at, &Staff);
    assert!(matches!(again, Authentication::Challenge(response)
        if response.headers.get("WWW-Authenticate").unwrap().contains("stale=true")));
}
