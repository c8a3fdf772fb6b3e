//! From an offer to tracks and slots: what each section becomes.

use crate::control::SendSection;
use crate::ids::{Kind, Source};
use crate::rtp::Codec;
use crate::transport::sdp::{self, CodecKind, Extension, Offer, Section, SourceIds};

/// The numbers of one codec on one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Format {
    pub(super) codec: Codec,
    pub(super) payload_type: u8,
    pub(super) rtx: Option<u8>,
    /// Lost packets may be asked for.
    pub(super) nack: bool,
    /// Keyframes may be asked for.
    pub(super) pli: bool,
}

/// The ids of header extensions on one section; `None` where the client has not got it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ExtensionIds {
    pub(super) mid: Option<u8>,
    pub(super) audio_level: Option<u8>,
    pub(super) transport_cc: Option<u8>,
}

/// A section that sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TrackPlan {
    pub(super) source: Source,
    pub(super) mid: String,
    pub(super) announced: Option<SourceIds>,
    pub(super) formats: Vec<Format>,
    pub(super) ids: ExtensionIds,
}

/// A section that receives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SlotPlan {
    pub(super) mid: String,
    pub(super) kind: Kind,
    pub(super) formats: Vec<Format>,
    pub(super) ids: ExtensionIds,
}

/// What becomes of one section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Nothing flows, or a data channel.
    Other,
    /// A track.
    Track,
    /// The slot of this index.
    Slot(usize),
}

/// What becomes of an offer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// One per section.
    pub(super) roles: Vec<Role>,
    pub(super) tracks: Vec<TrackPlan>,
    pub(super) slots: Vec<SlotPlan>,
}

impl Plan {
    /// Each section that the client names as a source of its kind becomes a track, one per source; each that only receives
    /// becomes a slot. Simulcast is not offered back, so the client sends one stream per track: `offer` loses its layers.
    pub(super) fn new(offer: &mut Offer, sends: &[SendSection]) -> Plan {
        let mut plan = Plan::default();
        for section in &mut offer.sections {
            section.rids.clear();
            let role = plan.role(section, sends);
            plan.roles.push(role);
        }
        plan
    }

    fn role(&mut self, section: &Section, sends: &[SendSection]) -> Role {
        let kind = match section.kind {
            sdp::Kind::Audio => Kind::Audio,
            sdp::Kind::Video => Kind::Video,
            sdp::Kind::Application => return Role::Other,
        };
        if !section.usable {
            return Role::Other;
        }
        let (mid, formats, ids) = (section.mid.clone(), formats(section), extension_ids(section));
        if section.direction == sdp::Direction::RecvOnly {
            self.slots.push(SlotPlan { mid, kind, formats, ids });
            return Role::Slot(self.slots.len() - 1);
        }
        let named = sends.iter().find(|send| send.mid == section.mid).map(|send| send.source);
        match named {
            Some(source) if source.kind() == kind && self.may_send(section, source) => {
                let announced = section.sources.first().copied();
                self.tracks.push(TrackPlan { source, mid, announced, formats, ids });
                Role::Track
            }
            _ => Role::Other,
        }
    }

    fn may_send(&self, section: &Section, source: Source) -> bool {
        section.direction.sends() && !self.tracks.iter().any(|track| track.source == source)
    }
}

fn formats(section: &Section) -> Vec<Format> {
    let format = |codec: &sdp::Codec| Format {
        codec: match codec.kind {
            CodecKind::Red => Codec::Red,
            CodecKind::Opus => Codec::Opus,
            CodecKind::Vp8 => Codec::Vp8,
            CodecKind::Vp9 => Codec::Vp9,
            CodecKind::H264 => Codec::H264,
            CodecKind::Av1 => Codec::Av1,
        },
        payload_type: codec.payload_type,
        rtx: codec.rtx,
        nack: codec.feedback.nack,
        pli: codec.feedback.pli,
    };
    section.codecs.iter().map(format).collect()
}

fn extension_ids(section: &Section) -> ExtensionIds {
    let feedback = section.codecs.iter().any(|codec| codec.feedback.transport_cc);
    ExtensionIds {
        mid: section.extension_id(Extension::Mid),
        audio_level: section.extension_id(Extension::AudioLevel),
        transport_cc: section.extension_id(Extension::TransportCc).filter(|_| feedback),
    }
}
