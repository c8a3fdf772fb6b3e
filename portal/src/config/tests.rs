//! The file, the environment, and every error at once.

use super::{Config, DEFAULT_FILE, Problems};

fn load(text: &str, env: &[(&str, &str)]) -> Result<Config, Problems> {
    Config::load(text, env.iter().map(|(name, value)| (name.to_string(), value.to_string())))
}

fn keys(text: &str, env: &[(&str, &str)]) -> Vec<String> {
    load(text, env).expect_err("problems").0.into_iter().map(|problem| problem.key).collect()
}

#[test]
fn the_printed_file_is_the_default_and_names_every_setting() {
    assert_eq!(load(DEFAULT_FILE, &[]), Ok(Config::default()));
    assert_eq!(load("", &[]), Ok(Config::default()));
    let printed: toml::Table = DEFAULT_FILE.parse().expect("TOML");
    let all = toml::Table::try_from(Config::default()).expect("TOML");
    assert_eq!(printed, all);
}

#[test]
fn the_environment_overrides_the_file() {
    let file = "[server]\nname = \"file\"\nstop_seconds = 7\n[database]\nurl = \"postgres://a\"";
    let env = [
        ("SWITCHBOARD_SERVER__NAME", "2026"),
        ("SWITCHBOARD_SERVER__HTTP", "[\"127.0.0.1:1\"]"),
        ("SWITCHBOARD_DATABASE__URL", "postgres://env"),
        ("SWITCHBOARD_LIMITS__BURST", "9"),
        ("SWITCHBOARD_CONFIG", "not ours: no section"),
        ("PATH", "/bin"),
    ];
    let config = load(file, &env).expect("fine");
    // A name of digits stays a name.
    assert_eq!((config.server.name.as_str(), config.server.stop_seconds), ("2026", 7));
    assert_eq!(config.server.http, ["127.0.0.1:1".parse::<std::net::SocketAddr>().expect("address")]);
    assert_eq!((config.database.url.0.as_str(), config.limits.burst), ("postgres://env", 9));
}

#[test]
fn every_problem_is_named_at_once() {
    let file = "stray = 1\n[server]\nnmae = \"x\"\nname = \"\"\nhttp = [\"nowhere\"]\nlanguages = [\"fr\"]\n\
        origins = [\"https://a/b\"]\ntrusted_proxies = [\"10.1.0.0/8\"]\n[sevrer]\nname = \"x\"\n[tls]\nkey = \"k.pem\"\n[limits]\nburst = -1\n\
        body_bytes = 1\n[metrics]\nlisten = \"9090\"\n[media]\nworkers = 9999\naddresses = [\"0.0.0.0\"]\n\
        [database]\nurl = \"mysql://x\"\n[log]\nlevel = \"in=fo=x\"\nformat = \"xml\"";
    let mut found = keys(file, &[("SWITCHBOARD_LIMITS__BRUST", "1"), ("SWITCHBOARD_MEDIA__PORT", "high")]);
    found.sort();
    let mut expected = [
        "stray",
        "server.nmae",
        "server.name",
        "server.http",
        "server.languages",
        "server.origins",
        "server.trusted_proxies",
        "sevrer.name",
        "tls.key",
        "limits.burst",
        "limits.body_bytes",
        "metrics.listen",
        "media.workers",
        "media.addresses",
        "database.url",
        "log.level",
        "log.format",
        "SWITCHBOARD_LIMITS__BRUST",
        "SWITCHBOARD_MEDIA__PORT",
    ];
    expected.sort_unstable();
    assert_eq!(found, expected);
}

#[test]
fn a_file_that_is_not_toml_says_where() {
    let problems = load("[database]\nurl = hunter2", &[]).expect_err("broken").to_string();
    assert!(problems.contains("line 2") && !problems.contains("hunter2"), "{problems}");
}

#[test]
fn a_secret_is_never_printed() {
    let config = load("[database]\nurl = \"postgres://u:hunter2@h/d\"", &[]).expect("fine");
    assert!(!format!("{config:?}").contains("hunter2"));
    let refused = load("[database]\nurl = \"mysql://u:hunter2@h/d\"", &[]).expect_err("refused");
    assert!(!refused.to_string().contains("hunter2"));
}
