//! What is done now and then while the server runs.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use crate::app::App;
use crate::db::{self, DbResult, Scope};
use crate::directory::live::REFRESH_EVERY;
use crate::login::service;
use crate::metrics::SipMetrics;
use crate::records::CallRecords;
use crate::tls::Certificate;

/// How often old events are deleted. Longer lets the log grow by that much more than it should.
const PRUNE_EVERY: Duration = Duration::from_secs(600);
/// How often the certificate's files are read again: how late a renewed one is used.
const CERTIFICATE_EVERY: Duration = Duration::from_secs(6 * 3_600);

/// How often the numbers of trunks and telephones are read for the metrics: how late they are.
const SIP_EVERY: Duration = Duration::from_secs(5);

/// The running chores.
pub(crate) struct Chores(JoinSet<()>);

impl Chores {
    /// Starts them; each one's failure is logged, and the next turn tries again.
    pub(crate) fn start(app: App, certificate: Option<Arc<Certificate>>, sip: SipMetrics) -> Chores {
        let mut tasks = JoinSet::new();
        let login = app.clone();
        tasks.spawn(every(service::CHORES_EVERY, "log-in", async move || service::chores(&login).await));
        let directory = app.clone();
        tasks.spawn(every(REFRESH_EVERY, "directory", async move || {
            directory.directory.refresh(&directory.db).await.map(drop)
        }));
        let phones = app.clone();
        tasks.spawn(every(REFRESH_EVERY, "phones", async move || {
            phones.phones.refresh(&phones.db).await.map(drop)
        }));
        let log = app.clone();
        tasks.spawn(every(PRUNE_EVERY, "event log", async move || prune(&log).await));
        if app.config.sip.enabled() {
            let live = app.live.clone();
            tasks.spawn(every(SIP_EVERY, "telephony numbers", async move || {
                sip.set(&live.trunks().await, live.phones().await.len());
                Ok::<_, std::convert::Infallible>(())
            }));
        }
        let records = CallRecords::new(app.clone());
        tasks.spawn(every(PRUNE_EVERY, "call records", async move || records.prune().await));
        if let Some(certificate) = certificate {
            tasks
                .spawn(every(CERTIFICATE_EVERY, "certificate", async move || certificate.refresh(app.now())));
        }
        Chores(tasks)
    }

    /// Stops them, and does what log-in must not forget a last time.
    pub(crate) async fn stop(mut self, app: &App) {
        self.0.shutdown().await;
        if let Err(error) = service::chores(app).await {
            tracing::warn!(%error, "the last signs of life of log-ins are not kept");
        }
    }
}

async fn every<E: std::fmt::Display>(
    span: Duration,
    what: &'static str,
    mut work: impl AsyncFnMut() -> Result<(), E>,
) {
    let mut turns = interval(span);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        turns.tick().await;
        if let Err(error) = work().await {
            tracing::warn!(%error, what, "a chore failed");
        }
    }
}

async fn prune(app: &App) -> DbResult<()> {
    let before = app.now().before(app.config.database.keep_events());
    loop {
        let mut tx = app.db.write(Scope::slice("outbox")).await?;
        let deleted = db::prune(&mut tx, before).await?;
        app.commit(tx, []).await?;
        if deleted == 0 {
            return Ok(());
        }
    }
}
