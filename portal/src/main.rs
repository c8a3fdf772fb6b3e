//! The server binary.
#![expect(clippy::print_stdout, reason = "what the commands print is their product")]

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use portal::app::{App, HubSlot};
use portal::audit::{Action, Entry};
use portal::config::{Config, DEFAULT_FILE, LogConfig, LogFormat};
use portal::db::DbError;
use portal::demo::{self, DemoAccount, Seeded};
use portal::login::model::Role;
use portal::login::{roles, store};
use portal::phones::manage;
use portal::phones::model::NewPhone;
use portal::phones::setup::{self, PhoneServer};
use portal::start::{self, Addresses, Running};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Switchboard 總機: the messaging and calling hub of a city government.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The configuration file [default: switchboard.toml, where there is one].
    #[arg(long, global = true, env = "SWITCHBOARD_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serves; this is the default.
    Serve,
    /// Names everything that is wrong with the configuration.
    CheckConfig,
    /// Prints a commented configuration with all defaults.
    DefaultConfig,
    /// Brings the database up to date and ends.
    Migrate,
    /// Fills an empty database with the demo city.
    Seed {
        /// People of the city.
        #[arg(long, default_value_t = demo::STAFF)]
        staff: usize,
        /// Do nothing, rather than fail, where there are people already.
        #[arg(long)]
        if_empty: bool,
    },
    /// Gives an account a role.
    Grant {
        /// The account.
        account: String,
        /// The role: administrator.
        role: Role,
    },
    /// Takes a role from an account.
    Revoke {
        /// The account.
        account: String,
        /// The role: administrator.
        role: Role,
    },
    /// Telephones that may register here.
    Phone {
        #[command(subcommand)]
        command: PhoneCommand,
    },
    /// Writes the TypeScript and OpenAPI files of the web app.
    ExportTypes {
        /// Where to.
        folder: PathBuf,
    },
}

