use super::subscription::MAX_PER_ACCOUNT;
use super::*;
use crate::sip::port::{ClientTx, Failure};

/// A NOTIFY that was sent.
struct Told {
    tx: ClientTx,
    target: Target,
    request: Request,
}

impl Told {
    fn header(&self, name: &str) -> &str {
        self.request.headers.get(name).unwrap_or_default()
    }

    fn body(&self) -> &str {
        std::str::from_utf8(&self.request.body).unwrap()
    }

    fn says(&self, text: &str) -> bool {
        self.body().contains(text)
    }
}

impl World {
    fn told(&mut self) -> Vec<Told> {
        let all = std::mem::take(&mut self.out);
        let notify = |output| match output {
            RegistrarOutput::Sip(SipOutput::Send { tx, target, request }) => {
                assert_eq!(request.method, Method::Notify);
                Some(Told { tx, target, request: *request })
            }
            other => panic!("{other:?}"),
        };
        all.into_iter().filter_map(notify).collect()
    }

    fn one(&mut self) -> Told {
        let mut told = self.told();
        assert_eq!(told.len(), 1);
        told.remove(0)
    }

    fn confirm(&mut self, told: &Told, status: u16) {
        let response = Response::to(&told.request, status, None);
        self.tell(RegistrarInput::Sip(SipInput::Response { tx: told.tx, response }));
    }

    fn lamp(&mut self, n: u128, lamp: Lamp) {
        self.tell(RegistrarInput::Presence { of: Watched::Person(person(n)), lamp });
    }
}

fn subscribe(world: &mut World, phone: &mut Phone, number: &str, headers: &[(&str, &str)]) -> Response {
    let contact = format!("<sip:{}@10.0.0.5:5062>", phone.user);
    let to = format!("<sip:{number}@{DOMAIN}>");
    let mut all = vec![("Event", "dialog"), ("Contact", contact.as_str()), ("To", to.as_str())];
    all.extend(headers);
    world.ask(phone, Method::Subscribe, &format!("sip:{number}@{DOMAIN}"), &all)
}

#[test]
fn a_lamp_follows_its_person() {
    let (mut world, mut phone) = (World::new(), Phone::new("room", "203.0.113.9:41000"));
    let route = ("Record-Route", "<sip:edge;lr>");
    let response = subscribe(&mut world, &mut phone, "1002", &[("Expires", "600"), route]);
    assert_eq!((response.status, response.headers.get("Expires")), (200, Some("600")));
    assert_eq!(
        (response.headers.get(route.0), response.headers.get("Contact")),
        (Some(route.1), Some("<sip:1002@switchboard.invalid>"))
    );
    let first = world.one();
    assert_eq!(
        (&first.target, first.request.uri.to_string()),
        (&Target::Hop(phone.at), "sip:room@10.0.0.5:5062".into())
    );
    assert_eq!((first.header("Event"), first.header("Subscription-State")), ("dialog", "active;expires=600"));
    assert_eq!((first.header("Route"), first.header("Call-ID")), ("<sip:edge;lr>", "call-of-room"));
    assert_eq!(first.request.headers.get("From"), response.headers.get("To"), "our tag");
    assert_eq!(
        (first.header("Content-Type"), first.header("CSeq")),
        ("application/dialog-info+xml", "1 NOTIFY")
    );
    assert!(first.header("To").contains("tag=theirs"));
    assert!(
        first.says("version=\"0\"")
            && first.says("entity=\"sip:1002@switchboard.example\"")
            && first.says("<state>terminated</state>")
    );
    world.confirm(&first, 200);
    world.lamp(2, Lamp::Ringing);
    let ringing = world.one();
    assert!(
        ringing.says("version=\"1\"")
            && ringing.says("<state>early</state>")
            && ringing.says("direction=\"recipient\"")
    );
    // While that is on its way, all changes become one.
    world.lamp(2, Lamp::Busy);
    world.lamp(2, Lamp::Idle);
    world.lamp(2, Lamp::Busy);
    assert!(world.told().is_empty());
    world.confirm(&ringing, 100);
    assert!(world.told().is_empty());
    world.confirm(&ringing, 200);
    let busy = world.one();
    assert!(busy.says("version=\"2\"") && busy.says("<state>confirmed</state>"));
    world.confirm(&busy, 200);
    world.lamp(2, Lamp::Busy);
    world.lamp(3, Lamp::Busy);
    assert!(world.told().is_empty(), "nothing has changed for this one");
    // Who comes later sees how it is.
    let mut late = Phone::new("hua", "203.0.113.9:42000");
    subscribe(&mut world, &mut late, "1002", &[]);
    assert!(world.one().says("<state>confirmed</state>"));
}

