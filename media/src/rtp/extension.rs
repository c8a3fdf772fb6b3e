//! RTP header extensions (RFC 8285), one-byte and two-byte forms.

use super::ParseError;

/// `defined by profile` value of the one-byte form.
const ONE_BYTE: u16 = 0xbede;
/// The same of the two-byte form; its low four bits are free.
const TWO_BYTE: u16 = 0x1000;
/// Largest id of the one-byte form; 15 is reserved and 0 is padding.
const ONE_BYTE_MAX_ID: u8 = 14;
/// Longest value of the one-byte form.
const ONE_BYTE_MAX_LEN: usize = 16;

/// Iterates over the elements (id, value) of an extension block; stops at the first malformed one.
#[derive(Clone, Debug)]
pub struct Extensions<'a> {
    two_byte: bool,
    rest: &'a [u8],
}

impl<'a> Extensions<'a> {
    /// `bytes` is the block without its four leading bytes. Any other profile than the two of RFC 8285 has no elements.
    pub fn new(profile: u16, bytes: &'a [u8]) -> Extensions<'a> {
        let two_byte = profile & 0xfff0 == TWO_BYTE;
        let known = two_byte || profile == ONE_BYTE;
        Extensions { two_byte, rest: if known { bytes } else { &[] } }
    }

    /// The value of the element with this id.
    pub fn get(mut self, id: u8) -> Option<&'a [u8]> {
        self.find(|(found, _)| *found == id).map(|(_, value)| value)
    }
}

impl<'a> Iterator for Extensions<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        while let [0, rest @ ..] = self.rest {
            self.rest = rest;
        }
        let (id, len, rest) = match (self.two_byte, self.rest) {
            (true, [id, len, rest @ ..]) => (*id, usize::from(*len), rest),
            // Id 15 ends the block (RFC 8285 section 4.2).
            (false, [first, rest @ ..]) if first >> 4 <= ONE_BYTE_MAX_ID => {
                (first >> 4, usize::from(first & 0x0f) + 1, rest)
            }
            _ => return None,
        };
        let value = rest.get(..len)?;
        self.rest = &rest[len..];
        Some((id, value))
    }
}

/// Writes an extension block with its four leading bytes to the start of `dst` and returns its length, a multiple of 4. The
/// two-byte form is used when an id or a length needs it.
pub fn write(dst: &mut [u8], elements: &[(u8, &[u8])]) -> Result<usize, ParseError> {
    let one_byte = elements.iter().all(|(id, value)| {
        (1..=ONE_BYTE_MAX_ID).contains(id) && (1..=ONE_BYTE_MAX_LEN).contains(&value.len())
    });
    let head = if one_byte { 1 } else { 2 };
    let used: usize = elements.iter().map(|(_, value)| head + value.len()).sum();
    let padded = used.next_multiple_of(4);
    let dst = dst.get_mut(..4 + padded).ok_or(ParseError::NoRoom)?;
    let words = u16::try_from(padded / 4).map_err(|_| ParseError::Length)?;
    dst[..2].copy_from_slice(&(if one_byte { ONE_BYTE } else { TWO_BYTE }).to_be_bytes());
    dst[2..4].copy_from_slice(&words.to_be_bytes());
    let mut at = 4;
    for (id, value) in elements {
        if one_byte {
            dst[at] = id << 4 | (value.len() - 1) as u8;
        } else {
            dst[at] = *id;
            dst[at + 1] = u8::try_from(value.len()).map_err(|_| ParseError::Length)?;
        }
        at += head;
        dst[at..at + value.len()].copy_from_slice(value);
        at += value.len();
    }
    dst[at..].fill(0);
    Ok(4 + padded)
}

/// An audio level (RFC 6464).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AudioLevel {
    /// The sender's voice activity detector heard speech.
    pub voice: bool,
    /// Level below overload in dB: 0 is the loudest, 127 is silence.
    pub below_overload: u8,
}

impl AudioLevel {
    /// Reads the extension's value.
    pub fn parse(value: &[u8]) -> Option<AudioLevel> {
        let byte = *value.first()?;
        Some(AudioLevel { voice: byte & 0x80 != 0, below_overload: byte & 0x7f })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn long_values_and_high_ids_take_the_two_byte_form() {
        let mut dst = [0xff; 64];
        let len = write(&mut dst, &[(15, b"x"), (3, b"")]).unwrap();
        assert_eq!(len, 12);
        assert_eq!(&dst[..4], [0x10, 0, 0, 2]);
        let read: Vec<_> = Extensions::new(TWO_BYTE, &dst[4..len]).collect();
        assert_eq!(read, [(15, &b"x"[..]), (3, &b""[..])]);
    }

    #[test]
    fn id_fifteen_ends_a_one_byte_block() {
        let bytes = [0x10, 7, 0xf0, 1, 0x20, 9];
        assert_eq!(Extensions::new(ONE_BYTE, &bytes).count(), 1);
        assert_eq!(Extensions::new(0x1234, &bytes).count(), 0);
    }

    #[test]
    fn too_small_a_buffer_is_an_error() {
        assert_eq!(write(&mut [0; 7], &[(1, b"a")]), Err(ParseError::NoRoom));
    }

    #[test]
    fn audio_level_has_a_voice_bit() {
        assert_eq!(AudioLevel::parse(&[0x8a]), Some(AudioLevel { voice: true, below_overload: 10 }));
        assert_eq!(AudioLevel::parse(&[]), None);
    }

    proptest! {
        #[test]
        fn written_elements_come_back(
            elements in prop::collection::vec((1u8..=20, prop::collection::vec(any::<u8>(), 0..40)), 0..6)
        ) {
            let refs: Vec<(u8, &[u8])> = elements.iter().map(|(id, v)| (*id, v.as_slice())).collect();
            let mut dst = [0u8; 512];
            let len = write(&mut dst, &refs).unwrap();
            prop_assert_eq!(len % 4, 0);
            let profile = u16::from_be_bytes([dst[0], dst[1]]);
            let read: Vec<_> = Extensions::new(profile, &dst[4..len]).collect();
            prop_assert_eq!(read, refs);
        }

        #[test]
        fn any_block_is_read_without_panic(profile in any::<u16>(), bytes in prop::collection::vec(any::<u8>(), 0..99)) {
            for p in [profile, ONE_BYTE, TWO_BYTE] {
                let total: usize = Extensions::new(p, &bytes).map(|(_, v)| v.len()).sum();
                prop_assert!(total <= bytes.len());
            }
        }
    }
}
