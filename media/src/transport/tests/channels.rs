//! Data channels end to end.

use std::time::Duration;

use bytes::Bytes;
use rtc_sctp::PayloadProtocolIdentifier as Kind;

use super::sim::{Fate, Sim};
use crate::transport::{ChannelId, Input, Message, Output};

fn opened() -> Sim {
    let mut sim = Sim::with_channels();
    let datagrams = sim.client.open_channel(sim.now, 0, "control");
    sim.client_sends(datagrams);
    sim.run_for(Duration::from_millis(200));
    sim
}

fn send(sim: &mut Sim, kind: Kind, data: &[u8]) {
    let datagrams = sim.client.send(sim.now, 0, kind, data);
    sim.client_sends(datagrams);
    sim.run_for(Duration::from_millis(500));
}

fn messages(sim: &Sim) -> Vec<&Message> {
    let messages = sim.outputs.iter().filter_map(|output| match output {
        Output::Data { message, label, .. } => {
            assert_eq!(&**label, "control");
            Some(message)
        }
        _ => None,
    });
    messages.collect()
}

fn refused(sim: &Sim) -> usize {
    sim.outputs.iter().filter(|output| matches!(output, Output::SendRefused(_))).count()
}

#[test]
fn messages_arrive_whole_both_ways() {
    let mut sim = opened();
    assert_eq!(sim.client.received, [(0, Kind::Dcep, vec![2])], "the channel is acknowledged");
    let long = vec![7; 16 * 1024];
    send(&mut sim, Kind::String, "哈囉".as_bytes());
    send(&mut sim, Kind::Binary, &long);
    assert_eq!(
        messages(&sim),
        [&Message::Text("哈囉".to_owned()), &Message::Binary(Bytes::from(long.clone()))]
    );
    for message in [Message::Text("好".to_owned()), Message::Binary(Bytes::from(long.clone()))] {
        sim.give(Input::SendData { channel: ChannelId(0), message });
        sim.run_for(Duration::from_millis(500));
    }
    assert_eq!(
        sim.client.received[1..],
        [(0, Kind::String, "好".as_bytes().to_vec()), (0, Kind::Binary, long)]
    );
    assert_eq!(refused(&sim), 0);
}

#[test]
fn what_is_too_long_or_has_no_channel_is_refused() {
    let mut sim = opened();
    let too_long = Message::Binary(Bytes::from(vec![0; 16 * 1024 + 1]));
    sim.give(Input::SendData { channel: ChannelId(0), message: too_long });
    sim.give(Input::SendData { channel: ChannelId(4), message: Message::Text("x".to_owned()) });
    assert_eq!(refused(&sim), 2);
    send(&mut sim, Kind::String, &[0xFF, 0xFE]);
    send(&mut sim, Kind::Binary, &[1; 20_000]);
    assert!(messages(&sim).is_empty());
    assert_eq!(sim.peer.stats().data_dropped, 2);
    send(&mut sim, Kind::String, b"still here");
    assert_eq!(messages(&sim).len(), 1);
}

#[test]
fn a_client_that_does_not_acknowledge_is_not_buffered_for() {
    let mut sim = opened();
    let message = Message::Binary(Bytes::from(vec![0; 10_000]));
    for _ in 0..20 {
        sim.give(Input::SendData { channel: ChannelId(0), message: message.clone() });
    }
    assert_eq!(refused(&sim), 14, "64 KiB wait at most");
    sim.run_for(Duration::from_secs(5));
    sim.give(Input::SendData { channel: ChannelId(0), message });
    assert_eq!(refused(&sim), 14, "acknowledged, so there is room again");
}

#[test]
fn channels_are_bounded() {
    let mut sim = opened();
    for id in 1..20 {
        let datagrams = sim.client.open_channel(sim.now, id, "more");
        sim.client_sends(datagrams);
        sim.run_for(Duration::from_millis(50));
    }
    let opened = sim.outputs.iter().filter(|output| matches!(output, Output::ChannelOpened { .. })).count();
    assert_eq!(opened, 8);
    assert_eq!(sim.peer.stats().data_dropped, 12);
}

#[test]
fn a_peer_without_channels_refuses_to_send() {
    let mut sim = Sim::plain();
    sim.give(Input::SendData { channel: ChannelId(0), message: Message::Text("x".to_owned()) });
    assert_eq!(refused(&sim), 1);
}

#[test]
fn messages_arrive_once_and_in_order_over_a_bad_link() {
    let mut sim = opened();
    let mut state = 0x5EED_u64;
    sim.faults = Box::new(move |_, _, _| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        match state % 10 {
            0..=2 => Fate::Lose,
            3 => Fate::Twice,
            4 => Fate::Late(Duration::from_millis(state >> 20 & 63)),
            _ => Fate::Deliver,
        }
    });
    for number in 0..40 {
        let text = format!("{number}");
        let datagrams = sim.client.send(sim.now, 0, Kind::String, text.as_bytes());
        sim.client_sends(datagrams);
        sim.give(Input::SendData { channel: ChannelId(0), message: Message::Text(text) });
        sim.run_for(Duration::from_millis(20));
    }
    sim.run_for(Duration::from_secs(120));
    let numbers: Vec<Message> = (0..40).map(|number| Message::Text(number.to_string())).collect();
    assert_eq!(messages(&sim), numbers.iter().collect::<Vec<_>>());
    let texts: Vec<Vec<u8>> = sim.client.received[1..].iter().map(|(_, _, data)| data.clone()).collect();
    assert_eq!(texts, (0..40).map(|number| number.to_string().into_bytes()).collect::<Vec<_>>());
    assert_eq!(sim.closed(), None);
}