#[derive(Subcommand)]
enum PhoneCommand {
    /// Makes an account, and prints what to type into the telephone.
    Add {
        /// Its extension.
        extension: String,
        /// Account of the person whose it is.
        #[arg(long)]
        person: Option<String>,
        /// What it is called [default: the person's name, or the extension].
        #[arg(long, default_value = "", hide_default_value = true)]
        name: String,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("switchboard: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<(), Failure> {
    let command = arguments.command.unwrap_or(Command::Serve);
    match command {
        Command::DefaultConfig => print!("{DEFAULT_FILE}"),
        Command::ExportTypes { folder } => portal::channels::export(&folder)?,
        Command::CheckConfig => {
            load(arguments.config)?;
            println!("the configuration is fine");
        }
        Command::Serve => with_runtime(load(arguments.config)?, serve)?,
        Command::Migrate => with_runtime(load(arguments.config)?, migrate)?,
        Command::Grant { account, role } => {
            with_runtime(load(arguments.config)?, async move |config| {
                set_role(config, &account, role, true).await
            })?;
        }
        Command::Revoke { account, role } => {
            with_runtime(load(arguments.config)?, async move |config| {
                set_role(config, &account, role, false).await
            })?;
        }
        Command::Phone { command: PhoneCommand::Add { extension, person, name } } => {
            let asked = NewPhone { extension, name, person: None };
            with_runtime(load(arguments.config)?, async move |config| {
                add_phone(config, asked, person).await
            })?;
        }
        Command::Seed { staff, if_empty } => {
            with_runtime(load(arguments.config)?, async move |config| seed(config, staff, if_empty).await)?;
        }
    }
    Ok(())
}

/// The file that was named, or `switchboard.toml`, or none; with the environment on top.
fn load(path: Option<PathBuf>) -> Result<Config, Failure> {
    let named = path.is_some();
    let path = path.unwrap_or_else(|| "switchboard.toml".into());
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if !named && error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(format!("{}: {error}", path.display()).into()),
    };
    Config::load(&text, std::env::vars())
        .map_err(|problems| format!("the configuration is wrong\n{problems}").into())
}

fn with_runtime(
    config: Config,
    work: impl AsyncFnOnce(Config) -> Result<(), Failure>,
) -> Result<(), Failure> {
    start_log(&config.log)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(work(config));
    // Asked to stop at once, nothing that still runs is waited for.
    runtime.shutdown_background();
    outcome
}

fn start_log(config: &LogConfig) -> Result<(), Failure> {
    let filter = EnvFilter::builder().parse(&config.level)?;
    let terminal = std::io::stderr().is_terminal();
    let log =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(terminal);
    match config.format {
        LogFormat::Text => log.try_init()?,
        LogFormat::Json => log.json().try_init()?,
    }
    Ok(())
}

async fn serve(config: Config) -> Result<(), Failure> {
    let mut stop = Stop::new()?;
    let running = Running::start(config).await?;
    print_addresses(&running.addresses);
    print_demo(&running.app).await?;
    stop.asked().await;
    tokio::select! {
        () = running.stop() => Ok(()),
        () = stop.asked() => Err("stopped at once, as asked twice".into()),
    }
}

fn print_addresses(addresses: &Addresses) {
    let http = |address: &SocketAddr| {
        let host = if address.ip().is_loopback() { "localhost".into() } else { address.ip().to_string() };
        format!("http://{host}:{}", address.port())
    };
    let mut lines: Vec<String> = addresses.http.iter().map(http).collect();
    // Localhost has two addresses.
    lines.dedup();
    lines.iter().for_each(|line| println!("{line}"));
    for address in &addresses.https {
        // The addresses that media is announced with are those that others reach this machine by.
        let mut hosts: Vec<_> = addresses.media.iter().map(|media| media.ip()).collect();
        hosts.retain(|host| !address.ip().is_ipv4() || host.is_ipv4());
        hosts.sort();
        hosts.dedup();
        for host in hosts {
            println!("https://{}", SocketAddr::new(host, address.port()));
        }
    }
}

/// The two signals that ask for a stop.
struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    fn new() -> std::io::Result<Stop> {
        Ok(Stop { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn asked(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

async fn migrate(config: Config) -> Result<(), Failure> {
    let app = start::open(config, Arc::new(HubSlot::default())).await?;
    app.db.close().await;
    println!("the database is up to date");
    Ok(())
}

async fn seed(config: Config, staff: usize, if_empty: bool) -> Result<(), Failure> {
    let app = start::open(config, Arc::new(HubSlot::default())).await?;
    let city = demo::city(demo::SEED, staff);
    let seeded = demo::seed(&app.db, &app.login.hasher, &city, demo::DEFAULT_PASSWORD, app.now()).await;
    app.db.close().await;
    match seeded? {
        Seeded::Made(people) => println!("made a city of {people} people"),
        Seeded::WasThere if if_empty => {}
        Seeded::WasThere => return Err("there are people in the directory already".into()),
    }
    Ok(())
}

async fn set_role(config: Config, account: &str, role: Role, has: bool) -> Result<(), Failure> {
    let app = start::open(config, Arc::new(HubSlot::default())).await?;
    let changed = roles::set(&app.db, &app.clock, account, role, has).await;
    app.db.close().await;
    println!("{}", if changed? { "done" } else { "it was so already" });
    Ok(())
}

async fn add_phone(config: Config, mut asked: NewPhone, account: Option<String>) -> Result<(), Failure> {
    let app = start::open(config, Arc::new(HubSlot::default())).await?;
    let made = async {
        if let Some(account) = account {
            asked.person = Some(roles::person_of(&mut app.db.read().await?, &account).await?);
        }
        let line = Entry::of_console(app.now(), Action::AddPhone);
        Ok::<_, Failure>(manage::add(&app, asked, line).await?)
    };
    let made = made.await;
    app.db.close().await;
    let (phone, password) = made?;
    println!("Type this into the telephone. The password is not shown again.");
    let sip = &app.config.sip;
    let mut lines = vec![("user", phone.user.clone()), ("password", password.text().to_owned())];
    lines.push(("name", phone.name));
    lines.extend(
        setup::servers(&app.config)
            .into_iter()
            .map(|PhoneServer { transport, address }| ("server", format!("{address} ({transport})"))),
    );
    lines.push(("domain", format!("{} (only where the telephone asks for a realm)", sip.domain)));
    lines.iter().for_each(|(what, text)| println!("  {what:<9} {text}"));
    if !sip.enabled() {
        println!("Telephony is off: set `listen` in [sip], and start the server again.");
    }
    Ok(())
}

/// The first accounts of the demo city, when it is the city that is served.
async fn print_demo(app: &App) -> Result<(), DbError> {
    let mut tx = app.db.read().await?;
    for (DemoAccount { account, .. }, person) in demo::city(demo::SEED, demo::STAFF).logins().take(2) {
        let known = store::account_by_name(&mut tx, account).await?;
        let name = known.and_then(|known| app.directory.person(known.person)).map(|known| known.name);
        if name.as_ref() == Some(&person.name) {
            println!("demo log-in: {account}  {}  ({})", demo::DEFAULT_PASSWORD, person.name);
        }
    }
    Ok(())
}
