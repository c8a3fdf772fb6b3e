//! The durable log of events: written in the transaction of the change, read by those who missed it.

use bytes::Bytes;
use serde::Serialize;
use signaling::log::{EventLog, Head, LoggedEvent};
use signaling::ports::{PortError, PortFuture};
use signaling::topic::Topic;

use super::{Db, DbError, DbResult, Rows, Tx, on};
use crate::clock::Millis;

/// Longest event frame. An event says what changed; what is long is read over HTTP.
pub const MAX_FRAME_BYTES: usize = 64 * 1024;
/// Events kept per topic. A client that is further behind is told to read everything again, which costs more than the tail of
/// a few thousand events only when it was away for weeks.
pub const KEPT_PER_TOPIC: i64 = 10_000;
/// A topic is cut to its bound each time its sequence passes a multiple of this.
const CUT_EVERY: i64 = 64;
/// Most events of one [`EventLog::read`].
const MAX_READ: u32 = 1_000;
/// Rows that one [`prune`] deletes at most: it holds up other writers meanwhile.
const PRUNE_BATCH: i64 = 1_000;

/// The event as clients get it; an event serialises as `{"type","data"}`.
#[derive(Serialize)]
struct Frame<'a, E> {
    topic: String,
    seq: u64,
    #[serde(flatten)]
    event: &'a E,
}

/// Appends an event with the next sequence of its topic. Hand the result to [`App::commit`](crate::app::App::commit) together
/// with the transaction.
///
/// The head of the topic stays locked until the transaction ends, so sequences are given in the order of the commits. A
/// transaction that appends to several topics must do so in the order of `Topic`, or two of them may wait for each other
/// ([`DbError::Retry`] on PostgreSQL).
///
/// # Errors
/// [`DbError::EventTooLong`] past [`MAX_FRAME_BYTES`].
pub async fn append<E: Serialize + Sync>(
    tx: &mut Tx<'_>,
    now: Millis,
    topic: Topic,
    event: &E,
) -> DbResult<LoggedEvent> {
    let (seq, at) = next_seq(tx, topic, now).await?;
    let frame = encode(topic, seq, event)?;
    insert(tx, topic, (seq, at), &frame).await?;
    if seq % CUT_EVERY == 0 {
        cut(tx, topic, seq - KEPT_PER_TOPIC).await?;
    }
    Ok(LoggedEvent { topic, seq: seq.unsigned_abs(), frame: Bytes::from(frame) })
}

fn encode<E: Serialize>(topic: Topic, seq: i64, event: &E) -> DbResult<String> {
    let frame = Frame { topic: topic.to_string(), seq: seq.unsigned_abs(), event };
    let text = serde_json::to_string(&frame).map_err(|error| DbError::Unfit(format!("event: {error}")))?;
    if text.len() > MAX_FRAME_BYTES { Err(DbError::EventTooLong(text.len())) } else { Ok(text) }
}

/// The next sequence, and a time that never goes back within the topic: pruning by age then takes away a beginning.
async fn next_seq(tx: &mut Tx<'_>, topic: Topic, now: Millis) -> DbResult<(i64, Millis)> {
    on!(tx, c => sqlx::query_as(
        "INSERT INTO topic_head (topic, seq, at) VALUES ($1, 1, $2) ON CONFLICT (topic) DO UPDATE SET \
         seq = topic_head.seq + 1, at = CASE WHEN excluded.at > topic_head.at THEN excluded.at ELSE topic_head.at END \
         RETURNING seq, at",
    )
    .bind(topic.to_string())
    .bind(now)
    .fetch_one(c))
}

async fn insert(tx: &mut Tx<'_>, topic: Topic, (seq, at): (i64, Millis), frame: &str) -> DbResult<u64> {
    on!(tx, c => sqlx::query("INSERT INTO outbox (topic, seq, at, frame) VALUES ($1, $2, $3, $4)")
        .bind(topic.to_string())
        .bind(seq)
        .bind(at)
        .bind(frame)
        .execute(c)
        .rows())
}

async fn cut(tx: &mut Tx<'_>, topic: Topic, up_to: i64) -> DbResult<u64> {
    on!(tx, c => sqlx::query("DELETE FROM outbox WHERE topic = $1 AND seq <= $2")
        .bind(topic.to_string())
        .bind(up_to)
        .execute(c)
        .rows())
}

/// Deletes events that are older than `before`, a bounded number of them, and gives their number: call again while it is not 0.
pub async fn prune(tx: &mut Tx<'_>, before: Millis) -> DbResult<u64> {
    on!(tx, c => sqlx::query(
        "DELETE FROM outbox WHERE (topic, seq) IN \
         (SELECT topic, seq FROM outbox WHERE at < $1 ORDER BY at, topic, seq LIMIT $2)",
    )
    .bind(before)
    .bind(PRUNE_BATCH)
    .execute(c)
    .rows())
}

/// The epoch of the log; `now` when it is new.
pub(super) async fn epoch(tx: &mut Tx<'_>, now: Millis) -> DbResult<Millis> {
    on!(tx, c => sqlx::query("INSERT INTO log_epoch (one, epoch) VALUES (1, $1) ON CONFLICT (one) DO NOTHING")
        .bind(now)
        .execute(c)
        .rows())?;
    on!(tx, c => sqlx::query_scalar("SELECT epoch FROM log_epoch WHERE one = 1").fetch_one(c))
}

/// Where a topic stands.
pub(super) async fn head(tx: &mut Tx<'_>, topic: Topic) -> DbResult<Head> {
    let found: Option<(i64, Option<i64>)> = on!(tx, c => sqlx::query_as(
        "SELECT h.seq, (SELECT MIN(o.seq) FROM outbox o WHERE o.topic = h.topic) FROM topic_head h WHERE h.topic = $1",
    )
    .bind(topic.to_string())
    .fetch_optional(c))?;
    let (seq, oldest) = found.unwrap_or((0, None));
    Ok(Head { seq: seq.unsigned_abs(), oldest: oldest.unwrap_or(seq + 1).unsigned_abs() })
}

/// Events of the topic after `seq`, oldest first.
pub(super) async fn after(tx: &mut Tx<'_>, topic: Topic, seq: u64, limit: u32) -> DbResult<Vec<LoggedEvent>> {
    let rows: Vec<(i64, String)> = on!(tx, c => sqlx::query_as(
        "SELECT seq, frame FROM outbox WHERE topic = $1 AND seq > $2 ORDER BY seq LIMIT $3",
    )
    .bind(topic.to_string())
    .bind(i64::try_from(seq).unwrap_or(i64::MAX))
    .bind(i64::from(limit.min(MAX_READ)))
    .fetch_all(c))?;
    let event = |(seq, frame): (i64, String)| LoggedEvent {
        topic,
        seq: seq.unsigned_abs(),
        frame: Bytes::from(frame),
    };
    Ok(rows.into_iter().map(event).collect())
}

impl EventLog for Db {
    fn epoch(&self) -> i64 {
        Db::epoch(self).0
    }

    fn head(&self, topic: Topic) -> PortFuture<'_, Head> {
        Box::pin(async move {
            let mut tx = self.read().await.map_err(away)?;
            head(&mut tx, topic).await.map_err(away)
        })
    }

    fn read(&self, topic: Topic, seq: u64, limit: u32) -> PortFuture<'_, Vec<LoggedEvent>> {
        Box::pin(async move {
            let mut tx = Db::read(self).await.map_err(away)?;
            after(&mut tx, topic, seq, limit).await.map_err(away)
        })
    }
}

fn away(error: DbError) -> PortError {
    PortError::Unavailable(error.to_string())
}
