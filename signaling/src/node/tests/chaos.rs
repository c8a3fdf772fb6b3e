//! Sockets are cut and stalled at random while events are published: every client ends at the head, with no gap.

use futures_util::StreamExt;
use tokio_tungstenite::tungstenite::Message;

use super::*;

const CLIENTS: u128 = 40;
const EVENTS: u64 = 1_500;

/// A small generator of numbers, so that a failure can be seen again with the same seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_client_ends_at_the_head_whatever_happens_to_its_sockets() {
    let world = Arc::new(World::with(HubConfig {
        shards: 2,
        rings: crate::bus::Limits { ring_events: 64, ..Default::default() },
        ..HubConfig::default()
    }));
    let publisher = tokio::spawn({
        let world = world.clone();
        async move {
            for n in 0..EVENTS {
                world.publish(Topic::City, if n % 10 == 0 { 3_000 } else { 30 });
                // Now and then an event reaches the bus late, or only with the next one.
                if n % 7 == 0 {
                    let skipped = world.log.append(Topic::City, 10);
                    let next = world.log.append(Topic::City, 10);
                    world.hub.publish(next);
                    world.hub.publish(skipped);
                }
                tokio::task::yield_now().await;
            }
        }
    });
    let target = EVENTS + 2 * EVENTS.div_ceil(7);
    let clients: Vec<_> =
        (1..=CLIENTS).map(|person| tokio::spawn(live(world.clone(), person, target))).collect();
    publisher.await.unwrap();
    let mut cuts = 0;
    for client in clients {
        cuts += timeout(PATIENCE * 3, client).await.expect("a client at the head").unwrap();
    }
    assert!(cuts > CLIENTS as u64, "only {cuts} sockets were cut");
    let world = Arc::into_inner(world).expect("nobody else");
    world.until("closed", |world| world.hub.counters().sockets_open == 0).await;
    assert_eq!(world.hub.subscriptions(), 0);
}

/// Follows the city with sockets that end at random; gives how many did.
async fn live(world: Arc<World>, person: u128, target: u64) -> u64 {
    let mut dice = Dice(person as u64);
    let (mut cursor, mut cuts, mut session) = (0, 0, None);
    while cursor < target {
        let mut device = world.socket(person, person).await;
        let topics = json!([{"topic": "city", "epoch": MemoryLog::EPOCH, "seq": cursor}]);
        let welcome = device.hello(json!({"resume": session, "device": "test", "topics": topics})).await;
        let city = &welcome["data"]["topics"][1];
        if city["reset"] == true {
            // The client reads the state over HTTP and goes on from the head.
            cursor = city["seq"].as_u64().unwrap();
        }
        session = Some(welcome["data"]["session"].clone());
        let life = if cuts < 3 { dice.roll(150) } else { u64::MAX };
        cursor = follow(&mut device, cursor, target, life).await;
        cuts += 1;
        if dice.roll(3) == 0 {
            // Stalls for a while instead of closing: others publish meanwhile.
            (0..dice.roll(200)).for_each(|_| std::hint::spin_loop());
            tokio::task::yield_now().await;
        }
    }
    cuts
}

/// Reads until the target, the end of the socket, or so many messages; checks that there is no gap.
async fn follow(device: &mut Device, mut cursor: u64, target: u64, life: u64) -> u64 {
    let mut backlog = std::mem::take(&mut device.backlog).into_iter();
    for _ in 0..life {
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
