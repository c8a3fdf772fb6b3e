//! Nonces that prove themselves, and which counts of them were used.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use aws_lc_rs::{constant_time, hmac};

use super::hash::hexadecimal;

/// How long a nonce is good. Telephones go on counting with it, so that most refreshes need no challenge.
pub(super) const LIFETIME: Duration = Duration::from_secs(3600);
/// Most nonces whose use is remembered.
pub(super) const MAX_USED: usize = 32_768;
/// Bytes of the message authentication code in a nonce.
const MAC: usize = 16;

/// What a nonce says: when it was made, in milliseconds of ours, and which one it is.
type Stamp = (u64, u64);

/// Whether a nonce, or this count of it, may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// It may, this once.
    Fresh,
    /// Not ours, too old, or used.
    Stale,
}

/// Makes nonces and remembers which counts of them were used.
pub(super) struct Nonces {
    key: hmac::Key,
    /// The first instant that was seen.
    epoch: Option<Instant>,
    issued: u64,
    used: BTreeMap<Stamp, Window>,
    /// Nonces up to this one are stale: what was used of them is forgotten.
    floor: Stamp,
}

impl Nonces {
    pub fn new(secret: &[u8; 32]) -> Nonces {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        Nonces { key, epoch: None, issued: 0, used: BTreeMap::new(), floor: (0, 0) }
    }

    /// A nonce never made before.
    pub fn make(&mut self, now: Instant) -> String {
        self.issued += 1;
        let mut bytes = self.elapsed(now).to_be_bytes().to_vec();
        bytes.extend(self.issued.to_be_bytes());
        let mac = hmac::sign(&self.key, &bytes);
        bytes.extend(&mac.as_ref()[..MAC]);
        hexadecimal(&bytes)
    }

    /// Notes the use of a nonce under this count; call only when the answer is right otherwise. An answer without a count
    /// is good once.
    pub fn spend(&mut self, now: Instant, nonce: &str, count: Option<u32>) -> Use {
        let now_ms = self.elapsed(now);
        let Some(stamp) = self.read(nonce) else { return Use::Stale };
        let oldest = now_ms.saturating_sub(u64::try_from(LIFETIME.as_millis()).unwrap_or(u64::MAX));
        if stamp.0 < oldest || stamp <= self.floor {
            return Use::Stale;
        }
        self.forget((oldest, 0));
        // Without a count the whole nonce is used up.
        if !self.used.entry(stamp).or_default().take(count) {
            return Use::Stale;
        }
        while self.used.len() > MAX_USED {
            if let Some((first, _)) = self.used.pop_first() {
                self.floor = first;
            }
        }
        Use::Fresh
    }

    /// Forgets nonces that are too old anyhow.
    fn forget(&mut self, oldest: Stamp) {
        while self.used.first_key_value().is_some_and(|(stamp, _)| *stamp < oldest) {
            self.used.pop_first();
        }
    }

    fn elapsed(&mut self, now: Instant) -> u64 {
        let epoch = *self.epoch.get_or_insert(now);
        u64::try_from(now.saturating_duration_since(epoch).as_millis()).unwrap_or(u64::MAX)
    }

    fn read(&self, nonce: &str) -> Option<Stamp> {
        let bytes = bytes_of(nonce)?;
        let (said, mac) = bytes.split_at_checked(16)?;
        let right = hmac::sign(&self.key, said);
        constant_time::verify_slices_are_equal(&right.as_ref()[..MAC], mac).ok()?;
        let (time, number) = said.split_at_checked(8)?;
        Some((u64::from_be_bytes(time.try_into().ok()?), u64::from_be_bytes(number.try_into().ok()?)))
    }

    #[cfg(test)]
    pub fn remembered(&self) -> usize {
        self.used.len()
    }
}

fn bytes_of(hex: &str) -> Option<Vec<u8>> {
    if hex.len() != 2 * (16 + MAC) || !hex.is_ascii() {
        return None;
    }
    let digits = hex.as_bytes().chunks_exact(2);
    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

/// The counts of one nonce that were used: the highest, and which of the 64 below it. Requests may overtake each other.
#[derive(Clone, Copy, Debug, Default)]
struct Window {
    highest: u32,
    /// Bit `n`: `highest - n` was used.
    bits: u64,
}

impl Window {
    /// Takes a count; `false` when it was taken or is too far back.
    fn take(&mut self, count: Option<u32>) -> bool {
        let count = count.unwrap_or(u32::MAX);
        if count == 0 {
            return false;
        }
        if count > self.highest {
            let shift = count - self.highest;
            self.bits = self.bits.checked_shl(shift).unwrap_or(0) | 1;
            self.highest = count;
            return true;
        }
        let back = self.highest - count;
        let Some(bit) = 1u64.checked_shl(back) else { return false };
        let fresh = self.bits & bit == 0;
        self.bits |= bit;
        fresh
    }
}
