//! Records of legs on their way to the portal: tried again while it cannot take them, within bounds.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::clock;
use crate::node::actor::Node;
use crate::ports::{LegRecord, Records};

/// Most records that wait. Larger: more survive a database that is away, and take memory meanwhile.
const MAX_WAITING: usize = 10_000;
/// Written at once.
const WRITERS: usize = 4;
/// One try.
const TRY_DEADLINE: Duration = Duration::from_secs(5);
/// First and longest pause between tries.
const PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));
/// How often one is tried: about an hour.
const TRIES: u32 = 360;

/// What waits to be written.
#[derive(Clone)]
pub(in crate::node) struct Ledger {
    records: Arc<dyn Records>,
    waiting: Arc<Semaphore>,
    writing: Arc<Semaphore>,
}

impl Ledger {
    pub(super) fn new(records: Arc<dyn Records>) -> Ledger {
        let (waiting, writing) = (Arc::new(Semaphore::new(MAX_WAITING)), Arc::new(Semaphore::new(WRITERS)));
        Ledger { records, waiting, writing }
    }

    /// Whether all are written.
    pub(in crate::node) fn is_empty(&self) -> bool {
        self.waiting.available_permits() == MAX_WAITING
    }

    /// Writes a record, now or when it can be.
    pub(super) fn write(&self, record: LegRecord) {
        let Ok(place) = self.waiting.clone().try_acquire_owned() else {
            return tracing::error!(record = %record.id, "too many records wait: one is lost");
        };
        let Ledger { records, writing, .. } = self.clone();
        tokio::spawn(async move {
            write(&*records, &writing, record).await;
            drop(place);
        });
    }
}

async fn write(records: &dyn Records, writing: &Semaphore, record: LegRecord) {
    let mut pause = PAUSE.0;
    for _ in 0..TRIES {
        // Closed never.
        let Ok(turn) = writing.acquire().await else { return };
        match timeout(TRY_DEADLINE, records.write(record.clone())).await {
            Ok(Ok(())) => return,
            failed => tracing::warn!(record = %record.id, ?failed, "a record is not written yet"),
        }
        drop(turn);
        clock::pause(pause).await;
        pause = (pause * 2).min(PAUSE.1);
    }
    tracing::error!(record = %record.id, "a record could not be written");
}

impl Node {
    pub(in crate::node) fn record(&self, record: LegRecord) {
        if let Some(bridge) = &self.bridge {
            bridge.ledger.write(record);
        }
    }
}
