//! The commands of the binary, as an operator types them.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

/// A folder that is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("folder");
        Folder(path)
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_switchboard"));
        command.current_dir(&self.0).args(words);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("SWITCHBOARD_")) {
            command.env_remove(name);
        }
        command
    }

    fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().expect("starts")
    }

    /// A configuration on free ports, so that tests do not meet.
    fn quiet(&self) {
        let text = "[server]\nhttp = [\"127.0.0.1:0\"]\nhttps = [\"127.0.0.1:0\"]\nstop_seconds = 2\n\
            [media]\nport = 0\nworkers = 1\n[metrics]\nlisten = \"\"\n";
        std::fs::write(self.0.join("switchboard.toml"), text).expect("file");
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_default_configuration_is_accepted() {
    let folder = Folder::new("default");
    let printed = folder.run(&["default-config"]);
    assert!(printed.status.success());
    std::fs::write(folder.0.join("all.toml"), &printed.stdout).expect("file");
    let checked = folder.run(&["check-config", "--config", "all.toml"]);
    assert!(checked.status.success(), "{}", text(&checked.stderr));
    assert!(folder.run(&["check-config"]).status.success(), "without a file");
}

#[test]
fn every_error_of_a_configuration_is_named() {
    let folder = Folder::new("errors");
    std::fs::write(folder.0.join("switchboard.toml"), "[server]\nnmae = 1\n[limits]\nburst = 0\n")
        .expect("file");
    let checked = folder.run(&["check-config"]);
    assert!(!checked.status.success());
    let errors = text(&checked.stderr);
    assert!(errors.contains("server.nmae") && errors.contains("limits.burst"), "{errors}");
    let missing = folder.run(&["check-config", "--config", "none.toml"]);
    assert!(!missing.status.success() && text(&missing.stderr).contains("none.toml"));
}

/// Starts the server and waits for its demo log-ins: then everything is open.
fn serving(folder: &Folder) -> (Child, Vec<String>) {
    let mut server =
        folder.command(&["serve"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("starts");
    let lines = BufReader::new(server.stdout.take().expect("piped")).lines().map_while(Result::ok);
    let mut seen = Vec::new();
    for line in lines {
        seen.push(line);
        if seen.iter().filter(|line| line.starts_with("demo log-in: ")).count() == 2 {
            break;
        }
    }
    (server, seen)
}

#[test]
fn a_seeded_server_prints_where_it_is_and_stops_when_asked() {
    let folder = Folder::new("serve");
    folder.quiet();
    assert!(folder.run(&["seed"]).status.success());
    assert!(!folder.run(&["seed"]).status.success(), "there is a city already");
    assert!(folder.run(&["seed", "--if-empty"]).status.success());
    assert!(folder.run(&["migrate"]).status.success());

    let (mut server, seen) = serving(&folder);
    assert!(seen.iter().any(|line| line.starts_with("http://localhost:")), "{seen:?}");
    assert!(seen.iter().any(|line| line.starts_with("https://")), "{seen:?}");
    let asked = Command::new("sh").args(["-c", "kill -TERM \"$0\"", &server.id().to_string()]).status();
    assert!(asked.expect("sh").success());
    assert!(server.wait().expect("ends").success(), "a stop that was asked for is no failure");
}
