//! Holds the import table of the architecture: which place may name which crate or module, and how long a file may be.
//!
//! Reads source text, not types: a path such as `tokio::` in code outside `#[cfg(test)]` modules counts as an import.

use std::fs;
use std::path::{Path, PathBuf};

/// A place in the tree and the paths that its code must not name.
struct Rule {
    /// Path prefixes below the workspace root.
    places: &'static [&'static str],
    /// Longer prefixes inside `places` that another rule covers.
    except: &'static [&'static str],
    /// Forbidden path heads, e.g. `tokio` for `tokio::…`; `crate::x` names a module of the own crate.
    forbidden: &'static [&'static str],
    /// Why, for whoever breaks it.
    why: &'static str,
}

const RTC: &[&str] =
    &["rtc_stun", "rtc_dtls", "rtc_srtp", "rtc_sctp", "rtc_sdp", "rtc_crypto", "rtc_shared", "rtc"];

const RULES: &[Rule] = &[
    Rule {
        places: &[
            "media/src/ids.rs",
            "media/src/units.rs",
            "media/src/control.rs",
            "media/src/forward",
            "media/src/rtp",
            "media/src/bandwidth",
        ],
        except: &[],
        forbidden: &[
            "tokio",
            "rand",
            "getrandom",
            "signaling",
            "portal",
            "libc",
            "socket2",
            "quinn_udp",
            "std::net::UdpSocket",
            "std::thread",
            "Instant::now",
            "aws_lc_rs",
            "crate::worker",
            "crate::transport",
        ],
        why: "forwarding decisions are pure: std only",
    },
    Rule {
        places: &["media/src/transport", "media/src/bridge"],
        except: &[],
        forbidden: &[
            "tokio",
            "signaling",
            "portal",
            "libc",
            "socket2",
            "quinn_udp",
            "std::net::UdpSocket",
            "std::thread",
            "Instant::now",
            "crate::worker",
        ],
        why: "one peer without I/O: no socket, thread or clock",
    },
    Rule {
        places: &["media/src/worker"],
        except: &[],
        forbidden: &["tokio", "signaling", "portal"],
        why: "a worker is a plain thread; nothing above it is known to it",
    },
    Rule {
        places: &[
            "signaling/src/wire",
            "signaling/src/call",
            "signaling/src/session",
            "signaling/src/log.rs",
            "signaling/src/topic.rs",
            "signaling/src/ids.rs",
        ],
        except: &[],
        forbidden: &[
            "tokio",
            "axum",
            "redis",
            "sqlx",
            "portal",
            "rand",
            "std::thread",
            "std::net::TcpStream",
            "Instant::now",
            "crate::ws",
            "crate::node",
            "crate::bus",
            "crate::placement",
            "media::worker",
            "media::transport",
            "media::forward",
        ],
        why: "signaling's cores are pure: they know ids and frames only",
    },
    Rule {
        places: &["signaling/src/sip"],
        except: &["signaling/src/sip/transport"],
        forbidden: &[
            "tokio",
            "rsipstack",
            "axum",
            "redis",
            "sqlx",
            "portal",
            "rand",
            "std::thread",
            "std::net::TcpStream",
            "std::net::UdpSocket",
            "Instant::now",
            "crate::ws",
            "crate::node",
            "crate::bus",
            "media::worker",
            "media::transport",
            "media::forward",
        ],
        why: "the telephone bridge is without I/O but its transport",
    },
    Rule {
        places: &[
            "signaling/src/bus",
            "signaling/src/ws",
            "signaling/src/node",
            "signaling/src/node.rs",
            "signaling/src/placement.rs",
            "signaling/src/sip/transport",
        ],
        except: &[],
        forbidden: &["sqlx", "portal"],
        why: "signaling reaches storage through its ports",
    },
    Rule {
        places: &["portal/src"],
        except: &["portal/src/db"],
        forbidden: &[
            "sqlx::sqlite",
            "sqlx::postgres",
            "sqlx::Sqlite",
            "sqlx::Postgres",
            "SqlitePool",
            "PgPool",
        ],
        why: "db/ is the only place that knows two databases",
    },
];

const SLICES: &[&str] = &["login", "directory", "calls", "phones", "records"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ is in the workspace").to_owned()
}

fn rust_files(dir: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && name != "node_modules" {
            rust_files(&path, found);
        } else if name.ends_with(".rs") {
            found.push(path);
        }
    }
}

fn all_sources() -> Vec<(String, String)> {
    let (root, mut found) = (root(), Vec::new());
    for member in ["media/src", "signaling/src", "portal/src", "tests/src"] {
        rust_files(&root.join(member), &mut found);
    }
    found.sort();
    let relative =
        |path: &Path| path.strip_prefix(&root).expect("below the root").to_string_lossy().replace('\\', "/");
    found.iter().map(|path| (relative(path), fs::read_to_string(path).expect("readable source"))).collect()
}

fn is_test_file(path: &str) -> bool {
    path.ends_with("/tests.rs")
        || path.contains("/tests/")
        || path.ends_with("_tests.rs")
        || path.contains("/test_")
}

