//! The app of a member of staff: its WebSocket, and a microphone that plays a tone.

use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use media::bridge::codec::{MAX_PAYLOAD, OpusDecoder, OpusEncoder};
use media::rtp::header::Outgoing;
use serde_json::{Value, json};
use tests::client::{Client, OPUS, Offer, Received, tone};
use tests::peers::process::PATIENCE;
use tests::peers::tone::has_tone;
use tokio_tungstenite::tungstenite::{Message, WebSocket, client};

use super::{now, pause};

/// Rate of the app's audio.
const RATE: u32 = 48_000;

pub struct App {
    socket: WebSocket<TcpStream>,
    backlog: Vec<Value>,
    last: u32,
    voices: Vec<Voice>,
}

/// The audio of one call.
struct Voice {
    call: String,
    heard: Arc<Mutex<Vec<i16>>>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl App {
    pub fn connect(address: SocketAddr) -> App {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let (socket, _) = client(format!("ws://{address}/"), stream).unwrap();
        let mut app = App { socket, backlog: Vec::new(), last: 0, voices: Vec::new() };
        assert_eq!(app.ask("hello", json!({"device": "test", "topics": []}))["type"], "welcome");
        app
    }

    fn frame(&mut self) -> Value {
        loop {
            match self.socket.read().expect("a frame in time") {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Close(close) => panic!("closed: {close:?}"),
                _ => {}
            }
        }
    }

    /// Asks and waits for the reply; events that come before are kept.
    pub fn ask(&mut self, kind: &str, data: Value) -> Value {
        self.last += 1;
        let text = json!({"id": self.last, "type": kind, "data": data}).to_string();
        self.socket.send(Message::text(text)).unwrap();
        loop {
            let frame = self.frame();
            if frame["id"] == self.last {
                return frame;
            }
            self.backlog.push(frame);
        }
    }

    /// Asks what must be granted.
    pub fn must(&mut self, kind: &str, data: Value) -> Value {
        let reply = self.ask(kind, data);
        assert_ne!(reply["type"], "error", "{kind}: {reply}");
        reply
    }

    /// The next event that fits; those before it are passed over.
    pub fn event(&mut self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let begin = now();
        let mut passed = Vec::new();
        if let Some(at) = self.backlog.iter().position(&fits) {
            return self.backlog.drain(..=at).next_back().unwrap();
        }
        passed.append(&mut self.backlog);
        loop {
            let frame = self.frame();
            if fits(&frame) {
                return frame;
            }
            passed.push(frame);
            assert!(begin.elapsed() < PATIENCE, "no {what} among {passed:#?}");
        }
    }

    /// Waits until the other party of a call is in this state; the picture of the call.
    pub fn until(&mut self, call: &str, state: &str) -> Value {
        let fits = |frame: &Value| {
            let others = frame["data"]["parties"].as_array().into_iter().flatten();
            let mut others = others
                .filter(|party| party["peer"] != frame["data"]["me"]["peer"] || party["peer"].is_null());
            frame["type"] == "call.state"
                && frame["data"]["call"] == call
                && others.any(|party| party["state"] == state)
        };
        self.event(state, fits)["data"].clone()
    }

    pub fn until_ended(&mut self, call: &str) -> String {
        let fits = |frame: &Value| frame["data"]["call"] == call && frame["data"]["ended"].is_string();
        self.event("end", fits)["data"]["ended"].as_str().unwrap().to_owned()
    }

    /// Dials a number and speaks a tone from then on.
    pub fn dial(&mut self, number: &str, hertz: f64) -> String {
        let call = self.start(number);
        self.speak(&call, hertz);
        call
    }

    /// Dials a number.
    pub fn start(&mut self, number: &str) -> String {
        let reply = self.must("call.start", json!({"to": [], "numbers": [number], "sources": mic()}));
        reply["data"]["call"].as_str().unwrap().to_owned()
    }

    /// Waits for a call that rings here; who calls, by name and number.
    pub fn ring(&mut self) -> (String, String, String) {
        let calls =
            |frame: &Value| frame["type"] == "call.state" && frame["data"]["me"]["state"] == "calling";
        let view = self.event("call", calls)["data"].clone();
        let call = view["call"].as_str().unwrap().to_owned();
        self.must("call.alerting", json!({"call": call}));
        let card = &view["parties"][0]["card"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        (call, text(&card["name"]), text(&card["extension"]))
    }

    pub fn answer(&mut self, call: &str, hertz: f64) {
        self.must("call.answer", json!({"call": call, "sources": mic()}));
        self.speak(call, hertz);
    }

    fn speak(&mut self, call: &str, hertz: f64) {
        let ssrc = 1_000 + self.last * 10;
        let mut client = Client::new(Offer::voice(ssrc)).unwrap();
        let sends = json!([{"mid": "0", "source": "mic"}]);
        let reply = self.must("media.offer", json!({"call": call, "sdp": client.sdp(), "sends": sends}));
        client.connect(reply["data"]["sdp"].as_str().unwrap()).unwrap();
        let (heard, over) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (ears, end) = (heard.clone(), over.clone());
        let thread = std::thread::spawn(move || talk(client, hertz, &ears, &end));
        self.voices.push(Voice { call: call.into(), heard, over, thread: Some(thread) });
    }

    fn voice(&self, call: &str) -> &Voice {
        self.voices.iter().rev().find(|voice| voice.call == call).unwrap()
    }

    /// Waits until a tone is heard in what comes from now on.
    pub fn wait_tone(&self, call: &str, hertz: f64) {
        let heard = &self.voice(call).heard;
        heard.lock().unwrap().clear();
        let begin = now();
        while begin.elapsed() < PATIENCE {
            if has_tone(RATE, &heard.lock().unwrap(), hertz) {
                return;
            }
            pause();
        }
        panic!("{hertz} Hz was not heard in {} samples", heard.lock().unwrap().len());
    }
}

impl Drop for Voice {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Sends a packet of the tone every 20 ms, and keeps what comes.
fn talk(mut client: Client, hertz: f64, heard: &Mutex<Vec<i16>>, over: &AtomicBool) {
    let mut encoder = OpusEncoder::new(RATE).unwrap();
    let mut decoder = OpusDecoder::new(RATE).unwrap();
    let (begin, mut packets): (Instant, u32) = (now(), 0);
    while !over.load(Ordering::Relaxed) {
        while begin.elapsed() >= Duration::from_millis(20) * packets {
            let mut payload = [0; MAX_PAYLOAD];
            let said = packets as usize * 960;
            let length = encoder.encode(&tone(RATE, hertz, said, 960), &mut payload).unwrap();
            let header = Outgoing {
                marker: packets == 0,
                payload_type: OPUS,
                sequence: packets as u16,
                timestamp: said as u32,
                ssrc: client.offer.ssrc,
            };
            // The call may be over already.
            let _ = client.send(&header, &[], &payload[..length]);
            packets += 1;
        }
        let left = (Duration::from_millis(20) * packets).saturating_sub(begin.elapsed());
        if let Ok(Received::Rtp(header, packet)) = client.next(left) {
            let mut pcm = vec![0; 5_760];
            if let Ok(length) = decoder.decode(header.payload(&packet), &mut pcm) {
                heard.lock().unwrap().extend_from_slice(&pcm[..length]);
            }
        }
    }
}

fn mic() -> Value {
    json!({"mic": true, "camera": false, "screen": false})
}
