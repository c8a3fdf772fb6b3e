//! What a durable write costs: an event in the log on SQLite, by one writer and by many at once, next to the wait for the disk
//! that no single write can avoid.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use portal::clock::Millis;
use portal::db::{self, Db, Place, Scope};
use serde_json::json;
use signaling::ids::PersonId;
use signaling::topic::Topic;
use uuid::Uuid;

use super::row::Row;

/// Writers of the crowd: a city that changes its presence, rings and reads at once.
const CROWD: u32 = 200;
/// Writes of one measurement. More make it steadier and longer.
const WRITES: u32 = 2_000;
/// Waits for the disk whose median is the limit.
const SYNCS: usize = 101;
/// Bytes that a wait for the disk follows: about what one write adds to SQLite's log.
const SYNC_BYTES: usize = 8 * 1024;

/// Measures the store in the folder `target`, which is on the disk that the sources are on.
///
/// # Panics
/// When the folder or the database cannot be written.
pub fn rows() -> Vec<Row> {
    let folder = Path::new("target").join(format!("bench-store-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    let disk = sync_ms(&folder.join("sync")).expect("a file");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (alone, crowd) = runtime.block_on(async {
        let file: PathBuf = folder.join("switchboard.sqlite3");
        let db = Db::open(&Place::Sqlite(file), Millis(0)).await.expect("a database");
        let figures = (write_ms(&db, 1, WRITES / 10).await, write_ms(&db, CROWD, WRITES).await);
        db.close().await;
        figures
    });
    fs::remove_dir_all(&folder).expect("the folder is ours");
    vec![
        Row::new("store.write_alone", alone, "ms/write").limit(disk),
        Row::new("store.write_crowd", crowd, "ms/write").limit(disk),
    ]
}

/// Median time of `fdatasync` after appending.
fn sync_ms(path: &Path) -> io::Result<f64> {
    let mut file = File::create(path)?;
    let mut times = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        file.write_all(&[7; SYNC_BYTES])?;
        let began = now();
        file.sync_data()?;
        times.push(began.elapsed().as_secs_f64() * 1_000.0);
    }
    times.sort_by(f64::total_cmp);
    Ok(times[SYNCS / 2])
}

/// Time per acknowledged write of so many writers together.
async fn write_ms(db: &Db, writers: u32, writes: u32) -> f64 {
    let began = now();
    let tasks: Vec<_> = (0..writers).map(|n| tokio::spawn(writer(db.clone(), n, writes / writers))).collect();
    for task in tasks {
        task.await.expect("a writer");
    }
    began.elapsed().as_secs_f64() * 1_000.0 / f64::from(writes / writers * writers)
}

/// Writes events of the `number`th person, one after the other.
async fn writer(db: Db, number: u32, writes: u32) {
    let person = Uuid::from_u128(number.into());
    for n in 0..writes {
        let mut tx = db.write(Scope::one("bench", person)).await.expect("a turn");
        let event = json!({ "type": "bench", "data": { "n": n } });
        db::append(&mut tx, Millis(0), Topic::Person(PersonId(person)), &event).await.expect("an event");
        tx.commit().await.expect("a commit");
    }
}

#[expect(clippy::disallowed_methods, reason = "a bench reads the clock")]
fn now() -> Instant {
    Instant::now()
}
