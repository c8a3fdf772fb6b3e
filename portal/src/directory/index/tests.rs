//! Search is held against a search by brute force over random trees and people.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use uuid::Uuid;

use super::fold::{fold, fold_words};
use super::measure::{search_times, typed_queries};
use super::*;
use crate::directory::model::Matched;

fn unit_id(n: usize) -> UnitId {
    UnitId(Uuid::from_u128(n as u128 + 1))
}

fn person_id(n: usize) -> PersonId {
    PersonId(Uuid::from_u128(n as u128 + 1))
}

fn unit(n: usize, parent: Option<usize>, name: &str) -> Unit {
    Unit { id: unit_id(n), parent: parent.map(unit_id), name: name.into(), sort: n as i64 }
}

fn person(n: usize, unit: usize, name: &str, post: &str, extension: &str) -> Person {
    Person {
        id: person_id(n),
        unit: unit_id(unit),
        name: name.into(),
        post: post.into(),
        extension: (!extension.is_empty()).then(|| extension.into()),
        email: format!("p{n}@city.example"),
        deputy: None,
        sort: n as i64,
    }
}

fn office() -> Index {
    let units = vec![
        unit(0, None, "明河市政府"),
        unit(1, Some(0), "資訊局"),
        unit(2, Some(1), "系統研發中心"),
        unit(3, Some(2), "應用系統組"),
        unit(4, Some(0), "人事處"),
    ];
    let people = vec![
        person(0, 2, "陳志明", "主任", "2101"),
        person(1, 3, "王　明", "分析師", "2102"),
        person(2, 3, "黃雅婷", "設計師", "2110"),
        person(3, 4, "陳志", "主任", "3101"),
        person(4, 4, "林陳志豪", "科員", "1210"),
        person(5, 0, "𠮷田明", "市長", ""),
    ];
    Index::new(units, people)
}

fn names<'a>(index: &'a Index, query: &str, within: Option<UnitId>) -> Vec<(&'a str, Matched)> {
    let found = index.search(query, within, 50).expect("the unit exists");
    found.hits.into_iter().map(|(person, matched)| (person.name.as_str(), matched)).collect()
}

#[test]
fn the_director_below_a_tier_is_exactly_one_row() {
    let index = office();
    assert_eq!(names(&index, "主任", Some(unit_id(2))), [("陳志明", Matched::Post)]);
    assert_eq!(names(&index, "主任", None).len(), 2);
    assert!(index.search("主任", Some(unit_id(77)), 50).is_none(), "an unknown unit is not an empty one");
}

#[test]
fn exact_names_come_before_beginnings_and_insides() {
    let index = office();
    let order: Vec<_> = names(&index, "陳志", None).into_iter().map(|(name, _)| name).collect();
    assert_eq!(order, ["陳志", "陳志明", "林陳志豪"]);
}

#[test]
fn variants_widths_blanks_and_astral_characters_are_found() {
    let index = office();
    assert_eq!(names(&index, "黄雅", None), [("黃雅婷", Matched::Name)]);
    assert_eq!(names(&index, "王明", None), [("王　明", Matched::Name)]);
    assert_eq!(names(&index, "王 明", None), [("王　明", Matched::Name)]);
    assert_eq!(names(&index, "２１１０", None), [("黃雅婷", Matched::Extension)]);
    assert_eq!(names(&index, "𠮷", None), [("𠮷田明", Matched::Name)]);
    assert!(names(&index, " 　", None).is_empty());
}

#[test]
fn several_words_must_all_match() {
    let index = office();
    assert_eq!(names(&index, "人事處 主任", None), [("陳志", Matched::Post)]);
    assert_eq!(names(&index, "資訊局 師", None).len(), 2, "a unit above counts");
    assert!(names(&index, "人事處 分析師", None).is_empty());
}

#[test]
fn a_page_says_whether_there_is_more() {
    let index = office();
    let found = index.search("陳", None, 2).unwrap();
    assert_eq!((found.hits.len(), found.more), (2, true));
    let found = index.search("陳", None, 3).unwrap();
    assert_eq!((found.hits.len(), found.more), (3, false));
}

