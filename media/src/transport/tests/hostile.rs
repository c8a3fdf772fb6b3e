//! Damaged and invented datagrams: no panic, no keys, bounded memory.

use std::time::Duration;

use super::client::Behaviour;
use super::sim::{Fate, Sim};
use crate::transport::{Input, Output};

/// xorshift64: the same numbers in each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }

    /// Flips, cuts, lengthens or joins.
    fn damage(&mut self, datagram: &[u8], other: &[u8]) -> Vec<u8> {
        let mut bytes = datagram.to_vec();
        for _ in 0..=self.roll(4) {
            match self.roll(5) {
                0 => bytes.truncate(self.roll(bytes.len() + 1)),
                1 => bytes.extend_from_slice(&other[..self.roll(other.len())]),
                2 if !bytes.is_empty() => {
                    let at = self.roll(bytes.len());
                    bytes[at] = [0, 1, 0x7F, 0xFF][self.roll(4)];
                }
                _ if !bytes.is_empty() => {
                    let at = self.roll(bytes.len());
                    bytes[at] ^= 1 << self.roll(8);
                }
                _ => {}
            }
        }
        bytes
    }
}

/// The datagrams of one whole session with a data channel, as the peer got them.
fn session(mtu: usize) -> Vec<Vec<u8>> {
    let mut sim = Sim::new(Behaviour { mtu, ..Behaviour::default() }, Box::new(|_, _, _| Fate::Deliver));
    assert!(sim.run_until(Duration::from_secs(1), |sim| sim.connected()));
    let datagrams = sim.client.connect_sctp(sim.now);
    sim.client_sends(datagrams);
    sim.run_for(Duration::from_millis(100));
    sim.log
}

#[test]
fn damaged_datagrams_neither_panic_nor_connect() {
    for mtu in [1_200, 90] {
        let log = session(mtu);
        let mut dice = Dice(0x5EED + mtu as u64);
        for _ in 0..60 {
            // A peer with an authenticated address, so that DTLS gets to see what comes.
            let mut sim = Sim::plain();
            sim.run_until(Duration::from_millis(25), |_| false);
            let from = sim.client.address;
            for _ in 0..60 {
                let datagram = &log[dice.roll(log.len())];
                let other = &log[dice.roll(log.len())];
                let damaged = dice.damage(datagram, other);
                sim.now += Duration::from_millis(dice.roll(50) as u64);
                sim.give(Input::Datagram { from, data: &damaged });
            }
            assert!(sim.keys().is_none());
        }
    }
}

#[test]
fn a_session_goes_on_through_damaged_datagrams() {
    let mut dice = Dice(77);
    let mut sim = Sim::with_channels();
    let log = sim.log.clone();
    let from = sim.client.address;
    for _ in 0..2_000 {
        let (datagram, other) = (&log[dice.roll(log.len())], &log[dice.roll(log.len())]);
        let damaged = dice.damage(datagram, other);
        sim.give(Input::Datagram { from, data: &damaged });
    }
    assert_eq!(sim.closed(), None);
    let datagrams = sim.client.open_channel(sim.now, 0, "still");
    sim.client_sends(datagrams);
    sim.run_for(Duration::from_secs(2));
    assert!(sim.outputs.iter().any(|output| matches!(output, Output::ChannelOpened { .. })));
}

#[test]
fn a_flood_of_fragments_is_cut_off() {
    let mut sim = Sim::plain();
    sim.run_until(Duration::from_millis(25), |_| false);
    let from = sim.client.address;
    let before = sim.peer.stats().dtls_dropped;
    for n in 0..5_000_u32 {
        // One byte of a 16 KB message each.
        let mut record = vec![22, 0xFE, 0xFD, 0, 0];
        record.extend_from_slice(&u64::from(n + 100).to_be_bytes()[2..]);
        record.extend_from_slice(&[0, 13, 1, 0, 0x40, 0, 0, 5, 0]);
        record.extend_from_slice(&(n as u16).to_be_bytes());
        record.extend_from_slice(&[0, 0, 1, 9]);
        sim.give(Input::Datagram { from, data: &record });
    }
    assert!(sim.peer.stats().dtls_dropped - before > 4_700);
}