/// The code before the first `#[cfg(test)]` module, without comments and string literals.
fn production_code(text: &str) -> String {
    let mut code = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if line.trim() == "#[cfg(test)]" && lines.peek().is_some_and(|next| next.contains("mod ")) {
            if lines.peek().is_some_and(|next| next.trim_end().ends_with(';')) {
                lines.next();
                continue;
            }
            break;
        }
        let line = line.split("//").next().unwrap_or_default();
        for (i, part) in line.split('"').enumerate() {
            code.push_str(if i % 2 == 0 { part } else { "" });
        }
        code.push('\n');
    }
    code
}

/// Whether `code` names the path `head` (as `head::`, `use head;` or, for a whole item, as a word).
fn names(code: &str, head: &str) -> bool {
    code.match_indices(head).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = code[at + head.len()..].chars().next();
        let joined = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        let is_segment = before == Some(':') && !head.contains("::");
        let ends_path = head.contains("::") || head.chars().next().is_some_and(char::is_uppercase);
        !joined(before)
            && !is_segment
            && !joined(after)
            && (ends_path || code[at + head.len()..].starts_with("::"))
    })
}

fn breaches(sources: &[(String, String)]) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in sources.iter().filter(|(path, _)| !is_test_file(path)) {
        let code = production_code(text);
        let starts = |list: &[&str]| list.iter().any(|place| path.starts_with(place));
        for rule in RULES.iter().filter(|rule| starts(rule.places) && !starts(rule.except)) {
            for head in rule.forbidden.iter().filter(|head| names(&code, head)) {
                found.push(format!("{path} names `{head}`: {}", rule.why));
            }
        }
        if path.starts_with("media/src/") && !path.starts_with("media/src/transport") {
            found.extend(RTC.iter().filter(|head| names(&code, head)).map(|head| {
                format!("{path} names `{head}`: the rtc family stays behind media/src/transport")
            }));
        }
        if !path.starts_with("media/src/bridge/codec") && names(&code, "opus") {
            found.push(format!("{path} names `opus`: libopus stays behind media/src/bridge/codec"));
        }
        found.extend(slice_breaches(path, &code));
    }
    found
}

/// The rows of the table about `portal/<slice>/…`.
fn slice_breaches(path: &str, code: &str) -> Vec<String> {
    let Some(slice) = SLICES.iter().find(|slice| path.starts_with(&format!("portal/src/{slice}/"))) else {
        return Vec::new();
    };
    let inner = &path["portal/src/".len() + slice.len() + 1..];
    let kind = inner.trim_end_matches(".rs").split('/').next().unwrap_or_default();
    let mut forbidden: Vec<String> = match kind {
        "model" | "rules" | "events" => [
            "axum",
            "tokio",
            "sqlx::query",
            "sqlx::QueryBuilder",
            "crate::db::Db",
            "signaling::ws",
            "signaling::node",
        ]
        .map(String::from)
        .to_vec(),
        "store" => ["axum", "signaling::bus", "signaling::ws", "signaling::node"].map(String::from).to_vec(),
        "http" => vec!["sqlx".into()],
        _ => Vec::new(),
    };
    for other in SLICES.iter().filter(|other| other != &slice) {
        forbidden.extend(["store", "http", "rules"].map(|part| format!("crate::{other}::{part}")));
    }
    let named = forbidden.into_iter().filter(|head| names(code, head));
    named.map(|head| format!("{path} names `{head}`: see the rows on slices in the import table")).collect()
}

#[test]
fn the_import_table_holds() {
    let sources = all_sources();
    assert!(sources.len() > 10, "the sources were not found");
    let found = breaches(&sources);
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn no_source_file_is_longer_than_500_lines() {
    let long = |(path, text): &(String, String)| {
        let lines = text.lines().count();
        (lines > 500 && !is_test_file(path)).then(|| format!("{path}: {lines} lines"))
    };
    let found: Vec<String> = all_sources().iter().filter_map(long).collect();
    assert!(found.is_empty(), "split by meaning:\n{}", found.join("\n"));
}

#[test]
fn a_breach_would_be_found() {
    let case = |path: &str, text: &str| breaches(&[(path.to_owned(), text.to_owned())]).len();
    assert_eq!(case("media/src/forward/room.rs", "use tokio::sync::mpsc;\n"), 1);
    assert_eq!(case("media/src/forward/room.rs", "use std::fmt; // tokio::sync\n"), 0);
    assert_eq!(
        case("media/src/forward/room.rs", "fn f() {}\n#[cfg(test)]\nmod tests {\n use tokio::sync;\n}\n"),
        0
    );
    assert_eq!(case("media/src/worker/net.rs", "use rtc_dtls::endpoint;\n"), 1);
    assert_eq!(case("signaling/src/call/ring.rs", "let now = Instant::now();\n"), 1);
    assert_eq!(case("portal/src/login/rules.rs", "use axum::Json;\n"), 1);
    assert_eq!(case("portal/src/login/http.rs", "use crate::directory::store::person;\n"), 1);
    assert_eq!(case("portal/src/login/http.rs", "use crate::directory::model::Person;\n"), 0);
    assert_eq!(case("portal/src/login/store.rs", "let pool: SqlitePool = x;\n"), 1);
}