#[test]
fn a_subscription_is_refreshed_and_ends() {
    let (mut world, mut phone) = (World::new(), Phone::new("room", "203.0.113.9:41000"));
    let response = subscribe(&mut world, &mut phone, "1002", &[("Expires", "600")]);
    let to = response.headers.get("To").unwrap().to_owned();
    let told = world.one();
    world.confirm(&told, 200);
    world.pass(500 * SECOND);
    let refreshed = subscribe(&mut world, &mut phone, "1002", &[("Expires", "600"), ("To", &to)]);
    assert_eq!((refreshed.status, refreshed.headers.get("To")), (200, Some(to.as_str())));
    let told = world.one();
    world.confirm(&told, 200);
    world.pass(599 * SECOND);
    assert!(world.told().is_empty());
    world.pass(2 * SECOND);
    assert_eq!(world.one().header("Subscription-State"), "terminated;reason=timeout");
    assert_eq!((world.registrar.subscriptions.len(), world.registrar.deadline()), (0, None));
    assert_eq!(subscribe(&mut world, &mut phone, "1002", &[("To", &to)]).status, 481);
    // Taken back by the telephone.
    let response = subscribe(&mut world, &mut phone, "1002", &[]);
    let to = response.headers.get("To").unwrap().to_owned();
    let cseq = phone.cseq;
    world.told();
    phone.cseq = 0;
    assert_eq!(subscribe(&mut world, &mut phone, "1002", &[("To", &to)]).status, 500);
    phone.cseq = cseq;
    let mut other = Phone::new("hua", "203.0.113.9:42000");
    other.call_id.clone_from(&phone.call_id);
    other.cseq = 100;
    assert_eq!(subscribe(&mut world, &mut other, "1002", &[("To", &to)]).status, 481, "not theirs");
    let over = subscribe(&mut world, &mut phone, "1002", &[("To", &to), ("Expires", "0")]);
    assert_eq!((over.status, over.headers.get("Expires")), (200, Some("0")));
    assert_eq!(world.one().header("Subscription-State"), "terminated;reason=timeout");
    // Asked once.
    subscribe(&mut world, &mut phone, "1002", &[("Expires", "0")]);
    assert!(world.one().header("Subscription-State").starts_with("terminated"));
    assert_eq!(world.registrar.subscriptions.len(), 0);
}

#[test]
fn a_telephone_that_is_gone_is_told_no_more() {
    for end in [Some(481), Some(404), None] {
        let (mut world, mut phone) = (World::new(), Phone::new("room", "203.0.113.9:41000"));
        subscribe(&mut world, &mut phone, "1002", &[]);
        let told = world.one();
        world.lamp(2, Lamp::Busy);
        match end {
            Some(status) => world.confirm(&told, status),
            None => {
                world.tell(RegistrarInput::Sip(SipInput::Failed { tx: told.tx, failure: Failure::Timeout }))
            }
        }
        assert!(world.told().is_empty());
        assert_eq!((world.registrar.subscriptions.len(), world.registrar.sent.len()), (0, 0));
    }
}

#[test]
fn what_cannot_be_watched_is_refused() {
    type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], u16);
    let table: &[Row<'_>] = &[
        ("1002", &[("Event", "presence")], 489),
        ("1002", &[("Event", "")], 489),
        ("1002", &[("Event", "dialog;id=7")], 200),
        ("1001", &[], 200),
        ("1004", &[], 200),
        ("room", &[], 200),
        ("9999", &[], 404),
        ("1002", &[("Expires", "5")], 423),
        ("1002", &[("Contact", "garbage")], 400),
        ("1002", &[("From", "<sip:room@h>")], 400),
        ("1002", &[("To", "<sip:1002@h>;tag=unknown")], 481),
        ("1002", &[("Event", "message-summary")], 403),
        ("1001", &[("Event", "message-summary")], 200),
    ];
    for (number, headers, status) in table {
        let (mut world, mut phone) = (World::new(), Phone::new("room", "203.0.113.9:41000"));
        let response = subscribe(&mut world, &mut phone, number, headers);
        assert_eq!(response.status, *status, "{number} {headers:?}");
        if *status == 489 {
            assert_eq!(response.headers.get("Allow-Events"), Some("dialog, message-summary"));
        }
        if *status == 200 {
            assert_eq!(world.told().len(), 1);
        }
    }
}

