//! Every store function runs on both databases in some story.
//!
//! `on!` notes the function that it stands in when a file to note in is named by the environment. The test runs this same
//! program with the slices' stories once more and compares what was noted with the functions in the source.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, OnceLock};

use super::texts::stores;
use crate::db::with_dbs::Folder;

const VARIABLE: &str = "SWITCHBOARD_NOTE_STATEMENTS";

/// Notes a statement: `function` is the path of a closure within it.
pub(crate) fn note(database: &str, function: &str) {
    static FILE: OnceLock<Option<Mutex<File>>> = OnceLock::new();
    let open = || {
        let path = std::env::var_os(VARIABLE)?;
        Some(Mutex::new(OpenOptions::new().append(true).create(true).open(path).expect("notes")))
    };
    if let Some(file) = FILE.get_or_init(open) {
        let function = function.split("::{{").next().unwrap_or(function);
        writeln!(file.lock().expect("notes"), "{database} {function}").expect("notes");
    }
}

/// The functions with a statement in them, as paths.
fn functions() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = BTreeSet::new();
    for path in stores() {
        let module = path.strip_prefix(&root).expect("within").with_extension("");
        let module: Vec<&str> =
            module.iter().filter_map(|part| part.to_str()).filter(|part| *part != "mod").collect();
        let source = fs::read_to_string(&path).expect("source");
        for body in source.split("async fn ").skip(1) {
            let name: String = body.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if body.contains("on!(") {
                found.insert(format!("portal::{}::{name}", module.join("::")));
            }
        }
    }
    found
}

#[test]
fn every_store_function_runs_on_both_databases() {
    let functions = functions();
    assert!(functions.contains("portal::db::outbox::next_seq"), "{functions:?}");
    let folder = Folder::new("coverage");
    let notes = folder.0.join("notes");
    let outcome = Command::new(std::env::current_exe().expect("this program"))
        .args([
            "login::",
            "audit::",
            "directory::",
            "calls::",
            "phones::",
            "records::",
            "demo::",
            "db::tests::log",
            "--skip",
            "coverage",
        ])
        .env(VARIABLE, &notes)
        .output()
        .expect("starts");
    assert!(outcome.status.success(), "{}", String::from_utf8_lossy(&outcome.stdout));
    let noted: BTreeSet<String> =
        fs::read_to_string(&notes).expect("notes").lines().map(str::to_owned).collect();
    for database in ["sqlite", "postgres"] {
        let missing: Vec<_> =
            functions.iter().filter(|function| !noted.contains(&format!("{database} {function}"))).collect();
        assert!(missing.is_empty(), "no story runs on {database}: {missing:?}");
    }
}
