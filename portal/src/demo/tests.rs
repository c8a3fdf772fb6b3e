use std::collections::HashSet;

use super::*;
use crate::directory::index::Index;

#[test]
fn one_seed_is_one_city() {
    assert_eq!(city(7, 300), city(7, 300));
    assert_ne!(city(7, 300).people, city(8, 300).people);
}

#[test]
fn the_demo_has_forty_units_in_four_levels_and_three_hundred_people() {
    let city = city(SEED, STAFF);
    assert_eq!(city.units.len(), 40);
    assert_eq!(city.people.len(), 300);
    let index = Index::new(city.units, city.people);
    let deepest = index.units().iter().map(|unit| index.path(unit.id).len()).max();
    assert_eq!(deepest, Some(4));
    assert!(index.units().iter().all(|unit| index.headcount(unit.id) > 0), "no unit is empty");
}

#[test]
fn the_manual_s_example_holds_for_every_seed() {
    for seed in 0..20 {
        let city = city(seed, STAFF);
        let centre = city.units.iter().find(|unit| unit.name == "系統研發中心").map(|unit| unit.id);
        let index = Index::new(city.units, city.people);
        let found = index.search("主任", centre, 50).unwrap();
        assert_eq!(found.hits.len(), 1, "seed {seed}");
        assert!(index.search("主任", None, 50).unwrap().hits.len() > 1);
    }
}

#[test]
fn accounts_extensions_and_addresses_are_unique() {
    for staff in [STAFF, 20_000] {
        let city = city(3, staff);
        assert_eq!(city.people.len(), staff);
        let accounts: HashSet<_> = city.accounts.iter().map(|account| &account.account).collect();
        let extensions: HashSet<_> = city.people.iter().map(|person| &person.extension).collect();
        let emails: HashSet<_> = city.people.iter().map(|person| &person.email).collect();
        let ids: HashSet<_> = city.people.iter().map(|person| person.id).collect();
        assert_eq!([accounts.len(), extensions.len(), emails.len(), ids.len()], [staff; 4]);
    }
}

#[test]
fn the_logins_are_there_in_every_city() {
    for staff in [0, STAFF, 5_000] {
        let city = city(staff as u64, staff);
        let logins: Vec<_> = city
            .logins()
            .map(|(account, person)| (account.account.as_str(), person.name.as_str(), person.post.as_str()))
            .collect();
        let expected: Vec<_> =
            LOGINS.iter().map(|(account, name, _, post)| (*account, *name, *post)).collect();
        assert_eq!(logins, expected);
    }
}

#[test]
fn names_are_plausible() {
    let city = city(SEED, 5_000);
    let chen = city.people.iter().filter(|person| person.name.starts_with('陳')).count();
    assert!((400..800).contains(&chen), "the commonest surname is one in nine: {chen}");
    assert!(city.people.iter().any(|person| person.name.starts_with("歐陽")));
    assert!(city.people.iter().any(|person| person.name.contains('　')), "given names of one character");
    assert!(city.people.iter().all(|person| (2..=5).contains(&person.name.chars().count())));
    assert!(city.accounts.iter().all(|a| a.account.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.')));
}

#[test]
fn deputies_are_colleagues_of_the_same_unit() {
    let city = city(SEED, STAFF);
    let index = Index::new(city.units, city.people.clone());
    let mut with_deputy = 0;
    for person in &city.people {
        let Some(deputy) = person.deputy.and_then(|id| index.person(id)) else { continue };
        assert_eq!(deputy.unit, person.unit);
        assert_ne!(deputy.id, person.id);
        with_deputy += 1;
    }
    assert!(with_deputy > 200, "{with_deputy}");
}

#[tokio::test]
async fn a_city_is_put_into_an_empty_database_once() {
    use crate::clock::Millis;
    use crate::db::with_dbs::{START, with_dbs};
    use crate::directory::Directory;
    use crate::login::model::Role;
    use crate::login::password::{Hasher, HasherConfig};
    use crate::login::roles;

    with_dbs(async |db| {
        let hasher = Hasher::new(HasherConfig::default()).expect("hasher");
        let big = city(2, 3_000);
        let made = seed(&db, &hasher, &big, DEFAULT_PASSWORD, START).await.expect("seeded");
        assert_eq!(made, Seeded::Made(3_000));
        assert_eq!(hasher.checks(), 0);
        let wang = big.logins().nth(2).expect("wang.shufen").1.id;
        assert_eq!(roles::of(&db, wang).await.expect("roles"), [Role::Administrator]);
        let again = seed(&db, &hasher, &city(3, STAFF), DEFAULT_PASSWORD, Millis(0)).await.expect("seeded");
        assert_eq!(again, Seeded::WasThere);
        let directory = Directory::open(&db).await.expect("directory");
        assert_eq!(directory.index().len(), 3_000);
        assert_eq!(directory.index().units().len(), big.units.len());
    })
    .await;
}

#[tokio::test]
async fn a_weak_demo_password_is_refused() {
    use crate::db::with_dbs::{START, with_dbs};
    use crate::login::password::{Hasher, HasherConfig};

    with_dbs(async |db| {
        let hasher = Hasher::new(HasherConfig::default()).expect("hasher");
        assert!(seed(&db, &hasher, &city(1, STAFF), "demo", START).await.is_err());
    })
    .await;
}
