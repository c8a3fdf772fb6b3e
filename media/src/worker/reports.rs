//! RTCP: what peers report and ask for, and what we owe them at regular times.

use std::time::{Duration, Instant};

use super::core::{Core, Timer};
use super::media::count_refusal;
use super::peer::{MAX_RTCP, Peer};
use super::slab::Key;
use crate::control::MediaEvent;
use crate::forward::Input;
use crate::ids::{Kind, PeerId, RoomId, Source};
use crate::rtp::rtcp::{self, Nack, Packet, ReportBlock, ReportBlocks, SenderInfo, Writer};

/// Time between congestion control feedbacks to a publisher of video. Shorter: its estimator reacts sooner, more packets.
const FEEDBACK_VIDEO: Duration = Duration::from_millis(100);
/// The same for one that sends audio alone, whose rate hardly moves.
const FEEDBACK_AUDIO: Duration = Duration::from_millis(250);
/// Time between receiver reports. Longer: publishers see loss and round trip later.
const REPORT: Duration = Duration::from_secs(1);
/// Time between quality events of one peer.
pub(super) const QUALITY: Duration = Duration::from_secs(5);
/// Time between two looks at who speaks. Shorter: the list of speakers may change more often than eyes can follow.
const SPEAKERS: Duration = Duration::from_millis(300);
/// Retransmissions per feedback interval and peer: 4 Mbit/s of them. A receiver that asks for more is flooded already, or
/// means harm.
const REPAIRS: u16 = 100;
/// Bytes of data-channel messages that a peer may send to the room per feedback interval; see also the transport's bound on
/// one message.
const DATA_BYTES: u32 = 16 * 1024;
/// What our streams are called in SDES; the same as in answers is not needed, since browsers go by the stream's id.
const CNAME: &str = "switchboard";

impl Core {
    /// Takes an SRTCP packet of a peer.
    pub(super) fn rtcp(&mut self, now: Instant, key: Key, bytes: &mut [u8]) {
        let Some(srtp) = self.peers.get_mut(key).and_then(|peer| peer.srtp.as_mut()) else {
            self.counters.dropped_unauthentic += 1;
            return;
        };
        let len = match srtp.receiver.open_rtcp(bytes) {
            Ok(len) => len,
            Err(error) => return count_refusal(&mut self.counters, error),
        };
        for packet in rtcp::packets(&bytes[..len]) {
            match packet {
                Ok(Packet::SenderReport { ssrc, info, blocks }) => {
                    self.sender_report(now, key, ssrc, &info);
                    self.blocks(now, key, blocks);
                }
                Ok(Packet::ReceiverReport { blocks, .. }) => self.blocks(now, key, blocks),
                Ok(Packet::Nack(nack)) => self.repair(key, nack),
                Ok(Packet::Pli(ssrc)) => self.keyframe_asked(now, key, ssrc),
                Ok(Packet::Fir(fir)) => {
                    fir.requests().for_each(|(ssrc, _)| self.keyframe_asked(now, key, ssrc))
                }
                Ok(Packet::Bye(_) | Packet::TransportCc(_) | Packet::Other) => {}
                Err(_) => self.counters.dropped_malformed += 1,
            }
        }
    }

