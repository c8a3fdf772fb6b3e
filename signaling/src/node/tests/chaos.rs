//! Sockets are cut and stalled at random while events are published: every client ends at the head, with no gap.

use futures_util::StreamExt;
use tokio_tungstenite::tungstenite::Message;

use super::*;

/// The first one only reads, and sets the pace of the publisher; the others suffer.
const CLIENTS: u128 = 40;
const EVENTS: u64 = 1_500;
/// The publisher waits for the first client when it is so far ahead.
const LEAD: u64 = 100;
/// A stalled client reads nothing until so many events were published.
const STALL: u64 = 300;
/// Cuts of one client; after them it follows to the end.
const MAX_CUTS: u64 = 6;

/// A small generator of numbers, so that a client does the same in each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// What all see of the run.
struct Run {
    world: World,
    published: AtomicU64,
    /// How far the first client is.
    front: AtomicU64,
    done: AtomicBool,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_client_ends_at_the_head_whatever_happens_to_its_sockets() {
    let rings = crate::bus::Limits { ring_events: 64, ..Default::default() };
    let world = World::with(HubConfig { shards: 2, rings, ..HubConfig::default() });
    let zero = || AtomicU64::new(0);
    let run = Arc::new(Run { world, published: zero(), front: zero(), done: AtomicBool::new(false) });
    let target = EVENTS + 2 * EVENTS.div_ceil(7);
    let clients: Vec<_> =
        (1..=CLIENTS).map(|person| tokio::spawn(live(run.clone(), person, target))).collect();
    timeout(PATIENCE * 3, publish(&run)).await.expect("a publisher that gets on");
    let mut cuts = 0;
    for client in clients {
        cuts += timeout(PATIENCE * 3, client).await.expect("a client at the head").unwrap();
    }
    assert!(cuts > CLIENTS as u64, "only {cuts} sockets ended early");
    let Run { world, .. } = Arc::into_inner(run).expect("nobody else");
    let totals = world.hub.counters();
    assert!(totals.replays_ring > 0 && totals.replays_log > 0 && totals.backlogs > 0, "{totals:?}");
    world.until("closed", |world| world.hub.counters().sockets_open == 0).await;
    assert_eq!(world.hub.subscriptions(), 0);
}

async fn publish(run: &Run) {
    for n in 0..EVENTS {
        let last = run.world.publish(Topic::City, if n % 10 == 0 { 3_000 } else { 300 });
        run.published.store(last, Ordering::SeqCst);
        // Now and then an event reaches the bus after the next one.
        if n % 7 == 0 {
            let late = run.world.log.append(Topic::City, 10);
            let next = run.world.log.append(Topic::City, 10);
            run.world.hub.publish(next);
            run.world.hub.publish(late);
        }
        while last > run.front.load(Ordering::SeqCst) + LEAD {
            tokio::task::yield_now().await;
        }
    }
    run.done.store(true, Ordering::SeqCst);
}

/// Follows the city with sockets that end at random; gives how many did.
async fn live(run: Arc<Run>, person: u128, target: u64) -> u64 {
    let mut dice = Dice(person as u64);
    let (mut cursor, mut cuts, mut session) = (0, 0, None);
    while cursor < target {
        // Small windows: a client that does not read is noticed soon.
        let mut device = Device::with_window(&run.world.hub, person, person, 8_192).await;
        let topics = json!([{"topic": "city", "epoch": MemoryLog::EPOCH, "seq": cursor}]);
        let welcome = device.hello(json!({"resume": session, "device": "test", "topics": topics})).await;
        let city = &welcome["data"]["topics"][1];
        if city["reset"] == true {
            // The client reads the state over HTTP and goes on from the head.
            cursor = city["seq"].as_u64().unwrap();
        }
        session = Some(welcome["data"]["session"].clone());
        let suffers = person > 1 && cuts < MAX_CUTS;
        let life = if suffers { dice.roll(300) } else { u64::MAX };
        cursor = follow(&run, &mut device, cursor, target, life).await;
        if suffers && dice.roll(2) == 0 {
            stall(&run).await;
            cursor = follow(&run, &mut device, cursor, target, dice.roll(300)).await;
        }
        cuts += u64::from(cursor < target);
    }
    cuts
}

/// Reads nothing while the others go on.
async fn stall(run: &Run) {
    let until = run.published.load(Ordering::SeqCst) + STALL;
    while run.published.load(Ordering::SeqCst) < until && !run.done.load(Ordering::SeqCst) {
        tokio::task::yield_now().await;
    }
}

/// Reads until the target, the end of the socket, or so many messages; checks that there is no gap.
async fn follow(run: &Run, device: &mut Device, mut cursor: u64, target: u64, life: u64) -> u64 {
    let first = device.person == 1;
    let mut backlog = std::mem::take(&mut device.backlog).into_iter();
    for _ in 0..life {
        if first {
            run.front.store(cursor, Ordering::SeqCst);
        }
        if cursor >= target {
            break;
        }
        let frame = match backlog.next() {
            Some(frame) => frame,
            None => match timeout(PATIENCE, device.client.stream.next()).await.expect("a message") {
                Some(Ok(Message::Text(text))) => serde_json::from_str(&text).unwrap(),
                Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                Some(Ok(_)) => continue,
            },
        };
        if let Some(seq) = frame["seq"].as_u64() {
            assert_eq!(seq, cursor + 1, "a gap or a repetition");
            cursor = seq;
        } else if frame["type"] == "resync" {
            cursor = frame["data"]["head"]["seq"].as_u64().unwrap();
        }
    }
    cursor
}
