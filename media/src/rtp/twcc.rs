//! Transport-wide congestion control feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01): which packets of a
//! publisher arrived when, so that its bandwidth estimator works.

use std::collections::VecDeque;
use std::time::Instant;

use super::ParseError;
use super::rtcp::{FMT_TRANSPORT_CC, PT_TRANSPORT_FEEDBACK, Writer};
use super::sequence::SequenceUnwrapper;

/// Most packets that one feedback describes; a video publisher sends about 100 per interval. What exceeds it is told as
/// lost, which makes the publisher slow down.
const MAX_PACKETS: usize = 512;
/// Widest hole that is told packet by packet; beyond it a new feedback starts behind the hole.
const MAX_HOLE: u64 = 512;
/// A packet this far behind is no late one: the sender began to count anew.
const RESTART: u64 = 4096;
/// Unit of a receive delta.
const DELTA_US: i64 = 250;
/// Unit of the reference time, in deltas: 64 ms.
const REFERENCE_DELTAS: i64 = 256;
/// Symbols in a two-bit status vector.
const VECTOR_SYMBOLS: usize = 7;

/// Packet status symbols.
const NOT_RECEIVED: u8 = 0;
const SMALL_DELTA: u8 = 1;
const LARGE_DELTA: u8 = 2;

/// Arrivals since the last feedback, in order of sequence. Holds no memory until the first packet.
#[derive(Debug)]
pub struct TwccRecorder {
    epoch: Instant,
    unwrapper: SequenceUnwrapper,
    /// Extended transport-wide sequence number and arrival in units of 250 µs since `epoch`.
    arrivals: VecDeque<(u64, i64)>,
    /// First sequence number that no feedback has told about.
    next: Option<u64>,
    feedback_count: u8,
}

impl TwccRecorder {
    /// A recorder whose times count from `now`.
    pub fn new(now: Instant) -> TwccRecorder {
        let (unwrapper, arrivals) = (SequenceUnwrapper::default(), VecDeque::new());
        TwccRecorder { epoch: now, unwrapper, arrivals, next: None, feedback_count: 0 }
    }

    /// Takes note of a packet. Late ones that a feedback already called lost are left out.
    pub fn received(&mut self, sequence: u16, now: Instant) {
        let sequence = self.unwrapper.unwrap(sequence);
        let restarted = self.next.is_some_and(|next| sequence + RESTART < next);
        if !restarted && self.next.is_some_and(|next| sequence < next) {
            return;
        }
        if restarted || self.arrivals.back().is_some_and(|(last, _)| sequence > last + MAX_HOLE) {
            self.arrivals.clear();
            self.next = Some(sequence);
        }
        if self.arrivals.len() >= MAX_PACKETS {
            self.arrivals.pop_front();
        }
        let at = (now - self.epoch).as_micros() as i64 / DELTA_US;
        match self.arrivals.iter().rposition(|(earlier, _)| *earlier <= sequence) {
            Some(found) if self.arrivals[found].0 == sequence => {}
            Some(found) if found + 1 == self.arrivals.len() => self.arrivals.push_back((sequence, at)),
            Some(found) => self.arrivals.insert(found + 1, (sequence, at)),
            None => self.arrivals.push_front((sequence, at)),
        }
    }

    /// Whether there is something to tell.
    pub fn is_empty(&self) -> bool {
        self.arrivals.is_empty()
    }

    /// Appends one feedback packet about everything since the last one; nothing if nothing arrived. On `NoRoom` nothing is
    /// written and the arrivals are kept.
    pub fn write(&mut self, sender: u32, media: u32, out: &mut Writer<'_>) -> Result<(), ParseError> {
        let (Some((first, first_at)), Some((last, _))) = (self.arrivals.front(), self.arrivals.back()) else {
            return Ok(());
        };
        let base = self.next.map_or(*first, |next| next.max(first.saturating_sub(MAX_HOLE)));
        let end = *last + 1;
        let reference = first_at.div_euclid(REFERENCE_DELTAS);
        let mut packet = out.begin(FMT_TRANSPORT_CC, PT_TRANSPORT_FEEDBACK)?;
        packet.u32(sender)?;
        packet.u32(media)?;
        packet.u16(base as u16)?;
        packet.u16((end - base) as u16)?;
        packet.u32((reference as u32) << 8 | u32::from(self.feedback_count))?;
        let symbols = Symbols { base, end, arrivals: &self.arrivals, previous: reference * REFERENCE_DELTAS };
        symbols.write_chunks(&mut packet)?;
        symbols.write_deltas(&mut packet)?;
        packet.finish()?;
        self.feedback_count = self.feedback_count.wrapping_add(1);
        self.next = Some(end);
        self.arrivals.clear();
        Ok(())
    }
}

/// The statuses from `base` to `end`, each with its delta.
#[derive(Clone, Copy)]
struct Symbols<'a> {
    base: u64,
    end: u64,
    arrivals: &'a VecDeque<(u64, i64)>,
    previous: i64,
}

impl Symbols<'_> {
    fn iter(self) -> impl Iterator<Item = (u8, i64)> {
        let mut arrivals = self.arrivals.iter().peekable();
        let mut previous = self.previous;
        (self.base..self.end).map(move |sequence| match arrivals.next_if(|(s, _)| *s == sequence) {
            None => (NOT_RECEIVED, 0),
            Some((_, at)) => {
                let delta = (at - previous).clamp(i64::from(i16::MIN), i64::from(i16::MAX));
                previous += delta;
                (if (0..=255).contains(&delta) { SMALL_DELTA } else { LARGE_DELTA }, delta)
            }
        })
    }

    /// Runs of one status where they are at least as short, vectors of seven two-bit symbols elsewhere.
    fn write_chunks(self, out: &mut super::rtcp::PacketWriter<'_, '_>) -> Result<(), ParseError> {
        let mut statuses = self.iter().map(|(status, _)| status).peekable();
        let mut vector = [NOT_RECEIVED; VECTOR_SYMBOLS];
        while let Some(first) = statuses.next() {
            let mut run = 1u16;
            while run < 0x1fff && statuses.next_if_eq(&first).is_some() {
                run += 1;
            }
            if usize::from(run) >= VECTOR_SYMBOLS || statuses.peek().is_none() {
                out.u16(u16::from(first) << 13 | run)?;
                continue;
            }
            let run = usize::from(run);
            vector[..run].fill(first);
            for symbol in &mut vector[run..] {
                *symbol = statuses.next().unwrap_or(NOT_RECEIVED);
            }
            out.u16(vector.iter().fold(0b11, |chunk: u16, symbol| chunk << 2 | u16::from(*symbol)))?;
        }
        Ok(())
    }

    fn write_deltas(self, out: &mut super::rtcp::PacketWriter<'_, '_>) -> Result<(), ParseError> {
        for (status, delta) in self.iter() {
            match status {
                SMALL_DELTA => out.bytes(&[delta as u8])?,
                LARGE_DELTA => out.u16(delta as i16 as u16)?,
                _ => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
