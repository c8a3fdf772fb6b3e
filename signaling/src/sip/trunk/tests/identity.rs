use super::*;

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn a_pbx_is_known_by_where_its_requests_come_from() {
    let mut second = trunk("peers", "192.0.2.2");
    second.peers = vec![address("198.51.100.7"), address("2001:db8::7")];
    let tcp = TrunkConfig { protocol: Protocol::Tcp, ..trunk("tcp", "[2001:db8::3]") };
    let tls = TrunkConfig {
        protocol: Protocol::Tls,
        port: 5061,
        peers: vec![address("198.51.100.8")],
        ..trunk("tls", "192.0.2.4")
    };
    let world = World::started(&config(vec![trunk("one", "192.0.2.1"), second, tcp, tls]));
    let table = [
        ("192.0.2.1:5060", Protocol::Udp, Some(0)),
        ("[::ffff:192.0.2.1]:5060", Protocol::Udp, Some(0)),
        // Another program on the same machine, such as a telephone.
        ("192.0.2.1:5071", Protocol::Udp, None),
        ("192.0.2.1:5060", Protocol::Tcp, None),
        ("192.0.2.9:5060", Protocol::Udp, None),
        ("198.51.100.7:40000", Protocol::Udp, Some(1)),
        ("198.51.100.7:40000", Protocol::Tcp, Some(1)),
        ("[2001:db8::7]:5060", Protocol::Udp, Some(1)),
        // Connections come from any port.
        ("[2001:db8::3]:40000", Protocol::Tcp, Some(2)),
        ("[2001:db8::3]:5060", Protocol::Udp, None),
        ("192.0.2.4:40000", Protocol::Tls, Some(3)),
        ("192.0.2.4:40000", Protocol::Tcp, None),
        ("198.51.100.8:40000", Protocol::Tls, Some(3)),
        // TLS is never done without.
        ("198.51.100.8:5060", Protocol::Udp, None),
    ];
    for (from, protocol, found) in table {
        let request = invite("sip:1234@switchboard.example", &[]);
        let trunk = world.trunks.identify(&hop(from, protocol), &request);
        assert_eq!(trunk.map(|id| id.0), found, "{from} {protocol:?}");
    }
}

#[test]
fn several_accounts_at_one_pbx_are_told_apart_by_name() {
    let second = TrunkConfig { user: "hub2".into(), ..trunk("two", "192.0.2.1") };
    let world = World::started(&config(vec![trunk("one", "192.0.2.1"), second]));
    let from = hop("192.0.2.1:5060", Protocol::Udp);
    let table = [
        ("sip:hub@203.0.113.1", "<sip:1@h>", 0),
        ("sip:hub2@203.0.113.1", "<sip:1@h>", 1),
        ("sip:1234@203.0.113.1", "<sip:hub2@h>", 1),
        ("sip:1234@203.0.113.1", "<sip:1234@h>", 0),
        ("sip:203.0.113.1", "nonsense", 0),
    ];
    for (uri, to, found) in table {
        assert_eq!(
            world.trunks.identify(&from, &invite(uri, &[("To", to)])),
            Some(TrunkId(found)),
            "{uri} {to}"
        );
    }
}

#[test]
fn a_name_is_looked_up_and_looked_up_again() {
    let mut world = World::started(&config(vec![trunk("one", "pbx.example")]));
    let resolve = TrunkOutput::Resolve {
        trunk: TrunkId(0),
        host: "pbx.example".into(),
        port: 5060,
        protocol: Protocol::Udp,
    };
    let asked = |world: &mut World| {
        let all = std::mem::take(&mut world.out);
        all.into_iter().filter(|output| *output == resolve).count()
    };
    assert_eq!(asked(&mut world), 1);
    let from = hop("192.0.2.77:5060", Protocol::Udp);
    let request = invite("sip:1234@h", &[]);
    assert_eq!(world.trunks.identify(&from, &request), None);
    let tell =
        |world: &mut World, addresses| world.tell(TrunkInput::Resolved { trunk: TrunkId(0), addresses });
    tell(&mut world, vec![address("192.0.2.77")]);
    assert_eq!(world.trunks.identify(&from, &request), Some(TrunkId(0)));
    world.pass(301 * SECOND);
    assert_eq!(asked(&mut world), 1);
    // A name server that fails does not cut the PBX off.
    tell(&mut world, Vec::new());
    assert_eq!(world.trunks.identify(&from, &request), Some(TrunkId(0)));
    world.pass(16 * SECOND);
    assert_eq!(asked(&mut world), 1);
    tell(&mut world, vec![address("192.0.2.78")]);
    assert_eq!(world.trunks.identify(&from, &request), None);
    world.tell(TrunkInput::Resolved { trunk: TrunkId(9), addresses: Vec::new() });
}

