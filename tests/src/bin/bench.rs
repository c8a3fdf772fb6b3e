//! `make bench [only=PART]`: runs the parts, prints one table, writes `target/bench.json`.
//!
//! Rows that another program measured (the browser's) come in as files named on the command line:
//! `bench [--only PART] [--out FILE] [ROWS.json ...]`.
#![expect(clippy::print_stdout, reason = "the table is the program's product")]

use std::error::Error;
use std::path::PathBuf;

use tests::bench::media;
use tests::bench::row::{Row, machine, table};
use tests::bench::sip;
use tests::bench::store;
use tests::bench::ws;

/// A part of the bench: its name and what measures it.
type Part = (&'static str, fn() -> Vec<Row>);

const PARTS: &[Part] =
    &[("media", media::rows), ("ws", ws::rows), ("store", store::rows), ("sip", sip::rows)];

struct Wish {
    only: Option<String>,
    out: PathBuf,
    measured_elsewhere: Vec<PathBuf>,
}

fn wish() -> Result<Wish, Box<dyn Error>> {
    let mut wish = Wish { only: None, out: "target/bench.json".into(), measured_elsewhere: Vec::new() };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--only" => {
                wish.only = Some(words.next().ok_or("--only needs a part")?).filter(|part| !part.is_empty())
            }
            "--out" => wish.out = words.next().ok_or("--out needs a file")?.into(),
            file => wish.measured_elsewhere.push(file.into()),
        }
    }
    Ok(wish)
}

fn main() -> Result<(), Box<dyn Error>> {
    if ws::client::run_if_asked() {
        return Ok(());
    }
    if std::env::args().nth(1).as_deref() == Some(media::SERVER_ARGUMENT) {
        return Ok(media::serve()?);
    }
    let wish = wish()?;
    let mut rows = Vec::new();
    for (name, measure) in PARTS {
        if wish.only.as_deref().is_none_or(|only| only == *name) {
            rows.extend(measure());
        }
    }
    for file in &wish.measured_elsewhere {
        rows.extend(serde_json::from_slice::<Vec<Row>>(&std::fs::read(file)?)?);
    }
    println!("{}", table(&rows, &machine()));
    std::fs::write(&wish.out, serde_json::to_vec_pretty(&rows)?)?;
    Ok(())
}
