//! Starts everything in order, and stops it in the reverse one.
//!
//! Start: data folder, database, slices, media and signaling, the repair of calls that a crash cut off, certificate, listeners.
//! Stop: no new connections; clients are sent elsewhere and calls get a bounded time; running requests end; media; what log-in
//! keeps in memory is written; the database closes.

#[cfg(test)]
mod tests;

use std::fs::{DirBuilder, File};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use media::worker::{Engine, EngineConfig};
use signaling::Hub;
use signaling::node::{HubConfig, Ports, Telephony, TimedIds};
use thiserror::Error;

use crate::app::{App, HubSlot, Parts};
use crate::calls::CallJournal;
use crate::chores::Chores;
use crate::clock::{Clock, Millis};
use crate::config::Config;
use crate::db::{Db, DbError};
use crate::directory::Directory;
use crate::login::password::HasherConfig;
use crate::login::rules::Lifetime;
use crate::metrics::{HttpMetrics, Metrics, SipMetrics};
use crate::phones::{PhoneBook, PhoneNumbers};
use crate::records::CallRecords;
use crate::serve::layers::{self, Guard};
use crate::serve::{ListenError, Server};
use crate::tls::{Certificate, TlsError};
use crate::{login, routes};

/// What the parts may take beyond their deadline before the stop goes on without them.
const GRACE: Duration = Duration::from_secs(2);

