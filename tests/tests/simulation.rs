//! A thousand runs of the whole path, and proofs that its oracle sees what is wrong.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use tests::sim::plan::Sabotage;
use tests::sim::{Counts, Failure, run};

/// Seeds of one test run; `SIM_SEEDS` asks for more, `SIM_FIRST` for others, `SIM_LINES` for more of what happened.
const SEEDS: u64 = 1_000;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

#[expect(clippy::disallowed_methods, reason = "any instant will do to begin with, and one test is timed")]
fn now() -> Instant {
    Instant::now()
}

/// Runs the seeds on all cores; gives the sums, and the failures by seed.
fn run_all(first: u64, seeds: u64) -> (Counts, BTreeMap<u64, Box<Failure>>) {
    let start = now();
    let (next, results) = (AtomicU64::new(first), Mutex::new((Counts::default(), BTreeMap::new())));
    let threads = thread::available_parallelism().map_or(2, |n| n.get());
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= first + seeds {
                return;
            }
            let result = run(start, seed, None);
            let (counts, failures) = &mut *results.lock().unwrap();
            match result {
                Ok(seen) => counts.add(&seen),
                Err(failure) => drop(failures.insert(seed, failure)),
            }
        }
    };
    thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    results.into_inner().unwrap()
}

fn report(failure: &Failure) -> String {
    let Failure { seed, breach, lines } = failure;
    let shown = lines.len().saturating_sub(number("SIM_LINES", 80) as usize);
    format!("{}\nseed {seed}: {breach}", lines[shown..].join("\n"))
}

#[test]
fn a_thousand_seeds_hold_every_rule() {
    let began = now();
    let (counts, failures) = run_all(number("SIM_FIRST", 1), number("SIM_SEEDS", SEEDS));
    eprintln!("{counts:?} in {:?}", began.elapsed());
    for Failure { seed, breach, .. } in failures.values().map(AsRef::as_ref) {
        eprintln!("seed {seed}: {breach}");
    }
    if let Some((_, failure)) = failures.first_key_value() {
        panic!("{} seeds fail; the first:\n{}", failures.len(), report(failure));
    }
}

/// Seeds that failed once, and what they had found.
const FOUND: &[(u64, &str)] = &[
    (1, "requests made without a socket were refused after the resume"),
    (6, "whoever came muted was heard"),
    (18, "one who had answered, left and was called again had no missed call after a crash"),
    (35, "the repeated reply to an answer showed a call that had ended meanwhile"),
    (37, "the starter who was called back into the call had no missed call after a crash"),
];

#[test]
fn what_was_found_stays_mended() {
    let start = now();
    for (seed, what) in FOUND {
        if let Err(failure) = run(start, *seed, None) {
            panic!("{what}?\n{}", report(&failure));
        }
    }
}

#[test]
fn a_seed_is_a_run() {
    let runs = [run(now(), 3, None), run(now(), 3, None)];
    let counts = runs.map(|run| run.expect("seed 3 holds"));
    assert_eq!(counts[0], counts[1]);
}

/// Each broken rule, and what the oracle says of it.
const BROKEN: &[(Sabotage, &str)] = &[
    (Sabotage::IgnoreHold, "holds its call"),
    (Sabotage::LeakToStrangers, "of another call"),
    (Sabotage::IgnoreNacks, "missing"),
    (Sabotage::DropSomeMedia, "does not hear"),
    (Sabotage::SkipEvent, "event"),
    (Sabotage::RepeatEvent, "event"),
    (Sabotage::NoRepair, "no end in the journal"),
    (Sabotage::NoTimers, "left over"),
    (Sabotage::SilentPresence, "shows"),
    (Sabotage::SecondAnswer, "answered for"),
    (Sabotage::LoseReplies, "has no reply"),
];

/// An oracle that cannot fail proves nothing: every rule that is broken on purpose is found within some seeds.
#[test]
fn every_broken_rule_is_found() {
    let start = now();
    for (rule, words) in BROKEN {
        let mut said = Vec::new();
        let found = (1..=60).any(|seed| {
            let breach = run(start, seed, Some(*rule)).err().map(|failure| failure.breach);
            let found = breach.as_ref().is_some_and(|breach| breach.contains(words));
            said.extend(breach);
            found
        });
        assert!(found, "{rule:?} was not found; said was {said:?}");
    }
}
