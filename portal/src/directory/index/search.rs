//! Search while typing: every hit contains the query in a field, the best ones first.
//!
//! The query as a whole (its blanks dropped) is looked for in name, extension, post and unit. A query of several words also
//! finds people who have each word in some field (`資訊局 主任`). Hits are ordered by class, then by the order of the tree.

use super::Index;
use super::fold::fold_words;
use crate::directory::model::{Matched, Person, UnitId};

/// How well a word fits a person: the lower, the better. The order is the ranking that users see.
mod class {
    pub const NAME_EXACT: u8 = 0;
    pub const NAME_PREFIX: u8 = 1;
    pub const NAME_INSIDE: u8 = 2;
    pub const EXTENSION_EXACT: u8 = 3;
    pub const EXTENSION_PREFIX: u8 = 4;
    pub const POST_EXACT: u8 = 5;
    pub const POST_INSIDE: u8 = 6;
    pub const UNIT_EXACT: u8 = 7;
    pub const UNIT_INSIDE: u8 = 8;
    /// A unit above the person's own.
    pub const UNIT_ABOVE: u8 = 9;
    pub const EXTENSION_INSIDE: u8 = 10;
    /// No match.
    pub const NONE: u8 = u8::MAX;
}

/// Most words of a query that are looked at; the rest is ignored. Each costs one pass over the people in scope.
const MAX_WORDS: usize = 6;
/// Ranks of a query with several words are sums of classes, after all ranks of the query as a whole.
const MAX_RANK: usize = (class::EXTENSION_INSIDE as usize + 1) * (MAX_WORDS + 1);

/// What a search found.
#[derive(Debug, PartialEq)]
pub struct Found<'a> {
    /// The best hits, at most as many as asked for.
    pub hits: Vec<(&'a Person, Matched)>,
    /// Whether there are more.
    pub more: bool,
}

impl Index {
    /// Searches the people below `within` (everybody without it); `None` when that unit does not exist.
    pub fn search(&self, query: &str, within: Option<UnitId>, limit: usize) -> Option<Found<'_>> {
        let numbers = match within {
            Some(unit) => self.numbers_below(unit)?,
            None => 0..self.people.len() as u32,
        };
        let mut words = fold_words(query);
        if words.is_empty() {
            return Some(Found { hits: Vec::new(), more: false });
        }
        let whole = self.word(&words.concat());
        words.truncate(if words.len() > 1 { MAX_WORDS } else { 0 });
        let words: Vec<Word> = words.iter().map(|word| self.word(word)).collect();
        let mut scan = Scan { whole: whole.scan(), words: words.iter().map(Word::scan).collect() };
        let mut ranked = Ranked::new(limit);
        for number in numbers {
            let (place, post) = (self.unit_of[number as usize], self.post_of[number as usize]);
            if let Some((rank, class)) = scan.rank(number, place, post) {
                ranked.push(rank, number, class);
            }
        }
        Some(self.found(ranked, limit))
    }

    fn found(&self, ranked: Ranked, limit: usize) -> Found<'_> {
        let all = ranked.buckets.into_iter().flatten();
        let mut hits: Vec<_> = all
            .take(limit + 1)
            .map(|(number, class)| (&self.people[number as usize], matched(class)))
            .collect();
        let more = hits.len() > limit;
        hits.truncate(limit);
        Found { hits, more }
    }

    /// Looks one folded word up in all fields. Names and extensions go through the postings; posts and units are few
    /// enough to be tried one by one.
    fn word(&self, word: &str) -> Word {
        let people = self
            .grams
            .candidates(word)
            .filter_map(|number| {
                let (name, extension) = self.texts.of(number);
                let class = name_class(name, word).min(extension_class(extension, word));
                (class != class::NONE).then_some((number, class))
            })
            .collect();
        let posts =
            self.posts.iter().map(|post| text_class(post, word, class::POST_EXACT, class::POST_INSIDE));
        let mut units: Vec<u8> = Vec::with_capacity(self.unit_names.len());
        for (place, name) in self.unit_names.iter().enumerate() {
            // Preorder: the parent's class is known before the child's.
            let above = self.tree.parent(place as u32).map_or(class::NONE, |parent| units[parent as usize]);
            let inherited = if above == class::NONE { class::NONE } else { class::UNIT_ABOVE };
            units.push(text_class(name, word, class::UNIT_EXACT, class::UNIT_INSIDE).min(inherited));
        }
        Word { people, posts: posts.collect(), units }
    }
}

