//! Jitter buffer of one Opus stream that is mixed: packets go in as they come, and come out at a steady beat, so that voices
//! can be added. Calls of two have none: there the receiver's own buffer is the only one.
//!
//! Ordered by timestamp; packets may have any duration. The delay starts at what the jitter asks for, grows by waiting when
//! packets are late, and shrinks by leaving out a frame while nobody speaks, which also takes up the drift of clocks.

use std::time::Instant;

/// Ticks per second of the RTP clock of Opus.
const CLOCK_HZ: u32 = 48_000;
/// The beat of the mix, in ticks: 20 ms.
pub const FRAME: u32 = CLOCK_HZ / 50;
/// Packets that wait at most; at 20 ms each more than half a second, far over [`MOST`].
const SLOTS: usize = 32;
/// Longest payload that is kept. Voices have 40 to 200 bytes per 20 ms, the longest Opus frame 1,275.
const MAX_PAYLOAD: usize = 1_275;
/// Least and most delay that is aimed at, in ticks. Less is below the beat plus any jitter, more is heard in conversation.
const LEAST: u32 = 2 * FRAME;
const MOST: u32 = 4 * FRAME;
/// Delay over the aim that is cut even from speech.
const TOO_MUCH: u32 = 8 * FRAME;
/// Frames that are made up in a row before the stream counts as silent.
const MOST_CONCEALED: u32 = 5;
/// A timestamp so far from the last one is another stream's.
const RESTART: i64 = 5 * CLOCK_HZ as i64;
/// Beats over which the delay must stay too high or too low before it is changed: a second.
const WATCH: u32 = 50;
/// The part of the jitter's peak that is forgotten per packet is one of so many: half in some seven seconds. Fewer follow a
/// better line sooner, and are wrong more often.
const FORGET: i64 = 512;
/// Packets after which the quickest one is looked for anew: some ten seconds, in which clocks drift by a millisecond at most.
const RENEW: u32 = 500;

/// What became of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// It will be played.
    Kept,
    /// Its time is over.
    Late,
    /// It is there already.
    Repeated,
    /// Longer than any Opus frame, or no room.
    Refused,
}

/// What to play in this beat.
#[derive(Debug, PartialEq, Eq)]
pub enum Next<'a> {
    /// Decode this, then tell [`JitterBuffer::played`] how long it was.
    Packet(&'a [u8]),
    /// So many ticks are lost; the packet behind the gap repeats some of it, and comes out next.
    Recover {
        /// That packet.
        next: &'a [u8],
        /// Length of the gap, at most a frame.
        missing: u32,
    },
    /// Make up a frame.
    Conceal,
    /// The stream is silent.
    Nothing,
}

#[derive(Clone, Copy)]
struct Slot {
    timestamp: i64,
    len: usize,
    used: bool,
}

/// The buffer of one stream.
pub struct JitterBuffer {
    slots: [Slot; SLOTS],
    bytes: Box<[u8]>,
    epoch: Instant,
    /// Extended timestamp of the newest packet.
    newest: Option<i64>,
    /// What is played next, while it plays.
    play: Option<i64>,
    /// All before it is over.
    done: Option<i64>,
    /// Beats that the first packet waits already.
    waited: u32,
    /// Ticks made up while the buffer was empty: when it turns out that the packets were lost, they are played already.
    held: u32,
    /// Frames made up in a row.
    concealed: u32,
    jitter: Jitter,
    watch: Watch,
}

/// How much later than the quickest packets do the slow ones come?
struct Jitter {
    /// Least transit in the current run of packets, and in the one before.
    quickest: [i64; 2],
    peak: i64,
    packets: u32,
}

/// Least delay in a stretch of time.
struct Watch {
    beats: u32,
    least: i64,
}

impl JitterBuffer {
    /// An empty buffer; `epoch` is any time before the first packet.
    pub fn new(epoch: Instant) -> Self {
        Self {
            slots: [Slot { timestamp: 0, len: 0, used: false }; SLOTS],
            bytes: vec![0; SLOTS * MAX_PAYLOAD].into_boxed_slice(),
            epoch,
            newest: None,
            play: None,
            done: None,
            waited: 0,
            held: 0,
            concealed: 0,
            jitter: Jitter::default(),
            watch: Watch { beats: 0, least: i64::MAX },
        }
    }

    /// Empties it: another source follows.
    pub fn reset(&mut self) {
        self.slots.iter_mut().for_each(|slot| slot.used = false);
        self.stop();
        (self.newest, self.done, self.jitter) = (None, None, Jitter::default());
    }

    /// The delay that the jitter asks for, in ticks.
    pub fn target(&self) -> u32 {
        (self.jitter.peak.clamp(0, i64::from(MOST)) as u32 + FRAME).clamp(LEAST, MOST)
    }

    /// Takes a packet that came at `now`.
    pub fn insert(&mut self, timestamp: u32, payload: &[u8], now: Instant) -> Inserted {
        if payload.is_empty() || payload.len() > MAX_PAYLOAD {
            return Inserted::Refused;
        }
        let timestamp = self.extend(timestamp);
        let arrival = (now - self.epoch).as_micros() as i64 * i64::from(CLOCK_HZ) / 1_000_000;
        self.jitter.observe(arrival - timestamp);
        if self.play.max(self.done).is_some_and(|play| timestamp < play) {
            return Inserted::Late;
        }
        if self.slots.iter().any(|slot| slot.used && slot.timestamp == timestamp) {
            return Inserted::Repeated;
        }
        let Some(free) = self.slots.iter().position(|slot| !slot.used) else { return Inserted::Refused };
        self.slots[free] = Slot { timestamp, len: payload.len(), used: true };
        self.bytes[free * MAX_PAYLOAD..][..payload.len()].copy_from_slice(payload);
        Inserted::Kept
    }

