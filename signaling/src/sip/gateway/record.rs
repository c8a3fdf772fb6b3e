//! Records of legs: begun with the INVITE, written when it is over and the media plane has counted its packets.

use std::time::{Duration, Instant};

use media::control::PhoneReport;
use media::ids::PeerId;

use super::line::{Leg, LineId};
use super::reasons::{reason_of, status_of};
use super::step::Step;
use super::{Gateway, GatewayOutput};
use crate::ids::PersonId;
use crate::ports::{Direction, LegKind, LegRecord};
use crate::sip::dialog::{Ending, LegId};
use crate::sip::sdp::codec_name;
use crate::sip::trunk::TrunkId;
use crate::wire::call::EndReason;

/// A record waits so long for the counts of its media. Larger: one whose room is gone is written later.
const REPORT_TIME: Duration = Duration::from_secs(5);

/// What a record begins with.
pub(super) struct Begin {
    pub kind: LegKind,
    pub direction: Direction,
    pub person: Option<PersonId>,
    pub via: String,
    pub from: String,
    pub to: String,
}

impl Gateway {
    /// A record that begins now.
    pub(super) fn begin_record(&mut self, step: &Step<'_>, begin: Begin) -> LegRecord {
        let Begin { kind, direction, person, via, from, to } = begin;
        LegRecord {
            id: self.random.id(step.wall_ms),
            call: None,
            person,
            kind,
            direction,
            via,
            from,
            to,
            started_at: step.wall_ms,
            ringing_at: None,
            answered_at: None,
            ended_at: step.wall_ms,
            reason: EndReason::Failed,
            status: None,
            codec: None,
            loss: None,
            loss_there: None,
            jitter_ms: None,
            rtt_ms: None,
            mos: None,
        }
    }

    pub(super) fn note_ringing(&mut self, step: &Step<'_>, leg: LegId) {
        if let Some(leg) = self.legs.get_mut(&leg) {
            leg.record.ringing_at.get_or_insert(step.wall_ms);
        }
    }

    pub(super) fn note_answered(&mut self, step: &Step<'_>, leg: LegId) {
        if let Some(leg) = self.legs.get_mut(&leg) {
            leg.record.answered_at.get_or_insert(step.wall_ms);
        }
    }

    /// A leg is over. `line` is still there.
    pub(super) fn end_record(&mut self, step: &mut Step<'_>, leg: Leg, ending: &Ending, was_up: bool) {
        let Leg { line, trunk, mut record, .. } = leg;
        let known = self.lines.get(&line);
        record.call = known.and_then(|line| line.call);
        record.ended_at = step.wall_ms;
        record.status = status_of(ending);
        record.reason = match (ending, known.and_then(|line| line.reason)) {
            (Ending::Ours, Some(reason)) => reason,
            (ending, _) => reason_of(ending),
        };
        let agreed = known.and_then(|line| line.media.negotiation.as_ref()?.agreed());
        record.codec = agreed.filter(|_| was_up).map(|remote| codec_name(remote.codec).to_owned());
        tracing::info!(
            record = %record.id, call = ?record.call, via = record.via, direction = ?record.direction,
            reason = ?record.reason, status = record.status, trunk = ?trunk, "a leg is over"
        );
        let media = known.filter(|line| was_up && line.media.local.is_some());
        match media.and_then(|line| Some((line.peer?, line.media.report))) {
            Some((_, Some(report))) => {
                record.take(&report);
                step.out.push(GatewayOutput::Record(Box::new(record)));
            }
            Some((peer, None)) => {
                self.finishing.insert(peer, (step.now + REPORT_TIME, record));
            }
            None => step.out.push(GatewayOutput::Record(Box::new(record))),
        }
    }

    /// The media plane has counted.
    pub(super) fn reported(
        &mut self,
        step: &mut Step<'_>,
        peer: PeerId,
        line: Option<LineId>,
        report: PhoneReport,
    ) {
        if let Some((_, mut record)) = self.finishing.remove(&peer) {
            record.take(&report);
            return step.out.push(GatewayOutput::Record(Box::new(record)));
        }
        if let Some(line) = line.and_then(|line| self.lines.get_mut(&line)) {
            line.media.report = Some(report);
        }
    }

    /// Writes records whose media plane says nothing any more.
    pub(super) fn give_up_reports(&mut self, step: &mut Step<'_>) {
        let due = |until: Instant| until <= step.now;
        let late: Vec<PeerId> =
            self.finishing.iter().filter(|(_, (until, _))| due(*until)).map(|(peer, _)| *peer).collect();
        for peer in late {
            if let Some((_, record)) = self.finishing.remove(&peer) {
                step.out.push(GatewayOutput::Record(Box::new(record)));
            }
        }
    }

    /// Name of a trunk for the record.
    pub(super) fn trunk_name(&self, trunk: TrunkId) -> String {
        self.trunk_config(trunk).map(|config| config.name.clone()).unwrap_or_default()
    }
}

impl LegRecord {
    /// Fills in what the media plane has counted.
    fn take(&mut self, report: &PhoneReport) {
        let share = |lost: u64, of: u64| (of > 0).then(|| (lost as f64 / of as f64).min(1.0) as f32);
        self.loss = share(report.lost, report.received + report.lost);
        self.loss_there = share(report.lost_there, report.sent);
        self.jitter_ms = (report.received > 0).then_some(report.jitter_ms);
        self.rtt_ms = (report.rtt_ms > 0).then_some(report.rtt_ms);
        self.mos = (report.mos > 0.0).then_some(report.mos);
    }
}
