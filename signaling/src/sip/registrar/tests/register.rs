use super::*;

const CONTACT: (&str, &str) = ("Contact", "<sip:room@10.0.0.5:5062>;expires=120");

#[test]
fn a_telephone_registers_and_is_found_where_it_came_from() {
    let (mut world, mut phone) = (World::new(), Phone::new("room", "203.0.113.9:41000"));
    let bare = phone.request(Method::Register, &format!("sip:{DOMAIN}"), &[CONTACT]);
    let challenged = world.send(phone.at, bare).unwrap();
    assert_eq!(challenged.status, 401);
    assert!(challenged.headers.get("WWW-Authenticate").unwrap().contains(DOMAIN));
    assert!(!world.registrar.knows(&phone.at));
    let response = world.register(&mut phone, &[CONTACT, ("User-Agent", "Desk 1\u{7}")]);
    assert_eq!(
        (response.status, response.headers.get("Contact")),
        (200, Some("<sip:room@10.0.0.5:5062>;expires=120"))
    );
    assert_eq!(world.out.pop_front(), Some(RegistrarOutput::Registered { user: "room".into() }));
    let found = world.registrar.bindings("room").remove(0);
    assert_eq!((found.uri.host.as_str(), &found.target), ("10.0.0.5", &Target::Hop(phone.at)));
    assert!(world.registrar.knows(&phone.at) && !world.registrar.knows(&hop("203.0.113.9:41001")));
    let view = world.registrar.views().remove(0);
    assert_eq!((view.user.as_str(), view.address.as_str()), ("room", "203.0.113.9:41000"));
    assert_eq!((view.user_agent.as_str(), view.expires_at_ms), ("Desk 1", 1_120_000));
    // Refreshes count on with the same nonce, past 9.
    for _ in 0..20 {
        world.pass(50 * SECOND);
        let mut request = phone.request(Method::Register, &format!("sip:{DOMAIN}"), &[CONTACT]);
        phone.answer(&mut request);
        assert_eq!(world.send(phone.at, request).unwrap().status, 200);
    }
    assert!(world.out.is_empty());
    // Behind a router that gave it another port.
    phone.at = hop("203.0.113.9:52000");
    world.register(&mut phone, &[CONTACT]);
    assert_eq!(world.registrar.bindings("room").len(), 1);
    assert_eq!(world.registrar.bindings("room")[0].target, Target::Hop(phone.at));
    assert!(!world.registrar.knows(&hop("203.0.113.9:41000")));
    world.pass(121 * SECOND);
    assert_eq!(world.out.pop_front(), Some(RegistrarOutput::Unregistered { user: "room".into() }));
    assert!(world.registrar.bindings("room").is_empty() && !world.registrar.knows(&phone.at));
    assert_eq!(world.registrar.deadline(), None);
}

#[test]
fn contacts_are_added_replaced_and_removed() {
    let (mut world, mut phone) = (World::new(), Phone::new("ming", "203.0.113.9:5060"));
    // Headers and the number of contacts after them.
    type Row<'a> = (&'a [(&'a str, &'a str)], u16, usize);
    let table: &[Row<'_>] = &[
        (&[("Contact", "<sip:a@h>;q=0.5, <sip:b@h>;q=0.7")], 200, 2),
        (&[("Contact", "<sip:a@H>")], 200, 2),
        (&[("Contact", "<sip:a@h;transport=tcp>;q=0.1")], 200, 3),
        (&[("Contact", "<sip:a@h:5070>")], 200, 4),
        (&[], 200, 4),
        (&[("Contact", "<sip:a@h:5070>;expires=0")], 200, 3),
        (&[("Contact", "<sip:nobody@h>;expires=0")], 200, 3),
        (&[("Contact", "<sip:a@h;transport=TCP>, <sip:b@h>"), ("Expires", "0")], 200, 1),
        (&[("Contact", "<sip:c@h>;+sip.instance=\"<urn:uuid:1>\"")], 200, 2),
        (&[("Contact", "<sip:c@other>;+sip.instance=\"<urn:uuid:1>\"")], 200, 2),
        (&[("Contact", "*")], 400, 2),
        (&[("Contact", "*, <sip:a@h>"), ("Expires", "0")], 400, 2),
        (&[("Contact", "*"), ("Expires", "60")], 400, 2),
        (&[("Contact", "garbage")], 400, 2),
        (&[("Contact", "<tel:1>")], 400, 2),
        (&[("Contact", "<sip:a@h?Route=x>")], 400, 2),
        (&[("Contact", "<sip:d@h>, <sip:e@h>;expires=5")], 423, 2),
        (&[("Contact", "<sip:d@h>"), ("Require", "gruu")], 420, 2),
        (&[("Contact", "<sip:d@h>"), ("To", "<sip:hua@h>")], 403, 2),
        (&[("Contact", "<sip:d@h>"), ("To", "<sip:1002@h>")], 200, 3),
        (&[("Contact", "<sip:d@h>"), ("To", "x")], 400, 3),
        (&[("Contact", "*"), ("Expires", "0")], 200, 0),
    ];
    for (headers, status, count) in table {
        let response = world.register(&mut phone, headers);
        assert_eq!((response.status, world.contacts("ming").len()), (*status, *count), "{headers:?}");
    }
    let changes = [
        RegistrarOutput::Registered { user: "ming".into() },
        RegistrarOutput::Unregistered { user: "ming".into() },
    ];
    assert_eq!(world.out, changes);
}