#[test]
fn people_of_a_unit_are_paged_without_those_below() {
    let index = office();
    let all = index.people_of(unit_id(3), None).unwrap();
    assert_eq!(all.len(), 2);
    let rest = index.people_of(unit_id(3), Some(all[0].id)).unwrap();
    assert_eq!(rest, &all[1..]);
    assert_eq!(index.people_of(unit_id(2), None).unwrap().len(), 1);
    assert!(index.people_of(unit_id(9), None).is_none());
    assert_eq!(index.headcount(unit_id(1)), 3);
    assert_eq!(index.headcount(unit_id(0)), 6);
    assert_eq!(index.path(unit_id(3)), ["明河市政府", "資訊局", "系統研發中心", "應用系統組"]);
}

/// Every person below `within` who has the query in a field, found by walking up from each and comparing texts.
fn brute(units: &[Unit], people: &[Person], query: &str, within: Option<UnitId>) -> Vec<PersonId> {
    let by_id: HashMap<UnitId, &Unit> = units.iter().map(|unit| (unit.id, unit)).collect();
    let words = fold_words(query);
    if words.is_empty() {
        return Vec::new();
    }
    let chain =
        |unit: UnitId| std::iter::successors(by_id.get(&unit), |u| u.parent.and_then(|p| by_id.get(&p)));
    let has = |person: &Person, word: &str| {
        fold(&person.name).contains(word)
            || fold(&person.post).contains(word)
            || fold(person.extension.as_deref().unwrap_or("")).contains(word)
            || chain(person.unit).any(|unit| fold(&unit.name).contains(word))
    };
    let mut hits: Vec<PersonId> = people
        .iter()
        .filter(|person| within.is_none_or(|top| chain(person.unit).any(|unit| unit.id == top)))
        .filter(|person| has(person, &words.concat()) || words.iter().all(|word| has(person, word)))
        .map(|person| person.id)
        .collect();
    hits.sort();
    hits
}

fn text(longest: usize) -> impl Strategy<Value = String> {
    // A small alphabet with variants, widths, blanks and an astral character, so that queries hit.
    let letters = "陳志明黃黄台臺任主1１2局𠮷 　".chars().collect::<Vec<_>>();
    prop::collection::vec(prop::sample::select(letters), 0..=longest).prop_map(String::from_iter)
}

fn city() -> impl Strategy<Value = (Vec<Unit>, Vec<Person>)> {
    let units = prop::collection::vec((any::<prop::sample::Index>(), text(4), -2..2_i64), 1..12);
    let people = prop::collection::vec((any::<prop::sample::Index>(), text(4), text(3), text(3)), 0..40);
    (units, people).prop_map(|(raw_units, raw_people)| {
        let mut units: Vec<Unit> = Vec::new();
        for (n, (parent, name, sort)) in raw_units.into_iter().enumerate() {
            let parent = (n > 0).then(|| parent.index(n));
            units.push(Unit { sort, ..unit(n, parent, &name) });
        }
        let people = raw_people.into_iter().enumerate();
        let people =
            people.map(|(n, (at, name, post, ext))| person(n, at.index(units.len()), &name, &post, &ext));
        let people = people.collect();
        (units, people)
    })
}

proptest! {
    #[test]
    fn search_finds_what_brute_force_finds(
        (units, people) in city(),
        query in text(3),
        within in prop::option::of(0..12_usize),
        limit in 1..50_usize,
    ) {
        let within = within.filter(|n| *n < units.len()).map(unit_id);
        let index = Index::new(units.clone(), people.clone());
        let expected = brute(&units, &people, &query, within);
        let all = index.search(&query, within, people.len().max(1)).unwrap();
        let mut found: Vec<PersonId> = all.hits.iter().map(|(person, _)| person.id).collect();
        found.sort();
        prop_assert_eq!(&found, &expected);
        prop_assert!(!all.more);
        let page = index.search(&query, within, limit).unwrap();
        prop_assert_eq!(page.more, expected.len() > limit);
        prop_assert_eq!(&page.hits[..], &all.hits[..limit.min(expected.len())]);
    }
}

/// That the figures are taken; the bench holds their limit in a release build.
#[test]
#[expect(clippy::disallowed_methods, reason = "the clock is what is handed in here")]
fn searches_of_a_large_city_are_measured() {
    let city = crate::demo::city(1, 2_000);
    let index = Index::new(city.units, city.people);
    let queries = typed_queries(&index, 97);
    let start = Instant::now();
    let times = search_times(&index, &queries, || start.elapsed()).expect("there are queries");
    assert!(times.p50 <= times.p99 && times.p99 <= times.max && times.max > Duration::ZERO);
    assert!(index.postings_size() < 64 * index.len(), "{} bytes of postings", index.postings_size());
}