    /// What to play in this beat. `quiet`: what was played last was silence, so a frame may be added or left out unheard.
    pub fn next(&mut self, quiet: bool) -> Next<'_> {
        let Some(play) = self.play.or_else(|| self.begin()) else { return Next::Nothing };
        if let Some((_, timestamp)) = self.oldest() {
            // What was made up while it was not known that it was lost, is played.
            let play = play + (timestamp - play).clamp(0, self.held.into());
            (self.play, self.held) = (Some(play), 0);
            if self.adjust(play, quiet) {
                return Next::Conceal;
            }
        }
        let (Some(play), Some((slot, timestamp))) = (self.play, self.oldest()) else { return self.starve() };
        let missing = timestamp - play;
        if missing <= 0 {
            self.concealed = 0;
            self.slots[slot].used = false;
            self.play = Some(timestamp);
            return Next::Packet(&self.bytes[slot * MAX_PAYLOAD..][..self.slots[slot].len]);
        }
        self.concealed += 1;
        if self.concealed > MOST_CONCEALED {
            // A pause of the sender (DTX) rather than loss.
            self.stop();
            return Next::Nothing;
        }
        let gap = missing.min(FRAME.into());
        self.play = Some(play + gap);
        if missing <= i64::from(FRAME) {
            let next = &self.bytes[slot * MAX_PAYLOAD..][..self.slots[slot].len];
            return Next::Recover { next, missing: gap as u32 };
        }
        Next::Conceal
    }

    /// The packet that came out last was `ticks` long.
    pub fn played(&mut self, ticks: u32) {
        if let Some(play) = &mut self.play {
            *play += i64::from(ticks);
            let play = *play;
            self.slots.iter_mut().filter(|slot| slot.timestamp < play).for_each(|slot| slot.used = false);
        }
    }

    /// The timestamp near the newest one; a far one empties the buffer.
    fn extend(&mut self, timestamp: u32) -> i64 {
        let extended = match self.newest {
            Some(newest) => newest + i64::from(timestamp.wrapping_sub(newest as u32) as i32),
            None => timestamp.into(),
        };
        if self.newest.is_some_and(|newest| (extended - newest).abs() > RESTART) {
            self.reset();
        }
        self.newest = Some(self.newest.map_or(extended, |newest| newest.max(extended)));
        extended
    }

    fn oldest(&self) -> Option<(usize, i64)> {
        let used = self.slots.iter().enumerate().filter(|(_, slot)| slot.used);
        used.map(|(at, slot)| (at, slot.timestamp)).min_by_key(|(_, timestamp)| *timestamp)
    }

    /// Begins to play once the delay is there: in packets, or in beats that the first one waited.
    fn begin(&mut self) -> Option<i64> {
        let (_, oldest) = self.oldest()?;
        let buffered = self.newest? + i64::from(FRAME) - oldest;
        let delay = buffered.max(i64::from(self.waited * FRAME));
        self.waited += 1;
        if delay < i64::from(self.target()) {
            return None;
        }
        self.stop();
        self.play = Some(oldest);
        self.play
    }

    /// Nothing is there: late or lost, which only the next packet tells.
    fn starve(&mut self) -> Next<'static> {
        self.concealed += 1;
        if self.concealed > MOST_CONCEALED {
            self.stop();
            return Next::Nothing;
        }
        self.held += FRAME;
        Next::Conceal
    }

    fn stop(&mut self) {
        self.done = self.play.max(self.done);
        (self.play, self.waited, self.held, self.concealed) = (None, 0, 0, 0);
        self.watch = Watch { beats: 0, least: i64::MAX };
    }

    /// Keeps the delay near its aim: leaves out a frame, or says that one is to be put in.
    fn adjust(&mut self, play: i64, quiet: bool) -> bool {
        let (delay, target) =
            (self.newest.unwrap_or(play) + i64::from(FRAME) - play, i64::from(self.target()));
        self.watch.beats += 1;
        self.watch.least = self.watch.least.min(delay);
        let excess = self.watch.least - target;
        let watched = self.watch.beats >= WATCH;
        let cut = excess > i64::from(FRAME) && watched && quiet || delay - target > i64::from(TOO_MUCH);
        let grow = excess < -i64::from(FRAME) && watched && quiet;
        if cut || grow || self.watch.beats >= 2 * WATCH {
            self.watch = Watch { beats: 0, least: i64::MAX };
        }
        if cut {
            self.play = Some(play);
            self.played(FRAME);
        }
        grow && !cut
    }
}

impl Default for Jitter {
    fn default() -> Self {
        Self { quickest: [i64::MAX; 2], peak: 0, packets: 0 }
    }
}

impl Jitter {
    /// A packet whose arrival is so much after its timestamp.
    fn observe(&mut self, transit: i64) {
        if self.packets == RENEW {
            (self.quickest, self.packets) = ([i64::MAX, self.quickest[0]], 0);
        }
        self.packets += 1;
        self.quickest[0] = self.quickest[0].min(transit);
        let behind = transit - self.quickest[0].min(self.quickest[1]);
        self.peak = behind.max(self.peak - self.peak / FORGET - 1).max(0);
    }
}

#[cfg(test)]
mod tests;