#[test]
fn a_room_has_a_lamp_too() {
    let (mut world, mut phone) = (World::new(), Phone::new("hua", "203.0.113.9:41000"));
    subscribe(&mut world, &mut phone, "1001", &[("Event", "dialog;id=7")]);
    let told = world.one();
    assert_eq!(told.header("Event"), "dialog;id=7");
    world.confirm(&told, 200);
    world.tell(RegistrarInput::Presence { of: Watched::Phone("room".into()), lamp: Lamp::Busy });
    assert!(world.one().says("confirmed"));
}

#[test]
fn missed_calls_light_the_lamp_of_their_person() {
    let (mut world, mut phone) = (World::new(), Phone::new("ming", "203.0.113.9:41000"));
    world.tell(RegistrarInput::Waiting { person: person(2), missed: 2 });
    subscribe(&mut world, &mut phone, "ming", &[("Event", "message-summary")]);
    let told = world.one();
    assert_eq!(told.header("Content-Type"), "application/simple-message-summary");
    let body =
        "Messages-Waiting: yes\r\nMessage-Account: sip:ming@switchboard.example\r\nVoice-Message: 2/0\r\n";
    assert_eq!(told.body(), body);
    world.confirm(&told, 200);
    world.tell(RegistrarInput::Waiting { person: person(3), missed: 1 });
    world.tell(RegistrarInput::Waiting { person: person(2), missed: 2 });
    assert!(world.told().is_empty());
    world.tell(RegistrarInput::Waiting { person: person(2), missed: 0 });
    assert!(world.one().says("Messages-Waiting: no"));
}

#[test]
fn subscriptions_of_one_account_are_bounded() {
    let (mut world, mut phone) = (World::new(), Phone::new("room", "203.0.113.9:41000"));
    for n in 0..MAX_PER_ACCOUNT {
        phone.call_id = format!("call-{n}");
        assert_eq!(subscribe(&mut world, &mut phone, "1002", &[]).status, 200);
    }
    phone.call_id = "one-more".into();
    assert_eq!(subscribe(&mut world, &mut phone, "1002", &[]).status, 503);
    let mut other = Phone::new("hua", "203.0.113.9:41001");
    assert_eq!(subscribe(&mut world, &mut other, "1002", &[]).status, 200);
    assert_eq!(world.registrar.subscriptions.len(), MAX_PER_ACCOUNT + 1);
    world.pass(3601 * SECOND);
    assert_eq!(world.registrar.subscriptions.len(), 0);
}

#[test]
fn what_is_written_is_escaped() {
    let info = super::super::bodies::dialog_info("sip:\"<&'>\u{1}@h", 3, Lamp::Idle);
    assert!(info.contains("entity=\"sip:&quot;&lt;&amp;&apos;&gt;@h\""), "{info}");
    let summary = super::super::bodies::message_summary("sip:a\r\nb@h", 1);
    assert_eq!(summary.lines().count(), 3);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(24))]

    #[test]
    fn whatever_is_subscribed_is_kept_straight(
        steps in proptest::collection::vec((0..4u8, "[a-z;= <>@:\"]{0,20}", 0..4000u32), 0..30)
    ) {
        let (mut world, mut phone) = (World::new(), Phone::new("room", "203.0.113.9:41000"));
        for (kind, text, number) in steps {
            match kind {
                0 => drop(subscribe(&mut world, &mut phone, "1002", &[("Expires", &number.to_string())])),
                1 => drop(subscribe(&mut world, &mut phone, "1002", &[("Contact", &text), ("From", &text)])),
                2 => drop(subscribe(&mut world, &mut phone, "1002", &[("To", &text), ("Event", &text)])),
                _ => world.lamp(2, if number % 2 == 0 { Lamp::Busy } else { Lamp::Idle }),
            }
            for told in world.told() {
                proptest::prop_assert!(told.body().is_char_boundary(0));
                if number % 3 == 0 {
                    world.confirm(&told, 200);
                }
            }
            world.out.clear();
            world.registrar.subscriptions.len();
        }
        world.pass(3601 * SECOND);
        proptest::prop_assert_eq!(world.registrar.subscriptions.len(), 0);
    }
}
