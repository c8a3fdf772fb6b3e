//! The association against a client of rtc-sctp, without DTLS between.

use rtc_sctp::ClientConfig;

use super::*;

/// A client and its packets so far.
struct Client {
    now: Instant,
    endpoint: Endpoint,
    association: Association,
}

impl Client {
    fn new() -> Self {
        #[expect(clippy::disallowed_methods, reason = "a start for virtual time; nothing depends on when")]
        let now = Instant::now();
        let mut endpoint = Endpoint::new(PEER, TransportProtocol::UDP, Arc::default(), None);
        let (_, association) = endpoint.connect(now, ClientConfig::default(), PEER).unwrap();
        Client { now, endpoint, association }
    }

    fn packets(&mut self) -> Vec<Bytes> {
        let mut packets = Vec::new();
        while let Some(transmit) = self.association.poll_transmit(self.now) {
            if let Payload::RawEncode(more) = transmit.message {
                packets.extend(more);
            }
        }
        packets
    }

    fn take(&mut self, packet: Bytes) {
        if let Some((_, DatagramEvent::AssociationEvent(event))) =
            self.endpoint.handle(self.now, PEER, None, packet)
        {
            self.association.handle_event(event);
        }
        while self.association.poll().is_some() {}
    }

    fn write(&mut self, id: u16, kind: PayloadProtocolIdentifier, data: Vec<u8>) {
        let _ = self.association.open_stream(id, kind);
        let mut stream = self.association.stream(id).unwrap();
        stream.write_sctp(self.now, &data.into(), kind).unwrap();
    }

    /// Exchanges packets until nobody has any; returns the server's other events.
    fn exchange(&mut self, server: &mut Sctp) -> Vec<Event> {
        let mut events = Vec::new();
        loop {
            let packets = self.packets();
            if packets.is_empty() {
                return events;
            }
            let mut out = Vec::new();
            packets.into_iter().for_each(|packet| server.handle(self.now, packet, &mut out));
            for event in out {
                match event {
                    Event::Packet(packet) => self.take(packet),
                    other => events.push(other),
                }
            }
        }
    }
}

fn open(label: &str) -> Vec<u8> {
    let mut open = vec![3, 0, 0, 0, 0, 0, 0, 0, 0, label.len() as u8, 0, 0];
    open.extend_from_slice(label.as_bytes());
    open
}

fn sent(events: Vec<Event>) -> Vec<Bytes> {
    let packets = events.into_iter().filter_map(|event| match event {
        Event::Packet(packet) => Some(packet),
        _ => None,
    });
    packets.collect()
}

#[test]
fn a_repeated_init_does_not_spoil_the_first() {
    let mut server = Sctp::new(&Config::new());
    let mut client = Client::new();
    let init = client.packets().remove(0);
    let mut out = Vec::new();
    for _ in 0..3 {
        server.handle(client.now, init.clone(), &mut out);
    }
    // The client goes on with the first answer.
    client.take(sent(out).remove(0));
    assert_eq!(client.exchange(&mut server), []);
    client.write(0, PayloadProtocolIdentifier::Dcep, open("a"));
    let events = client.exchange(&mut server);
    assert!(matches!(events[..], [Event::Opened(ChannelId(0), _)]), "{events:?}");
    client.now += std::time::Duration::from_secs(100);
    server.handle_timeout(client.now, &mut Vec::new());
    assert!(server.up.is_some(), "those begun and left do not matter");
}

#[test]
fn a_client_that_starts_over_loses_its_channels() {
    let mut server = Sctp::new(&Config::new());
    let mut first = Client::new();
    first.exchange(&mut server);
    first.write(0, PayloadProtocolIdentifier::Dcep, open("old"));
    assert_eq!(first.exchange(&mut server).len(), 1);
    let mut second = Client::new();
    let mut events = second.exchange(&mut server);
    second.write(2, PayloadProtocolIdentifier::Dcep, open("new"));
    events.extend(second.exchange(&mut server));
    assert!(
        matches!(events[..], [Event::Closed(ChannelId(0)), Event::Opened(ChannelId(2), _)]),
        "{events:?}"
    );
    assert_eq!(server.channels.len(), 1);
}

#[test]
fn inits_are_bounded() {
    let mut server = Sctp::new(&Config::new());
    let mut answers = 0;
    for _ in 0..100 {
        let mut client = Client::new();
        let mut out = Vec::new();
        server.handle(client.now, client.packets().remove(0), &mut out);
        answers += sent(out).len();
    }
    assert_eq!(answers, MAX_INITS as usize);
    assert_eq!(server.associations.len(), MAX_BEGUN);
}

#[test]
fn a_stream_beyond_the_announced_ones_does_not_open() {
    let mut server = Sctp::new(&Config::new());
    let mut client = Client::new();
    client.exchange(&mut server);
    client.write(MAX_STREAMS as u16, PayloadProtocolIdentifier::Dcep, open("far"));
    assert_eq!(client.exchange(&mut server), []);
    assert_eq!(server.dropped, 1);
}

#[test]
fn streams_are_counted_and_messages_without_end_are_cut_off() {
    let mut incomplete = Incomplete::default();
    let data = |stream: u16, len: usize| {
        let mut packet = vec![0; 12];
        packet.extend_from_slice(&[0, 2]);
        packet.extend_from_slice(&(16 + len as u16).to_be_bytes());
        packet.extend_from_slice(&[0, 0, 0, 1]);
        packet.extend_from_slice(&stream.to_be_bytes());
        packet.extend_from_slice(&[0; 6]);
        packet.resize(packet.len() + len, 9);
        packet
    };
    assert!(incomplete.admit(&data(31, 100)));
    assert!(!incomplete.admit(&data(32, 100)));
    assert!(!incomplete.admit(&data(0, 100)[..60]), "cut off");
    let taken = (0..1_000).filter(|_| incomplete.admit(&data(0, 1_000))).count();
    assert_eq!(taken, 262);
    incomplete.complete(0);
    assert!(incomplete.admit(&data(0, 1_000)));
    assert!(incomplete.admit(&[0; 12]), "no chunk");
    assert!(!incomplete.admit(&[0; 16]), "a chunk shorter than its header");
}
