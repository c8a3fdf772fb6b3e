//! Runs a test's story on both databases: a SQLite file, and a PostgreSQL server that the test process starts for itself from
//! Debian's packages. A machine without PostgreSQL fails the test: half a proof would look like a whole one.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use super::{Db, Place};
use crate::clock::{Clock, Millis};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::sync::OnceCell;

/// When the databases of tests were made.
pub(crate) const START: Millis = Millis(1_790_000_000_000);

/// Runs the story on a fresh database of each kind.
pub(crate) async fn with_dbs(story: impl AsyncFn(Db)) {
    let folder = Folder::new("sqlite");
    for place in [Place::Sqlite(folder.0.join("test.sqlite3")), fresh_postgres().await] {
        let db = Db::open(&place, START).await.expect("a fresh database opens");
        story(db.clone()).await;
        db.close().await;
    }
}

/// A folder that is removed with its last owner.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    /// Makes `switchboard-<what>-<random>` among the temporary files.
    pub(crate) fn new(what: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("switchboard-{what}-{}", Clock::system().id().simple()));
        std::fs::create_dir(&path).expect("temporary folder");
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A leftover among the temporary files is no reason to fail a test that passed.
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// An empty, migrated database on this process's server.
pub(crate) async fn fresh_postgres() -> Place {
    static SERVER: OnceCell<Server> = OnceCell::const_new();
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let server = SERVER.get_or_init(Server::start).await;
    let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
    server.run(&format!("CREATE DATABASE {name} TEMPLATE template_migrated")).await;
    Place::Postgres { url: server.url(&name), connections: 8 }
}

/// The running server. It lives as long as this process: its watcher stops it when the pipe closes, which also happens when
/// the process is killed.
struct Server {
    folder: PathBuf,
    /// Holds the other end of the pipe.
    _watcher: Child,
}

/// Starts the server on a socket in its own folder, waits for the end of the pipe, stops the server and removes the folder.
const WATCHER: &str = r#"
"$1/postgres" -D "$2" -k "$2" -c listen_addresses= -c fsync=off -c synchronous_commit=off -c full_page_writes=off \
    -c max_connections=200 -c shared_buffers=32MB -c log_min_messages=log &
server=$!
read -r _
kill -QUIT "$server"
wait "$server"
rm -rf "$2"
"#;

impl Server {
    async fn start() -> Server {
        let programs = programs();
        let folder = std::env::temp_dir().join(format!("switchboard-pg-{}", Clock::system().id().simple()));
        initdb(&programs, &folder);
        let mut watcher = as_server_user("sh");
        watcher.args(["-c", WATCHER, "watcher"]).arg(&programs).arg(&folder);
        // Out of the terminal's process group: an interrupt must reach the watcher by the pipe, not before it can clean up.
        let mut watcher = watcher
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .expect("the shell starts");
        let ready = BufReader::new(watcher.stderr.take().expect("piped"))
            .lines()
            .map_while(Result::ok)
            .any(|line| line.contains("database system is ready"));
        assert!(ready, "PostgreSQL did not start");
        let server = Server { folder, _watcher: watcher };
        server.run("CREATE DATABASE template_migrated").await;
        super::migrate::postgres(&server.url("template_migrated")).await.expect("migrations run");
        server
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://postgres@localhost/{database}?host={}", self.folder.display())
    }

    async fn run(&self, statement: &str) {
        let mut admin = PgConnection::connect(&self.url("postgres")).await.expect("PostgreSQL answers");
        sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut admin).await.expect(statement);
        admin.close().await.expect("closes");
    }
}

/// The newest installed PostgreSQL.
fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let version = |path: &Path| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
    versions
        .map(|entry| entry.path())
        .filter(|path| path.join("bin/initdb").exists())
        .max_by_key(|path| version(path))
        .map(|path| path.join("bin"))
        .expect("PostgreSQL is needed for these tests: apt-get install postgresql")
}

fn initdb(programs: &Path, folder: &Path) {
    let outcome = as_server_user(programs.join("initdb"))
        .args(["--no-sync", "--auth=trust", "--username=postgres", "--no-locale", "--encoding=UTF8", "-D"])
        .arg(folder)
        .output()
        .expect("initdb starts");
    assert!(outcome.status.success(), "initdb: {}", String::from_utf8_lossy(&outcome.stderr));
}

/// PostgreSQL refuses to run as root; `postgres` is the user that its package makes.
fn as_server_user(program: impl AsRef<std::ffi::OsStr>) -> Command {
    use std::os::unix::fs::MetadataExt;
    let root = std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    let mut command = if root {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.current_dir("/").env_remove("LD_LIBRARY_PATH");
    command
}
