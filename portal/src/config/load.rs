//! Reads the file and the environment key by key, so that one wrong key hides no other.

use toml::{Table, Value};

use super::{Config, Problems};

/// Variables of ours: `SWITCHBOARD_SECTION__KEY`.
const PREFIX: &str = "SWITCHBOARD_";

/// The settings that could be read; those that could not keep their default and are among the problems.
pub(super) fn read(
    text: &str,
    env: impl IntoIterator<Item = (String, String)>,
    problems: &mut Problems,
) -> Config {
    let mut good = Table::new();
    match text.parse::<Table>() {
        Ok(file) => read_file(file, &mut good, problems),
        Err(error) => problems.add("", not_toml(text, &error)),
    }
    let mut env: Vec<_> = env.into_iter().collect();
    env.sort();
    for (name, value) in env {
        if let Some((section, key)) = name.strip_prefix(PREFIX).and_then(|rest| rest.split_once("__")) {
            read_variable(&name, (&section.to_lowercase(), &key.to_lowercase()), &value, &mut good, problems);
        }
    }
    // Every key was tried on its own before.
    good.try_into().unwrap_or_default()
}

/// Where and why, without the line itself: it may hold a password.
fn not_toml(text: &str, error: &toml::de::Error) -> String {
    let at = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    format!("not a TOML file: line {}: {}", at.matches('\n').count() + 1, error.message())
}

fn read_file(file: Table, good: &mut Table, problems: &mut Problems) {
    for (section, content) in file {
        let Value::Table(keys) = content else {
            problems.add(section, "unknown; settings stand in sections such as [server]");
            continue;
        };
        for (key, value) in keys {
            match accept(&section, &key, value) {
                Ok(value) => put(good, &section, &key, value),
                Err(text) => problems.add(format!("{section}.{key}"), text),
            }
        }
    }
}

/// A variable is read as a TOML value, or as a plain string where that does not fit.
fn read_variable(
    name: &str,
    (section, key): (&str, &str),
    text: &str,
    good: &mut Table,
    problems: &mut Problems,
) {
    let typed = format!("v = {text}").parse::<Table>().ok().and_then(|mut table| table.remove("v"));
    let plain = accept(section, key, Value::String(text.to_owned()));
    let accepted = match typed.map(|value| accept(section, key, value)) {
        Some(Ok(value)) => Ok(value),
        Some(Err(refusal)) => plain.map_err(|_| refusal),
        None => plain,
    };
    match accepted {
        Ok(value) => put(good, section, key, value),
        Err(text) => problems.add(name, text),
    }
}

/// Whether a configuration with this one setting can be read.
fn accept(section: &str, key: &str, value: Value) -> Result<Value, String> {
    let mut alone = Table::new();
    put(&mut alone, section, key, value.clone());
    match alone.try_into::<Config>() {
        Ok(_) => Ok(value),
        // The first line says what is wrong; the rest repeats where.
        Err(error) => Err(error.message().lines().next().unwrap_or_default().to_owned()),
    }
}

fn put(table: &mut Table, section: &str, key: &str, value: Value) {
    let keys = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
    if let Value::Table(keys) = keys {
        keys.insert(key.to_owned(), value);
    }
}
