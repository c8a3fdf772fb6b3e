//! An inverted index from single characters and pairs of neighbours to the texts that hold them.
//!
//! Two-character names are the norm, so three-character grams would miss most of what people type. Postings are numbers of
//! texts, ascending, as variable-length differences in one byte array: about 10 bytes of postings per person.

/// Postings of all grams, ready to be read.
#[derive(Debug, Default)]
pub struct Grams {
    /// Gram keys, ascending; [`key`] makes them.
    keys: Vec<u64>,
    /// For each key: where its postings begin in `bytes` and how many there are.
    places: Vec<(u32, u32)>,
    bytes: Vec<u8>,
}

/// Collects the grams of texts and encodes them.
#[derive(Debug, Default)]
pub struct GramsBuilder {
    /// (gram, number of the text).
    pairs: Vec<(u64, u32)>,
}

impl GramsBuilder {
    /// Adds the grams of one folded text that belongs to number `doc`.
    pub fn add(&mut self, doc: u32, text: &str) {
        self.pairs.extend(grams(text).map(|gram| (gram, doc)));
    }

    /// Sorts and encodes everything that was added.
    pub fn finish(mut self) -> Grams {
        self.pairs.sort_unstable();
        self.pairs.dedup();
        let mut out = Grams::default();
        let mut last = 0;
        for (gram, doc) in self.pairs {
            if out.keys.last() != Some(&gram) {
                out.keys.push(gram);
                out.places.push((out.bytes.len() as u32, 0));
                last = 0;
            }
            push_varint(&mut out.bytes, doc - last);
            last = doc;
            if let Some(place) = out.places.last_mut() {
                place.1 += 1;
            }
        }
        out.bytes.shrink_to_fit();
        out
    }
}

impl Grams {
    /// Numbers of the texts that may contain `term` (folded, not empty), ascending: those with its rarest gram. Every
    /// candidate must be verified against the text; no text that contains the term is left out.
    pub fn candidates(&self, term: &str) -> Postings<'_> {
        let several = term.chars().nth(1).is_some();
        let mut rarest: Option<(u32, u32)> = None;
        for gram in grams(term).filter(|gram| !several || is_pair(*gram)) {
            match self.keys.binary_search(&gram) {
                Err(_) => return Postings::empty(),
                Ok(at) if rarest.is_none_or(|(_, count)| self.places[at].1 < count) => {
                    rarest = Some(self.places[at]);
                }
                Ok(_) => {}
            }
        }
        rarest.map_or_else(Postings::empty, |(start, count)| Postings {
            bytes: &self.bytes[start as usize..],
            left: count,
            last: 0,
        })
    }

    /// Bytes of memory that the postings and their keys take.
    pub fn size(&self) -> usize {
        self.bytes.len() + self.keys.len() * size_of::<u64>() + self.places.len() * size_of::<(u32, u32)>()
    }
}

/// Reads one list of postings.
#[derive(Debug)]
pub struct Postings<'a> {
    bytes: &'a [u8],
    left: u32,
    last: u32,
}

impl Postings<'_> {
    fn empty() -> Self {
        Postings { bytes: &[], left: 0, last: 0 }
    }
}

impl Iterator for Postings<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        self.left = self.left.checked_sub(1)?;
        let (mut value, mut shift) = (0_u32, 0);
        loop {
            let (byte, rest) = self.bytes.split_first()?;
            self.bytes = rest;
            value |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
            shift += 7;
        }
        self.last += value;
        Some(self.last)
    }
}

/// Every character and every pair of neighbours of a text.
fn grams(text: &str) -> impl Iterator<Item = u64> + '_ {
    let singles = text.chars().map(|c| key(None, c));
    let pairs = text.chars().zip(text.chars().skip(1)).map(|(first, second)| key(Some(first), second));
    singles.chain(pairs)
}

/// A pair has its first character in the high half; a single character leaves it 0.
fn key(first: Option<char>, second: char) -> u64 {
    (u64::from(first.map_or(0, u32::from)) << 32) | u64::from(u32::from(second))
}

fn is_pair(gram: u64) -> bool {
    gram >> 32 != 0
}

fn push_varint(bytes: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        bytes.push((value as u8) | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(texts: &[&str]) -> Grams {
        let mut builder = GramsBuilder::default();
        for (doc, text) in texts.iter().enumerate() {
            builder.add(doc as u32, text);
        }
        builder.finish()
    }

    #[test]
    fn the_rarest_pair_gives_the_candidates() {
        let grams = index(&["陳志明", "陳志豪", "林志明", "志"]);
        assert_eq!(grams.candidates("陳").collect::<Vec<_>>(), [0, 1]);
        assert_eq!(grams.candidates("志").collect::<Vec<_>>(), [0, 1, 2, 3]);
        assert_eq!(grams.candidates("陳志明").collect::<Vec<_>>().len(), 2, "陳志 and 志明 have two each");
        assert_eq!(grams.candidates("志明").collect::<Vec<_>>(), [0, 2]);
        assert_eq!(grams.candidates("明志").count(), 0);
        assert_eq!(grams.candidates("陳志強").count(), 0, "one unknown pair is enough");
        assert_eq!(grams.candidates("").count(), 0);
    }

    #[test]
    fn postings_far_apart_survive_the_encoding() {
        let mut builder = GramsBuilder::default();
        let docs = [0, 127, 128, 16_384, 2_097_152, u32::MAX - 1];
        for doc in docs {
            builder.add(doc, "甲乙");
        }
        let grams = builder.finish();
        assert_eq!(grams.candidates("甲").collect::<Vec<_>>(), docs);
        assert_eq!(grams.candidates("甲乙").collect::<Vec<_>>(), docs);
        assert!(grams.size() > 0);
    }
}