    /// Passes a publisher's report on in every slot its track flows in.
    fn sender_report(&mut self, now: Instant, key: Key, ssrc: u32, info: &SenderInfo) {
        let epoch = self.epoch;
        let Some(peer) = self.peers.get_mut(key) else { return };
        let ntp = peer.clock.map(info.ntp, epoch, now);
        let Some(track) = peer.tracks.iter_mut().find(|track| track.ssrc == Some(ssrc)) else { return };
        if let Some(reception) = track.reception() {
            reception.sender_report(info.ntp_middle(), now);
        }
        let subscribers = std::mem::take(&mut track.subscribers);
        for subscriber in &subscribers {
            let Some(peer) = self.peers.get_mut(subscriber.peer) else { continue };
            let Some(slot) = peer.slots.get_mut(usize::from(subscriber.slot)) else { continue };
            let Some(info) = slot.sender_info(ntp, info) else { continue };
            let mut buffer = [0; 128];
            let mut writer = Writer::new(&mut buffer);
            if rtcp::sender_report(&mut writer, slot.ssrc, &info, CNAME).is_ok() {
                slot.reports.sent(&info, now);
                let len = writer.len();
                peer.send_rtcp(&buffer[..len], &mut self.egress);
            }
        }
        let tracks = self.peers.get_mut(key).map(|peer| &mut peer.tracks);
        if let Some(track) =
            tracks.and_then(|tracks| tracks.iter_mut().find(|track| track.ssrc == Some(ssrc)))
        {
            track.subscribers = subscribers;
        }
    }

    /// What the peer tells about the slots it receives.
    fn blocks(&mut self, now: Instant, key: Key, blocks: ReportBlocks<'_>) {
        let Some(peer) = self.peers.get_mut(key) else { return };
        for block in blocks.iter() {
            if let Some(slot) = peer.slots.iter_mut().find(|slot| slot.ssrc == block.ssrc) {
                peer.quality.reported(&mut slot.reports, &block, now);
            }
        }
    }

    /// Answers a NACK from the publisher's ring.
    fn repair(&mut self, key: Key, nack: Nack<'_>) {
        let Some(peer) = self.peers.get(key) else { return };
        let Some(at) = peer.slots.iter().position(|slot| slot.ssrc == nack.media_ssrc) else { return };
        let Some((publisher, source)) = peer.slots[at].track else { return };
        for sequence in nack.sequences() {
            let Some(peer) = self.peers.get(key).filter(|peer| peer.repairs_left > 0) else { return };
            let Some(original) = peer.slots[at].original(sequence) else { continue };
            let Some([receiver, sender]) = self.peers.pair_mut(key, publisher) else { return };
            let stored = sender.track(source).and_then(|track| track.stored(original));
            match stored {
                Some(packet) if receiver.retransmit(at, &packet, &mut self.egress) => {
                    receiver.repairs_left -= 1;
                    self.counters.retransmitted += 1;
                }
                _ => self.counters.retransmit_missed += 1,
            }
        }
    }

    fn keyframe_asked(&mut self, now: Instant, key: Key, ssrc: u32) {
        let slot = self.peers.get(key).and_then(|peer| peer.slots.iter().find(|slot| slot.ssrc == ssrc));
        if let Some((publisher, source)) = slot.and_then(|slot| slot.track) {
            self.want_keyframe(now, publisher, source);
        }
    }

    /// Does what a peer is due: its transport's timers, feedback, reports, requests.
    pub(super) fn tick(&mut self, now: Instant, key: Key) {
        let Some(peer) = self.peers.get_mut(key) else { return };
        peer.timers.scheduled = None;
        if peer.phone().is_some() {
            return self.phone_tick(now, key);
        }
        if peer.transport().and_then(|transport| transport.deadline()).is_some_and(|at| at <= now) {
            self.transport(now, key, crate::transport::Input::Timeout, None);
        }
        let Some(peer) = self.peers.get_mut(key) else { return };
        if peer.srtp.is_some() {
            let mut buffer = [0; MAX_RTCP];
            let len = peer.due_reports(now, &mut buffer);
            peer.send_rtcp(&buffer[..len], &mut self.egress);
            peer.request_keyframes(now, &mut self.egress, &mut self.counters);
            if now >= peer.timers.quality {
                self.tell_quality(now, key);
            }
        }
        self.schedule(key);
    }