#[test]
fn times_are_kept_within_bounds() {
    let (mut world, mut phone) = (World::new(), Phone::new("ming", "203.0.113.9:5060"));
    let table =
        [("30", 423, None), ("60", 200, Some("60")), ("99999", 200, Some("3600")), ("x", 200, Some("3600"))];
    for (expires, status, granted) in table {
        let response = world.register(&mut phone, &[("Contact", "<sip:a@h>"), ("Expires", expires)]);
        assert_eq!(response.status, status, "{expires}");
        let contact = response.headers.address("Contact").ok();
        assert_eq!(contact.as_ref().and_then(|contact| contact.params.get("expires")), granted, "{expires}");
        if status == 423 {
            assert_eq!(response.headers.get("Min-Expires"), Some("60"));
        }
    }
}

#[test]
fn the_preferred_telephone_is_first_and_the_oldest_makes_room() {
    let (mut world, mut phone) = (World::new(), Phone::new("ming", "203.0.113.9:5060"));
    for (contact, expires) in [("a", 600), ("b", 70), ("c", 800), ("d", 900), ("e", 1000)] {
        let value = format!("<sip:{contact}@h>;q=0.5;expires={expires}");
        assert_eq!(world.register(&mut phone, &[("Contact", &value)]).status, 200);
    }
    world.register(&mut phone, &[("Contact", "<sip:f@h>;q=0.9;expires=60")]);
    assert_eq!(world.contacts("ming"), ["sip:f@h", "sip:a@h", "sip:c@h", "sip:d@h", "sip:e@h"]);
    world.pass(601 * SECOND);
    assert_eq!(world.contacts("ming"), ["sip:c@h", "sip:d@h", "sip:e@h"]);
    let many: Vec<String> = (0..11).map(|n| format!("<sip:{n}@h>")).collect();
    assert_eq!(world.register(&mut phone, &[("Contact", &many.join(","))]).status, 403);
    assert_eq!(world.contacts("ming").len(), 3);
}

#[test]
fn an_older_request_changes_nothing() {
    let (mut world, mut phone) = (World::new(), Phone::new("ming", "203.0.113.9:5060"));
    world.register(&mut phone, &[("Contact", "<sip:a@h>")]);
    let cseq = phone.cseq;
    phone.cseq = 0;
    let response = world.register(&mut phone, &[("Contact", "<sip:a@h>;expires=0")]);
    assert_eq!((response.status, world.contacts("ming").len()), (500, 1));
    phone.cseq = 0;
    assert_eq!(world.register(&mut phone, &[("Contact", "*"), ("Expires", "0")]).status, 500);
    // After a restart the telephone has another Call-ID.
    (phone.cseq, phone.call_id) = (0, "another".into());
    assert_eq!(world.register(&mut phone, &[("Contact", "<sip:a@h>;expires=0")]).status, 200);
    assert!(world.contacts("ming").is_empty() && cseq > 0);
}

#[test]
fn a_path_is_kept_and_echoed() {
    let (mut world, mut phone) = (World::new(), Phone::new("ming", "203.0.113.9:5060"));
    let path = [("Contact", "<sip:a@h>"), ("Path", "<sip:edge;lr>, <sip:core;lr>"), ("Require", "path")];
    let response = world.register(&mut phone, &path);
    assert_eq!(response.headers.list("Path").count(), 2);
    assert_eq!(world.registrar.bindings("ming")[0].route, ["<sip:edge;lr>", "<sip:core;lr>"]);
    let long = "<sip:e;lr>,".repeat(5);
    assert_eq!(world.register(&mut phone, &[("Contact", "<sip:b@h>"), ("Path", &long)]).status, 403);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(24))]

    #[test]
    fn whatever_a_telephone_registers_is_bounded(
        contacts in proptest::collection::vec("[*<>sip:@;=a-c,\" .0-9]{0,40}", 0..8),
        expires in "[0-9-]{0,12}",
        to in ".{0,20}",
    ) {
        let (mut world, mut phone) = (World::new(), Phone::new("ming", "203.0.113.9:5060"));
        world.register(&mut phone, &[("Contact", "<sip:a@h>")]);
        for contact in &contacts {
            world.register(&mut phone, &[("Contact", contact), ("Expires", &expires)]);
            world.register(&mut phone, &[("Contact", contact), ("To", &to)]);
            proptest::prop_assert!(world.contacts("ming").len() <= 5);
        }
        world.pass(3601 * SECOND);
        proptest::prop_assert!(world.contacts("ming").is_empty());
        proptest::prop_assert_eq!(world.registrar.deadline(), None);
    }
}
