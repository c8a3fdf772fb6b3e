//! How long searches take, for the bench. The clock is the caller's: this core has none.

use std::time::Duration;

use super::Index;

/// Times of many searches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SearchTimes {
    /// Half were at most this.
    pub p50: Duration,
    /// 99 of 100 were at most this.
    pub p99: Duration,
    /// The longest.
    pub max: Duration,
}

/// Searches for each query once over everybody with a page of 50, reading `clock` before and after; `None` without queries.
pub fn search_times(
    index: &Index,
    queries: &[String],
    mut clock: impl FnMut() -> Duration,
) -> Option<SearchTimes> {
    let mut times: Vec<Duration> = queries
        .iter()
        .map(|query| {
            let start = clock();
            std::hint::black_box(index.search(query, None, 50));
            clock().saturating_sub(start)
        })
        .collect();
    times.sort_unstable();
    let at = |share: usize| times.get((times.len().saturating_sub(1)) * share / 100).copied();
    Some(SearchTimes { p50: at(50)?, p99: at(99)?, max: at(100)? })
}

/// Queries of one to four characters as people type them: beginnings and ends of names, posts, units and extensions of
/// every `step`-th person.
pub fn typed_queries(index: &Index, step: usize) -> Vec<String> {
    let mut queries = Vec::new();
    for person in index.people.iter().step_by(step.max(1)) {
        let unit = index.unit(person.unit).map_or("", |unit| unit.name.as_str());
        for text in [&person.name, &person.post, unit, person.extension.as_deref().unwrap_or("")] {
            for length in 1..=4 {
                queries.push(text.chars().take(length).collect());
            }
            queries.push(text.chars().skip(1).take(2).collect());
        }
    }
    queries
}
