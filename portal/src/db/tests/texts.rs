//! The texts of statements keep to the portable subset of `migrations/README.md`.

use std::fs;
use std::path::{Path, PathBuf};

/// What no statement may contain, in lower case, and why.
const BANNED: &[(&str, &str)] = &[
    ("select *", "a new column breaks prepared statements: name the columns"),
    ("returning *", "name the columns"),
    ("now()", "bind the time"),
    ("current_timestamp", "bind the time"),
    ("for update", "use the scope of the write, or UPDATE .. RETURNING"),
    ("skip locked", "use UPDATE .. RETURNING"),
    ("ilike", "search a folded column"),
    ("any($", "no arrays: QueryBuilder"),
    ("?1", "$1 works on both"),
    ("insert or ", "ON CONFLICT works on both"),
    ("datetime(", "bind the time"),
    ("julianday(", "bind the time"),
];

/// Files of the portal with statements, tests left out.
pub(super) fn stores() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = vec![root.join("db/outbox.rs")];
    for slice in fs::read_dir(&root).expect("src").flatten().map(|entry| entry.path()) {
        found.extend([slice.join("store.rs")].into_iter().filter(|path| path.is_file()));
        let folder = fs::read_dir(slice.join("store")).into_iter().flatten().flatten();
        found.extend(folder.map(|entry| entry.path()).filter(|path| !path.ends_with("tests.rs")));
    }
    found
}

/// The string literals of a source text, joined lines included; comments are left out.
fn literals(source: &str) -> Vec<String> {
    let code: String = source.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    code.split('"').skip(1).step_by(2).map(str::to_lowercase).collect()
}

#[test]
fn no_statement_leaves_the_portable_subset() {
    let stores = stores();
    assert!(stores.len() >= 4, "the stores of the slices are found: {stores:?}");
    for path in stores {
        let source = fs::read_to_string(&path).expect("source");
        for text in literals(&source) {
            for (banned, why) in BANNED {
                let place = path.display();
                assert!(!text.contains(banned), "{place}: `{banned}` in a statement ({why}): {text}");
            }
        }
    }
}

#[test]
fn a_banned_text_is_found() {
    let source = "// SELECT * in a comment\nquery(\"SELECT a \\\n  FROM b\"); query(\"SELECT * FROM b\")";
    assert_eq!(literals(source).iter().filter(|text| text.contains("select *")).count(), 1);
}
