//! The node with the real media plane behind it: offers are answered by a worker, rooms end with their calls.

use ::media::worker::{Engine, EngineConfig};

use super::*;

/// An offer of a Chromium: a microphone, a camera, receiving sections, a data channel.
const OFFER: &str = include_str!("../../../../media/src/transport/sdp/tests/chromium.sdp");

fn start(ports: Ports) -> (Hub, Arc<Engine>) {
    let config = EngineConfig {
        workers: 1,
        announce: vec!["127.0.0.1".parse().unwrap()],
        ipv6: false,
        ..EngineConfig::default()
    };
    let mut started = None;
    let hub = Hub::start(HubConfig { shards: 1, ..HubConfig::default() }, ports, |events| {
        let engine = Arc::new(Engine::start(config, events)?);
        Ok(started.insert(engine).clone())
    });
    (hub.unwrap(), started.unwrap())
}

#[tokio::test]
async fn a_call_has_a_room_as_long_as_it_lasts() {
    let ports = Ports {
        people: Arc::new(Directory::default()),
        journal: Arc::new(Entries::default()),
        log: Arc::new(MemoryLog::default()),
        ids: Arc::new(TimedIds),
        telephony: None,
    };
    let (hub, engine) = start(ports);
    let (mut ann, mut bob) = (Device::connect(&hub, 1, 1).await, Device::connect(&hub, 2, 2).await);
    for device in [&mut ann, &mut bob] {
        device.hello(json!({"device": "test", "topics": []})).await;
    }
    let reply = ann.ask("call.start", json!({"to": [id(2)], "sources": all_on()})).await;
    let call = reply["data"]["call"].clone();
    bob.event(|frame| frame["type"] == "call.state").await;

    let sends = json!([{"mid": "0", "source": "mic"}, {"mid": "1", "source": "camera"}]);
    let reply = ann.ask("media.offer", json!({"call": call, "sdp": OFFER, "sends": sends})).await;
    let answer = reply["data"]["sdp"].as_str().unwrap_or_else(|| panic!("{reply}"));
    assert!(answer.contains("a=ice-lite") && answer.contains("a=candidate:"), "{answer}");
    let broken = json!({"call": call, "sdp": "v=0", "sends": []});
    assert_eq!(bob.ask("media.offer", broken).await["data"]["code"], "bad_offer");

    assert_eq!(ann.ask("call.leave", json!({"call": call})).await["type"], "ok");
    bob.event(|frame| frame["data"]["ended"].is_string()).await;
    let closed = async {
        while engine.counters().rooms > 0 || engine.counters().peers > 0 {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, closed).await.expect("the room ends with its call");
    drop((ann, bob, hub));
}
