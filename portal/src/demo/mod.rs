//! The demo city: made up from a seed, the same on every machine, for a first look at the product and for load tests.

mod names;
mod offices;
mod prng;
mod seed;

use std::collections::HashMap;

use signaling::ids::PersonId;

use self::names::Name;
use self::offices::{CITY, CLERKS, ENGINEERS, Kind, MORE_BUREAUS, MORE_SECTIONS, MORE_TEAMS, Office};
use self::prng::Prng;
pub use seed::{DEFAULT_PASSWORD, Seeded, seed};

use crate::directory::model::{MAX_PEOPLE, Person, Unit, UnitId};

/// Seed of the demo that `make run` serves.
pub const SEED: u64 = 11_509;
/// People of the demo that `make run` serves.
pub const STAFF: usize = 300;
/// Fewest people of a city: every one of the first forty units has its heads.
pub const MIN_STAFF: usize = 60;
/// One further bureau for each this many people, as long as there are names: units stay of a plausible size.
const STAFF_PER_BUREAU: usize = 800;
/// Domain of the e-mail addresses; `.example` is reserved (RFC 2606).
const DOMAIN: &str = "minghe.example";

/// The accounts that are printed for a first look, with name, unit and post: two who call each other and a third.
const LOGINS: [(&str, &str, &str, &str); 3] = [
    ("lin.yating", "林雅婷", "應用系統組", "設計師"),
    ("chen.zhiming", "陳志明", "任免遷調科", "專員"),
    ("wang.shufen", "王淑芬", "骨幹網路組", "管理師"),
];

/// An account of the demo: what the person types at log-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemoAccount {
    /// The person.
    pub person: PersonId,
    /// Account name.
    pub account: String,
}

/// A whole city.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct City {
    /// Units, each after the one that it belongs to.
    pub units: Vec<Unit>,
    /// People.
    pub people: Vec<Person>,
    /// One account per person, in the same order.
    pub accounts: Vec<DemoAccount>,
}

impl City {
    /// The accounts that are printed at start, with their people.
    pub fn logins(&self) -> impl Iterator<Item = (&DemoAccount, &Person)> {
        LOGINS.iter().filter_map(|(name, ..)| {
            let at = self.accounts.iter().position(|account| account.account == *name)?;
            Some((&self.accounts[at], &self.people[at]))
        })
    }
}

/// Makes a city of `staff` people (at least [`MIN_STAFF`], at most [`MAX_PEOPLE`]).
pub fn city(seed: u64, staff: usize) -> City {
    let mut builder = Builder::new(seed);
    builder.offices(staff);
    builder.people(staff.clamp(MIN_STAFF, MAX_PEOPLE));
    builder.deputies();
    builder.city
}

struct Builder {
    prng: Prng,
    city: City,
    kinds: Vec<Kind>,
    /// How many people each unit has so far; also the next place in it.
    sizes: Vec<i64>,
    /// How many accounts are made from one name so far.
    taken: HashMap<String, u32>,
}

impl Builder {
    fn new(seed: u64) -> Self {
        Builder {
            prng: Prng::new(seed),
            city: City { units: Vec::new(), people: Vec::new(), accounts: Vec::new() },
            kinds: Vec::new(),
            sizes: Vec::new(),
            taken: HashMap::new(),
        }
    }

    fn offices(&mut self, staff: usize) {
        self.office(&CITY, None, 0);
        let top = self.city.units.first().map(|unit| unit.id);
        for (n, bureau) in MORE_BUREAUS.iter().enumerate().take(staff / STAFF_PER_BUREAU) {
            let bureau = self.unit(Kind::Bureau, bureau, top, 100 + n as i64);
            for (n, section) in MORE_SECTIONS.iter().enumerate() {
                let section = self.unit(Kind::Section, section, Some(bureau), n as i64);
                for (n, team) in MORE_TEAMS.iter().enumerate() {
                    self.unit(Kind::Team, team, Some(section), n as i64);
                }
            }
        }
    }

    /// A unit of the fixed part and, recursively, those below it (four levels).
    fn office(&mut self, office: &Office, parent: Option<UnitId>, sort: i64) {
        let id = self.unit(office.kind, office.name, parent, sort);
        for (n, below) in office.below.iter().enumerate() {
            self.office(below, Some(id), n as i64);
        }
    }

    fn unit(&mut self, kind: Kind, name: &str, parent: Option<UnitId>, sort: i64) -> UnitId {
        let id = UnitId(self.prng.uuid());
        self.city.units.push(Unit { id, parent, name: name.to_owned(), sort });
        self.kinds.push(kind);
        self.sizes.push(0);
        id
    }

    fn people(&mut self, staff: usize) {
        for (account, name, unit, post) in LOGINS {
            let at = self.city.units.iter().position(|u| u.name == unit).unwrap_or_default();
            self.person(at, post, Name { display: name.to_owned(), account: account.to_owned() });
        }
        for at in 0..self.kinds.len() {
            for post in self.kinds[at].heads() {
                if self.city.people.len() < staff {
                    self.somebody(at, post);
                }
            }
        }
        // Heads of bureaus and of the city sit in the unit itself; ordinary staff work in sections, centres and teams.
        let working: Vec<usize> = (0..self.kinds.len())
            .filter(|at| !matches!(self.kinds[*at], Kind::City | Kind::Bureau | Kind::Department))
            .collect();
        while self.city.people.len() < staff {
            let at = *self.prng.pick(&working);
            let posts = if offices::technical(&self.city.units[at].name) { ENGINEERS } else { CLERKS };
            let post = *self.prng.weighted(posts);
            self.somebody(at, post);
        }
    }

    fn somebody(&mut self, unit: usize, post: &str) {
        let name = names::name(&mut self.prng);
        self.person(unit, post, name);
    }

    fn person(&mut self, unit: usize, post: &str, name: Name) {
        let taken = self.taken.entry(name.account.clone()).or_insert(0);
        *taken += 1;
        // The second chen.zhiming is chen.zhiming2.
        let account = if *taken == 1 { name.account } else { format!("{}{taken}", name.account) };
        let number = self.city.people.len();
        let id = PersonId(self.prng.uuid());
        // Heads come first; the logins of the demo were made before them.
        let head = self.kinds[unit].heads().iter().position(|head| *head == post);
        self.sizes[unit] += 1;
        self.city.people.push(Person {
            id,
            unit: self.city.units[unit].id,
            name: name.display,
            post: post.to_owned(),
            extension: Some(extension(number)),
            email: format!("{account}@{DOMAIN}"),
            deputy: None,
            sort: head.map_or(100 + self.sizes[unit], |place| place as i64),
        });
        self.city.accounts.push(DemoAccount { person: id, account });
    }

    /// Everybody's deputy is the next person of the same unit, in a ring; somebody alone in a unit has none.
    fn deputies(&mut self) {
        let mut members: HashMap<UnitId, Vec<usize>> = HashMap::new();
        for (at, person) in self.city.people.iter().enumerate() {
            members.entry(person.unit).or_default().push(at);
        }
        for ring in members.values().filter(|ring| ring.len() > 1) {
            for (at, person) in ring.iter().enumerate() {
                let deputy = self.city.people[ring[(at + 1) % ring.len()]].id;
                self.city.people[*person].deputy = Some(deputy);
            }
        }
    }
}

/// Four digits from 2001 for the first 7,000 people, six from 107000 for those after: every one of its own.
fn extension(number: usize) -> String {
    if number < 7_000 { format!("{}", 2_001 + number) } else { format!("{}", 100_000 + number) }
}

#[cfg(test)]
mod tests;