/// Why the server did not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The data folder.
    #[error("data folder: {0}")]
    Data(io::Error),
    /// Another server uses the data folder.
    #[error("another server uses this data folder")]
    InUse,
    /// The database.
    #[error("database: {0}")]
    Db(#[from] DbError),
    /// The parameters of password hashing.
    #[error("password hashing: {0}")]
    Hashing(argon2::password_hash::Error),
    /// Media or signaling.
    #[error("media and signaling: {0}")]
    Live(io::Error),
    /// The certificate.
    #[error("TLS: {0}")]
    Tls(#[from] TlsError),
    /// A listener.
    #[error(transparent)]
    Listen(#[from] ListenError),
}

/// Where a running server can be reached.
#[derive(Clone, Debug, Default)]
pub struct Addresses {
    /// Without TLS.
    pub http: Vec<SocketAddr>,
    /// With TLS.
    pub https: Vec<SocketAddr>,
    /// The admin listener.
    pub admin: Vec<SocketAddr>,
    /// Media, by UDP.
    pub media: Vec<SocketAddr>,
}

/// A running server.
pub struct Running {
    /// What the handlers hold.
    pub app: App,
    /// Where it can be reached.
    pub addresses: Addresses,
    slot: Arc<HubSlot>,
    engine: Arc<Engine>,
    server: Server,
    chores: Chores,
    // Held until everything else is closed.
    _lock: File,
}

/// The database and what the slices keep: all that commands other than `serve` need.
pub async fn open(config: Config, slot: Arc<HubSlot>) -> Result<App, StartError> {
    let clock = Clock::system();
    make_folder(&config.server.data).map_err(StartError::Data)?;
    let db = Db::open(&config.database.place(&config.server.data), clock.now()).await?;
    let pepper = Some(config.login.pepper.0.clone().into_bytes()).filter(|pepper| !pepper.is_empty());
    let hasher = HasherConfig { pepper, queue: config.login.queue, ..HasherConfig::default() };
    let lifetime = Lifetime { idle: config.login.idle(), absolute: config.login.lifetime() };
    let login = Arc::new(login::Service::new(hasher, lifetime).map_err(StartError::Hashing)?);
    let directory = Arc::new(Directory::open(&db).await?);
    let phones = Arc::new(PhoneBook::open(&db).await?);
    Ok(App::new(Parts { config, db, clock, live: slot, directory, phones, login }))
}

impl Running {
    /// Starts a server.
    ///
    /// # Errors
    /// The first thing that does not work; what was started before is stopped.
    pub async fn start(config: Config) -> Result<Running, StartError> {
        let lock = claim(&config.server.data)?;
        let slot = Arc::new(HubSlot::default());
        let app = open(config, slot.clone()).await?;
        let journal = CallJournal::new(app.clone());
        let repaired = journal.repair(app.now()).await?;
        if repaired > 0 {
            tracing::info!(calls = repaired, "closed calls that the last run left open");
        }
        let (hub, engine) = start_live(&app, journal).map_err(StartError::Live)?;
        slot.fill(hub.clone());
        match open_to_clients(&app, &hub, &engine) {
            Ok((server, addresses, chores)) => {
                Ok(Running { app, addresses, slot, engine, server, chores, _lock: lock })
            }
            Err(error) => {
                // Opens the ring of references, which ends the hub and with it the media plane.
                slot.empty();
                Err(error)
            }
        }
    }

    /// Stops in order; takes the configured time at most, and a moment.
    pub async fn stop(self) {
        let deadline = self.app.config.server.stop_deadline();
        tracing::info!("stopping");
        let drain = async {
            if let Some(hub) = self.slot.empty() {
                // The hub keeps the deadline itself; a node that hangs must not keep us.
                if tokio::time::timeout(deadline + GRACE, hub.drain(deadline)).await.is_err() {
                    tracing::error!("signaling did not stop in time");
                }
            }
        };
        tokio::join!(self.server.stop(deadline), drain);
        let engine = self.engine;
        if let Err(error) = tokio::task::spawn_blocking(move || engine.shutdown()).await {
            tracing::error!(%error, "media did not stop well");
        }
        self.chores.stop(&self.app).await;
        self.app.db.close().await;
        tracing::info!("stopped");
    }
}

fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// One server per data folder: a second one would not hear of the first one's events.
fn claim(data: &Path) -> Result<File, StartError> {
    make_folder(data).map_err(StartError::Data)?;
    let file = File::create(data.join("server.lock")).map_err(StartError::Data)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(StartError::InUse),
        Err(std::fs::TryLockError::Error(error)) => Err(StartError::Data(error)),
    }
}

fn start_live(app: &App, journal: CallJournal) -> io::Result<(Hub, Arc<Engine>)> {
    let media = &app.config.media;
    let config = EngineConfig {
        workers: media.workers.into(),
        port: media.port,
        announce: media.addresses.clone(),
        phone_ports: media.phone_ports,
        ..EngineConfig::default()
    };
    let ports = Ports {
        people: app.directory.clone(),
        journal: Arc::new(journal),
        log: Arc::new(app.db.clone()),
        ids: Arc::new(TimedIds),
        telephony: app.config.sip.bridge().map(|config| {
            let numbers = Arc::new(PhoneNumbers::new(app.clone()));
            Telephony::new(config, numbers, Arc::new(CallRecords::new(app.clone())))
        }),
    };
    let mut started = None;
    let hub = Hub::start(HubConfig::default(), ports, |events| {
        let engine = Arc::new(Engine::start(config, events)?);
        started = Some(engine.clone());
        Ok(engine)
    })?;
    let engine = started.ok_or_else(|| io::Error::other("the hub did not start the media plane"))?;
    Ok((hub, engine))
}

fn open_certificate(app: &App, engine: &Engine) -> Result<Option<Arc<Certificate>>, StartError> {
    let server = &app.config.server;
    if server.https.is_empty() {
        return Ok(None);
    }
    let addresses: Vec<IpAddr> = engine.addresses().iter().map(SocketAddr::ip).collect();
    Ok(Some(Certificate::open(&app.config.tls, &server.data, &addresses, app.now())?))
}

fn open_to_clients(
    app: &App,
    hub: &Hub,
    engine: &Arc<Engine>,
) -> Result<(Server, Addresses, Chores), StartError> {
    let certificate = open_certificate(app, engine)?;
    let sip = SipMetrics::default();
    let (server, addresses) = listen(app, hub, engine, certificate.clone(), &sip)?;
    Ok((server, addresses, Chores::start(app.clone(), certificate, sip)))
}

fn listen(
    app: &App,
    hub: &Hub,
    engine: &Arc<Engine>,
    certificate: Option<Arc<Certificate>>,
    sip: &SipMetrics,
) -> Result<(Server, Addresses), StartError> {
    let config = &app.config;
    let sockets = hub.clone();
    let mut server = Server::new(&config.limits, Arc::new(move || sockets.counters().sockets_open))
        .behind(&config.server.trusted_proxies);
    let http = HttpMetrics::default();
    let guard = Guard::new(config, app.clock.clone(), http.clone());
    let public = layers::wrap(routes::public(app.clone()), guard, config.limits.body_bytes);
    let mut addresses = Addresses { media: engine.addresses(), ..Addresses::default() };
    addresses.http = server.listen(&config.server.http, None, public.clone())?;
    if let Some(certificate) = certificate {
        addresses.https = server.listen(&config.server.https, Some(certificate.server_config()?), public)?;
    }
    if let Some(address) = config.metrics.address() {
        let mut metrics = metrics(app, hub, engine, &server, &http);
        if config.sip.enabled() {
            metrics.add_sip(sip);
        }
        let metrics = Arc::new(metrics);
        addresses.admin = server.listen(&[address], None, routes::admin(metrics))?;
    }
    Ok((server, addresses))
}

fn metrics(app: &App, hub: &Hub, engine: &Arc<Engine>, server: &Server, http: &HttpMetrics) -> Metrics {
    let mut metrics = Metrics::new(http);
    let (db, hub, engine) = (app.db.clone(), hub.clone(), engine.clone());
    let connections = server.connections();
    let started = app.now();
    let clock = app.clock.clone();
    metrics.add("http", move || vec![("connections_open", connections().into())]);
    metrics.add("db", move || {
        let stats = db.stats();
        vec![("connections_open", stats.open.into()), ("connections_idle", stats.idle.into())]
    });
    metrics.add("ws", move || hub.counters().named());
    metrics.add("media", move || engine.counters().named().collect());
    metrics.add("process", move || vec![("uptime_seconds", uptime(&clock, started))]);
    metrics
}

fn uptime(clock: &Clock, started: Millis) -> u64 {
    clock.now().since(started).as_secs()
}