#[test]
fn an_address_in_the_configuration_is_not_looked_up() {
    let mut world = World::started(&config(vec![trunk("one", "192.0.2.1"), trunk("two", "[2001:db8::1]")]));
    assert!(!world.out.iter().any(|output| matches!(output, TrunkOutput::Resolve { .. })));
    // Nor is it replaced by what somebody says.
    world.tell(TrunkInput::Resolved { trunk: TrunkId(0), addresses: vec![address("203.0.113.9")] });
    let request = invite("sip:1@h", &[]);
    assert_eq!(world.trunks.identify(&hop("203.0.113.9:5060", Protocol::Udp), &request), None);
}

#[test]
fn identities_are_believed_from_trusted_trunks_only() {
    let mut trusted = TrunkConfig { trusted_identity: true, ..trunk("trusted", "192.0.2.1") };
    trusted.inbound = vec![PrefixRule { prefix: "0".into(), strip: 1, add: "+886".into() }];
    let world = World::started(&config(vec![trusted, trunk("open", "192.0.2.2")]));
    let from = ("From", "\"Mallory\" <sip:666@evil.example>;tag=1");
    let asserted = ("P-Asserted-Identity", "\"李 大華\" <sip:0227208889;ext=1@pbx>, <tel:+886227208889>");
    let caller = |trunk, headers: &[(&str, &str)]| {
        let found = world.trunks.caller(TrunkId(trunk), &invite("sip:1@h", headers));
        (found.name.unwrap_or_default(), found.number.unwrap_or_default())
    };
    let pair = |name: &str, number: &str| (name.to_owned(), number.to_owned());
    assert_eq!(caller(0, &[from, asserted]), pair("李 大華", "+886227208889"));
    assert_eq!(caller(1, &[from, asserted]), pair("Mallory", "666"));
    assert_eq!(caller(0, &[from]), pair("Mallory", "666"));
    let tel = ("P-Asserted-Identity", "<tel:02-2720-8889>");
    assert_eq!(caller(0, &[from, tel]), pair("", "+886227208889"));
    // An assertion without a number says nothing.
    assert_eq!(caller(0, &[from, ("P-Asserted-Identity", "<sip:pbx@pbx>")]), pair("Mallory", "666"));
    assert_eq!(caller(0, &[from, asserted, ("Privacy", "id")]), pair("", ""));
    assert_eq!(caller(1, &[from, ("Privacy", "critical;USER")]), pair("", ""));
    assert_eq!(caller(1, &[("From", "\"Anonymous\" <sip:anonymous@anonymous.invalid>")]), pair("", ""));
    let turned = ("From", "\"a\u{202e}b\u{200b}c\" <sip:12@h>");
    assert_eq!(caller(1, &[turned]), pair("abc", "12"));
    let long = format!("\"{}\" <sip:12@h>", "長".repeat(500));
    assert_eq!(caller(1, &[("From", &long)]).0.chars().count(), 64);
    assert_eq!(caller(1, &[("From", "garbage")]), pair("", ""));
    assert_eq!(caller(1, &[]), pair("", ""));
    assert_eq!(caller(7, &[from]), pair("", ""));
    let diverted = ("Diversion", "\"Office\" <sip:02@pbx>;reason=no-answer, <sip:3@pbx>");
    let who = |trunk| world.trunks.diverted(TrunkId(trunk), &invite("sip:1@h", &[from, diverted]));
    assert_eq!(who(0), Some(Caller { name: Some("Office".into()), number: Some("+8862".into()) }));
    assert_eq!(who(1), None);
}

#[test]
fn the_number_that_is_called_is_found_where_the_pbx_puts_it() {
    let mut account = registering("account", "192.0.2.1");
    account.inbound = vec![PrefixRule { prefix: "9".into(), strip: 1, add: String::new() }];
    let world = World::started(&config(vec![account, trunk("peer", "192.0.2.2")]));
    let table = [
        (0, "sip:91234@203.0.113.1", "<sip:5@h>", Some("1234")),
        (0, "sip:hub@203.0.113.1", "<sip:91234@h>", Some("1234")),
        (0, "sip:hub@203.0.113.1", "<sip:hub@h>", Some("hub")),
        (0, "sip:hub@203.0.113.1", "garbage", Some("hub")),
        (1, "sip:hub@203.0.113.1", "<sip:1234@h>", Some("hub")),
        (1, "sip:203.0.113.1", "<sip:1234@h>", Some("1234")),
        (1, "sip:203.0.113.1", "<sip:h>", None),
        (7, "sip:1@h", "<sip:2@h>", None),
    ];
    for (trunk, uri, to, called) in table {
        let found = world.trunks.called(TrunkId(trunk), &invite(uri, &[("To", to)]));
        assert_eq!(found.as_deref(), called, "{uri} {to}");
    }
    assert_eq!(world.trunks.inbound(TrunkId(0), "91234"), "1234");
    assert_eq!(world.trunks.inbound(TrunkId(7), "91234"), "91234");
}
