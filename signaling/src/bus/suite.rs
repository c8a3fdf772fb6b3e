//! What every bus does. A new backend adds one call of [`suite`].

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::timeout;

use super::memory_log::MemoryLog;
use super::*;
use crate::ids::PersonId;

const PERSON: Topic = Topic::Person(PersonId(uuid::Uuid::from_u128(7)));

#[tokio::test]
async fn the_local_bus_keeps_the_contract() {
    suite(|log| Bus::local(log, Limits { ring_events: 8, ..Limits::default() })).await;
}

/// Runs every case on a fresh bus whose rings keep 8 events.
async fn suite(make: impl Fn(Arc<MemoryLog>) -> Bus) {
    let fresh = || {
        let log = Arc::new(MemoryLog::default());
        (make(log.clone()), log)
    };
    let (bus, log) = fresh();
    delivers_in_order_to_subscribers_only(&bus, &log).await;
    let (bus, log) = fresh();
    reads_a_gap_from_the_log(&bus, &log).await;
    let (bus, log) = fresh();
    closes_a_gap_after_an_outage(&bus, &log).await;
    let (bus, log) = fresh();
    tells_a_slow_subscriber(&bus, &log).await;
    let (bus, log) = fresh();
    decides_where_a_reader_starts(&bus, &log).await;
    let (bus, log) = fresh();
    a_reader_that_subscribes_first_misses_nothing(&bus, &log).await;
    let (bus, log) = fresh();
    urgent_has_its_own_lane(&bus, &log).await;
}

struct Reader {
    feed: Feed,
    wake: Arc<Notify>,
    got: Vec<Publication>,
}

impl Reader {
    fn new(bus: &Bus, capacity: usize, topics: &[Topic]) -> Reader {
        let wake = Arc::new(Notify::new());
        let feed = bus.feed(capacity, wake.clone());
        topics.iter().for_each(|topic| bus.subscribe(&feed, *topic));
        Reader { feed, wake, got: Vec::new() }
    }

    /// Drains until `count` publications are there; the lag, if any, as the first that is met.
    async fn until(&mut self, count: usize) -> Result<Vec<u64>, Lagged> {
        while self.got.len() < count {
            self.feed.drain(Lane::Urgent, &mut self.got)?;
            self.feed.drain(Lane::Bulk, &mut self.got)?;
            if self.got.len() < count {
                timeout(Duration::from_secs(10), self.wake.notified()).await.expect("a publication");
            }
        }
        Ok(std::mem::take(&mut self.got).iter().map(|publication| publication.seq).collect())
    }
}

fn append(log: &MemoryLog, topic: Topic) -> Publication {
    Publication::of(log.append(topic, 0))
}

async fn delivers_in_order_to_subscribers_only(bus: &Bus, log: &MemoryLog) {
    let mut city = Reader::new(bus, 100, &[Topic::City]);
    let mut both = Reader::new(bus, 100, &[Topic::City, PERSON]);
    bus.publish(append(log, PERSON));
    for _ in 0..3 {
        let publication = append(log, Topic::City);
        bus.publish(publication.clone());
        bus.publish(publication);
    }
    assert_eq!(city.until(3).await, Ok(vec![1, 2, 3]));
    assert_eq!(both.until(4).await, Ok(vec![1, 1, 2, 3]));
    bus.unsubscribe(&city.feed, Topic::City);
    bus.publish(append(log, Topic::City));
    assert_eq!(both.until(1).await, Ok(vec![4]));
    assert!(!city.feed.has(Lane::Bulk));
}

async fn reads_a_gap_from_the_log(bus: &Bus, log: &MemoryLog) {
    let mut reader = Reader::new(bus, 100, &[Topic::City]);
    bus.publish(append(log, Topic::City));
    let lost: Vec<_> = (0..5).map(|_| append(log, Topic::City)).collect();
    bus.publish(append(log, Topic::City));
    assert_eq!(reader.until(7).await, Ok(vec![1, 2, 3, 4, 5, 6, 7]));
    lost.into_iter().for_each(|late| bus.publish(late));
    bus.publish(append(log, Topic::City));
    assert_eq!(reader.until(1).await, Ok(vec![8]));
}

