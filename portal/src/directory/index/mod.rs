//! The directory in memory: one immutable picture of all units and people, with what search needs.
//!
//! Without I/O. A node builds it from the database at start and again when the directory's revision grows. People are
//! numbered in the order of the tree (then their place in the unit), so the people below a unit are a range of numbers and
//! a hit list in number order is in the order of the organisation.

pub mod fold;
mod grams;
pub mod measure;
mod search;
mod tree;
mod variants;

use std::collections::HashMap;
use std::ops::Range;

use signaling::ids::PersonId;

use self::fold::fold;
use self::grams::{Grams, GramsBuilder};
use self::tree::Tree;
use crate::directory::model::{Person, Unit, UnitId};

pub use self::search::Found;

/// All units and people at one revision of the directory.
#[derive(Debug, Default)]
pub struct Index {
    tree: Tree,
    /// In number order.
    people: Vec<Person>,
    by_id: HashMap<PersonId, u32>,
    /// As written, without blanks; of several people with one extension the first.
    by_extension: HashMap<Box<str>, u32>,
    /// For each place in the tree, and one past the end: the first number of its people.
    first_person: Vec<u32>,
    /// For each person: place of the unit.
    unit_of: Vec<u32>,
    /// For each person: which of `posts`.
    post_of: Vec<u32>,
    /// Distinct folded posts.
    posts: Vec<String>,
    /// For each place in the tree: the folded name.
    unit_names: Vec<String>,
    texts: Texts,
    grams: Grams,
}

/// Folded name and extension of every person in one string: 100,000 small strings would each cost an allocation.
#[derive(Debug, Default)]
struct Texts {
    text: String,
    /// End of the name and end of the extension, per person.
    ends: Vec<(u32, u32)>,
}

impl Texts {
    fn push(&mut self, name: &str, extension: &str) {
        self.text.push_str(name);
        let name_end = self.text.len() as u32;
        self.text.push_str(extension);
        self.ends.push((name_end, self.text.len() as u32));
    }

    /// Folded name and folded extension (empty when there is none).
    fn of(&self, number: u32) -> (&str, &str) {
        let at = number as usize;
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before].1) as usize;
        let (name_end, end) = self.ends[at];
        (&self.text[start..name_end as usize], &self.text[name_end as usize..end as usize])
    }
}

impl Index {
    /// Builds the index. People of an unknown unit are left out (the database's foreign key keeps there from being any).
    pub fn new(units: Vec<Unit>, people: Vec<Person>) -> Self {
        let tree = Tree::new(units);
        let mut placed: Vec<(u32, Person)> =
            people.into_iter().filter_map(|person| Some((tree.place(person.unit)?, person))).collect();
        placed.sort_by(|left, right| {
            (left.0, left.1.sort, left.1.id).cmp(&(right.0, right.1.sort, right.1.id))
        });
        let unit_names = tree.units().iter().map(|unit| fold(&unit.name)).collect();
        let first_person = first_numbers(tree.units().len(), &placed);
        let mut index = Index { tree, unit_names, first_person, ..Index::default() };
        index.add_people(placed);
        index
    }

    fn add_people(&mut self, placed: Vec<(u32, Person)>) {
        let mut builder = GramsBuilder::default();
        let mut post_numbers: HashMap<String, u32> = HashMap::new();
        for (number, (place, person)) in placed.into_iter().enumerate() {
            let number = number as u32;
            let (name, extension) = (fold(&person.name), fold(person.extension.as_deref().unwrap_or("")));
            builder.add(number, &name);
            builder.add(number, &extension);
            self.texts.push(&name, &extension);
            let next = post_numbers.len() as u32;
            self.post_of.push(*post_numbers.entry(fold(&person.post)).or_insert(next));
            self.unit_of.push(place);
            self.by_id.insert(person.id, number);
            if let Some(extension) =
                person.extension.as_deref().map(str::trim).filter(|text| !text.is_empty())
            {
                self.by_extension.entry(extension.into()).or_insert(number);
            }
            self.people.push(person);
        }
        self.posts = vec![String::new(); post_numbers.len()];
        for (post, number) in post_numbers {
            self.posts[number as usize] = post;
        }
        self.grams = builder.finish();
    }

    /// All units, each before those below it, siblings in their order.
    pub fn units(&self) -> &[Unit] {
        self.tree.units()
    }

    /// How many people are in the unit and below it.
    pub fn headcount(&self, unit: UnitId) -> usize {
        self.numbers_below(unit).map_or(0, |numbers| numbers.len())
    }

    /// How many people there are.
    pub fn len(&self) -> usize {
        self.people.len()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.people.is_empty()
    }

    /// One person.
    pub fn person(&self, id: PersonId) -> Option<&Person> {
        self.by_id.get(&id).map(|number| &self.people[*number as usize])
    }

    /// Whose extension this is; of several people the first one in the order of the organisation.
    pub fn by_extension(&self, extension: &str) -> Option<&Person> {
        self.by_extension.get(extension).map(|number| &self.people[*number as usize])
    }

    /// The unit of an id.
    pub fn unit(&self, id: UnitId) -> Option<&Unit> {
        self.tree.place(id).map(|place| self.tree.unit(place))
    }

    /// Names of the units from the top down to `unit`; empty for an unknown one.
    pub fn path(&self, unit: UnitId) -> Vec<String> {
        self.tree.place(unit).map(|place| self.tree.path(place)).unwrap_or_default()
    }

    /// People of the unit itself, in their order, after the person `after` (from the start when that one is not there).
    pub fn people_of(&self, unit: UnitId, after: Option<PersonId>) -> Option<&[Person]> {
        let place = self.tree.place(unit)?;
        let own = self.own_numbers(place);
        let start = after
            .and_then(|id| self.by_id.get(&id))
            .filter(|number| own.contains(number))
            .map_or(own.start, |number| number + 1);
        Some(&self.people[start as usize..own.end as usize])
    }

    /// Bytes that the search postings take; the rest is the people themselves.
    pub fn postings_size(&self) -> usize {
        self.grams.size()
    }

    fn own_numbers(&self, place: u32) -> Range<u32> {
        self.first_person[place as usize]..self.first_person[place as usize + 1]
    }

    fn numbers_below(&self, unit: UnitId) -> Option<Range<u32>> {
        let places = self.tree.subtree(self.tree.place(unit)?);
        Some(self.first_person[places.start as usize]..self.first_person[places.end as usize])
    }
}

/// For each place, and one past the end, how many people come before it.
fn first_numbers(places: usize, placed: &[(u32, Person)]) -> Vec<u32> {
    let mut first = vec![0_u32; places + 1];
    for (place, _) in placed {
        first[*place as usize + 1] += 1;
    }
    for at in 0..places {
        first[at + 1] += first[at];
    }
    first
}

#[cfg(test)]
mod tests;