    fn tell_quality(&mut self, now: Instant, key: Key) {
        let Some(peer) = self.peers.get_mut(key) else { return };
        let first = peer.timers.quality + QUALITY < now;
        peer.timers.quality = now + QUALITY;
        let (mut loss_up, mut jitter_ms) = (0f32, 0);
        for track in &mut peer.tracks {
            let kind = track.kind();
            let Some(reception) = track.reception() else { continue };
            loss_up = loss_up.max(reception.loss());
            if kind == Kind::Audio {
                jitter_ms = reception.jitter_ms();
            }
        }
        let quality = peer.quality.take(loss_up, jitter_ms);
        let (room, id) = (peer.room, peer.id);
        let open = self.rooms.get(&room).is_some_and(|state| state.forward.is_open(id));
        if open && !first {
            self.events.push(MediaEvent::Quality { room, peer: id, quality });
        }
    }

    /// Looks at who speaks in a room, and again after a while as long as it has peers.
    pub(super) fn speakers(&mut self, now: Instant, id: RoomId) {
        let Some(room) = self.rooms.get_mut(&id) else { return };
        room.listens = !room.peers.is_empty();
        if !room.listens {
            return;
        }
        let mut levels: Vec<(PeerId, u8)> = Vec::with_capacity(room.peers.len());
        for (peer, key) in &room.peers {
            let loudness =
                self.peers.get_mut(*key).and_then(|peer| Some(peer.track(Source::Mic)?.loudness.at(now)));
            levels.extend(loudness.map(|loudness| (*peer, loudness)));
        }
        self.wheel.set(now + SPEAKERS, Timer::Speakers(id));
        self.decide(now, id, Input::Levels(&levels));
    }
}

impl Peer {
    /// A new interval: as many repairs and data-channel bytes as one may have.
    pub(super) fn refill(&mut self) {
        (self.repairs_left, self.data_left) = (REPAIRS, DATA_BYTES);
    }

    /// Writes what is due now into `buffer`; returns its length.
    fn due_reports(&mut self, now: Instant, buffer: &mut [u8]) -> usize {
        let mut writer = Writer::new(buffer);
        // The buffer has room for a report of three tracks, the longest NACK list that a track keeps, and a feedback; what
        // does not fit comes with the next one.
        let _ = self.write_receiver_report(now, &mut writer);
        let _ = self.write_nacks(now, &mut writer);
        if now >= self.timers.feedback {
            let media = self.tracks.iter().find_map(|track| track.ssrc).unwrap_or_default();
            let _ = self.twcc.write(self.ssrc, media, &mut writer);
            let video = self.tracks.iter().any(|track| track.flows && track.kind() == Kind::Video);
            self.timers.feedback = now + if video { FEEDBACK_VIDEO } else { FEEDBACK_AUDIO };
            self.refill();
        }
        writer.len()
    }

    fn write_receiver_report(
        &mut self,
        now: Instant,
        writer: &mut Writer<'_>,
    ) -> Result<(), crate::rtp::ParseError> {
        if now < self.timers.report {
            return Ok(());
        }
        self.timers.report = now + REPORT;
        let mut blocks = [ReportBlock::default(); 3];
        let mut count = 0;
        for track in self.tracks.iter_mut().take(blocks.len()) {
            let ssrc = track.ssrc.unwrap_or_default();
            if let Some(block) = track.reception().and_then(|reception| reception.report(ssrc, now)) {
                blocks[count] = block;
                count += 1;
            }
        }
        if count == 0 {
            return Ok(());
        }
        rtcp::receiver_report(writer, self.ssrc, &blocks[..count])
    }

    fn write_nacks(&mut self, now: Instant, writer: &mut Writer<'_>) -> Result<(), crate::rtp::ParseError> {
        let rtt = self.rtt();
        for track in &mut self.tracks {
            let Some(ssrc) = track.ssrc.filter(|_| track.deadline().is_some()) else { continue };
            let mut missing = Vec::new();
            track.missing(now, rtt, &mut missing);
            rtcp::nack(writer, self.ssrc, ssrc, &missing)?;
        }
        Ok(())
    }
}