/// Where one word matches.
struct Word {
    /// People whose name or extension has it, ascending.
    people: Vec<(u32, u8)>,
    /// Class of each distinct post.
    posts: Vec<u8>,
    /// Class of each place in the tree.
    units: Vec<u8>,
}

impl Word {
    fn scan(&self) -> WordScan<'_> {
        WordScan { word: self, people: &self.people }
    }
}

/// Asks for the classes of a word by ascending number of people.
struct WordScan<'a> {
    word: &'a Word,
    people: &'a [(u32, u8)],
}

impl WordScan<'_> {
    fn class(&mut self, number: u32, place: u32, post: u32) -> u8 {
        while let Some(((at, class), rest)) = self.people.split_first()
            && *at <= number
        {
            self.people = rest;
            if *at == number {
                return (*class).min(self.field_class(place, post));
            }
        }
        self.field_class(place, post)
    }

    fn field_class(&self, place: u32, post: u32) -> u8 {
        self.word.posts[post as usize].min(self.word.units[place as usize])
    }
}

struct Scan<'a> {
    whole: WordScan<'a>,
    words: Vec<WordScan<'a>>,
}

impl Scan<'_> {
    /// Rank of one person and the class that names the matched field.
    fn rank(&mut self, number: u32, place: u32, post: u32) -> Option<(usize, u8)> {
        let whole = self.whole.class(number, place, post);
        let (mut sum, mut best, mut all) = (0, class::NONE, !self.words.is_empty());
        for word in &mut self.words {
            let class = word.class(number, place, post);
            all &= class != class::NONE;
            sum += usize::from(class);
            best = best.min(class);
        }
        if whole != class::NONE {
            return Some((usize::from(whole), whole));
        }
        all.then(|| (usize::from(class::EXTENSION_INSIDE) + 1 + sum, best))
    }
}

/// Hits by rank, within a rank by number; no more than needed of each.
struct Ranked {
    buckets: Vec<Vec<(u32, u8)>>,
    limit: usize,
}

impl Ranked {
    fn new(limit: usize) -> Self {
        Ranked { buckets: vec![Vec::new(); MAX_RANK + 1], limit }
    }

    fn push(&mut self, rank: usize, number: u32, class: u8) {
        let bucket = &mut self.buckets[rank];
        if bucket.len() <= self.limit {
            bucket.push((number, class));
        }
    }
}

fn name_class(name: &str, word: &str) -> u8 {
    if name.starts_with(word) {
        if name.len() == word.len() { class::NAME_EXACT } else { class::NAME_PREFIX }
    } else if name.contains(word) {
        class::NAME_INSIDE
    } else {
        class::NONE
    }
}

fn extension_class(extension: &str, word: &str) -> u8 {
    if extension.starts_with(word) {
        if extension.len() == word.len() { class::EXTENSION_EXACT } else { class::EXTENSION_PREFIX }
    } else if extension.contains(word) {
        class::EXTENSION_INSIDE
    } else {
        class::NONE
    }
}

fn text_class(text: &str, word: &str, exact: u8, inside: u8) -> u8 {
    if text == word {
        exact
    } else if text.contains(word) {
        inside
    } else {
        class::NONE
    }
}

fn matched(class: u8) -> Matched {
    match class {
        class::NAME_EXACT..=class::NAME_INSIDE => Matched::Name,
        class::POST_EXACT | class::POST_INSIDE => Matched::Post,
        class::UNIT_EXACT..=class::UNIT_ABOVE => Matched::Unit,
        _ => Matched::Extension,
    }
}