async fn closes_a_gap_after_an_outage(bus: &Bus, log: &MemoryLog) {
    let mut reader = Reader::new(bus, 100, &[Topic::City]);
    bus.publish(append(log, Topic::City));
    let _lost = append(log, Topic::City);
    log.away.store(true, Ordering::Relaxed);
    let reads = log.reads.load(Ordering::Relaxed);
    bus.publish(append(log, Topic::City));
    while log.reads.load(Ordering::Relaxed) == reads {
        tokio::task::yield_now().await;
    }
    assert_eq!(bus.head(Topic::City), Some(1));
    log.away.store(false, Ordering::Relaxed);
    assert_eq!(reader.until(3).await, Ok(vec![1, 2, 3]));
}

async fn tells_a_slow_subscriber(bus: &Bus, log: &MemoryLog) {
    let mut slow = Reader::new(bus, 2, &[Topic::City, PERSON]);
    (0..4).for_each(|_| bus.publish(append(log, Topic::City)));
    let mut got = Vec::new();
    assert_eq!(slow.feed.drain(Lane::Bulk, &mut got), Err(Lagged(vec![Topic::City])));
    assert_eq!(got.iter().map(|p| p.seq).collect::<Vec<_>>(), [1, 2]);
    let Since::Frames(rest) = bus.since(Topic::City, 2) else { panic!("the ring has it") };
    assert_eq!(rest.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), [3, 4]);
    bus.publish(append(log, Topic::City));
    assert_eq!(slow.until(1).await, Ok(vec![5]));
}

async fn decides_where_a_reader_starts(bus: &Bus, log: &MemoryLog) {
    (0..12).for_each(|_| bus.publish(append(log, Topic::City)));
    let epoch = MemoryLog::EPOCH;
    let start = async |epoch, seq| {
        let start = bus.start(Topic::City, epoch, seq).await.unwrap();
        assert_eq!(start.head.seq, 12);
        (start.head.reset, start.cursor)
    };
    assert_eq!(start(epoch, 12).await, (false, 12));
    assert_eq!(start(epoch, 6).await, (false, 6));
    assert_eq!(log.reads.load(Ordering::Relaxed), 0, "the ring answers without the log");
    assert_eq!(start(epoch, 1).await, (false, 1));
    assert_eq!(start(0, 0).await, (true, 12));
    assert_eq!(start(epoch + 1, 12).await, (true, 12));
    assert_eq!(start(epoch, 13).await, (true, 12));
    log.prune(Topic::City, 3);
    assert_eq!(start(epoch, 1).await, (true, 12));
    assert_eq!(start(epoch, 3).await, (false, 3));
    let _ = append(log, PERSON);
    assert_eq!(bus.start(PERSON, epoch, 0).await.unwrap().cursor, 0);
    log.away.store(true, Ordering::Relaxed);
    assert!(bus.start(Topic::City, epoch, 1).await.is_err());
}

async fn a_reader_that_subscribes_first_misses_nothing(bus: &Bus, log: &Arc<MemoryLog>) {
    let publisher = {
        let (bus, log) = (bus.clone(), log.clone());
        tokio::spawn(async move {
            for _ in 0..200 {
                bus.publish(append(&log, Topic::City));
                tokio::task::yield_now().await;
            }
        })
    };
    let mut reader = Reader::new(bus, 1_000, &[Topic::City]);
    let mut seen: BTreeSet<u64> =
        bus.read_log(Topic::City, 0, 1_000).await.unwrap().iter().map(|event| event.seq).collect();
    while seen.len() < 200 {
        seen.extend(reader.until(1).await.unwrap());
    }
    publisher.await.unwrap();
    assert!(seen.into_iter().eq(1..=200));
}

async fn urgent_has_its_own_lane(bus: &Bus, log: &MemoryLog) {
    let reader = Reader::new(bus, 100, &[Topic::City, PERSON]);
    bus.publish(append(log, Topic::City));
    bus.publish(Publication { lane: Lane::Urgent, ..append(log, PERSON) });
    assert!(reader.feed.has(Lane::Urgent));
    let mut urgent = Vec::new();
    reader.feed.drain(Lane::Urgent, &mut urgent).unwrap();
    assert_eq!((urgent.len(), urgent[0].topic), (1, PERSON));
    assert!(reader.feed.has(Lane::Bulk));
}

#[tokio::test]
async fn dropping_a_feed_leaves_no_subscription() {
    let log = Arc::new(MemoryLog::default());
    let local = LocalBus::new(log, Limits::default());
    let bus = Bus::Local(local.clone());
    let reader = Reader::new(&bus, 10, &[Topic::City, PERSON]);
    assert_eq!(local.subscriptions(), 2);
    drop(reader);
    assert_eq!(local.subscriptions(), 0);
}
