//! The picture that one session gets of a call.

use super::exchange::Exchange;
use super::leg::{Leg, Phase};
use super::state::Call;
use crate::ids::SessionId;
use crate::wire::call::{CallView, EndReason, LegState, MyLeg, Party};

impl Exchange {
    /// The call as a session sees it whose person is in it or called to it.
    pub(super) fn view(&self, call: &Call, session: SessionId) -> CallView {
        let leg = self.sessions.get(&session).and_then(|device| call.leg(device.person));
        let me = leg.map_or(MyLeg::outside(EndReason::Ended), |leg| leg.mine(session));
        self.picture(call, session, me, None)
    }

    /// The last view of a session for which the call is over; `reason` where it is not that of the leg.
    pub(super) fn last_view(&self, call: &Call, session: SessionId, reason: Option<EndReason>) -> CallView {
        let leg = self.sessions.get(&session).and_then(|device| call.leg(device.person));
        let reason = reason.or_else(|| leg.and_then(Leg::reason)).or(call.ended).unwrap_or(EndReason::Ended);
        self.picture(call, session, MyLeg::outside(reason), Some(reason))
    }

    /// An earlier picture of a call as it is now, for a reply that is repeated after a resume: a client that lost the reply
    /// would take an old picture for a running call. What is over stays over, and so is what is gone.
    pub fn renewed(&self, session: SessionId, view: Box<CallView>) -> Box<CallView> {
        if view.ended.is_some() {
            return view;
        }
        match self.calls.get(&view.call).filter(|call| call.shown.contains(&session)) {
            Some(call) => Box::new(self.view(call, session)),
            None => {
                let (me, ended) = (MyLeg::outside(EndReason::Ended), Some(EndReason::Ended));
                Box::new(CallView { me, ended, may_end: false, ..*view })
            }
        }
    }

    fn picture(&self, call: &Call, session: SessionId, me: MyLeg, ended: Option<EndReason>) -> CallView {
        let person = self.sessions.get(&session).map(|device| device.person);
        CallView {
            call: call.id,
            rev: call.rev,
            kind: call.kind,
            starter: call.starter,
            video: call.video,
            started_at: call.started_at,
            answered_at: call.answered_at,
            me,
            parties: call.legs.iter().map(|leg| leg.party(call)).collect(),
            ended,
            may_end: ended.is_none() && person == Some(call.starter),
        }
    }
}

impl Leg {
    fn party(&self, call: &Call) -> Party {
        let seat = self.live().map(|live| &live.seat);
        Party {
            card: self.card.clone(),
            state: self.state(),
            reason: self.reason(),
            peer: seat.map(|seat| seat.peer),
            sources: seat.map(|seat| seat.sources).unwrap_or_default(),
            early_media: call.early(self).is_some(),
            transfer_by: call.transfer_by(self),
        }
    }

    fn mine(&self, session: SessionId) -> MyLeg {
        let mut me =
            MyLeg { state: self.state(), reason: self.reason(), here: false, device: None, peer: None };
        match &self.phase {
            Phase::Ringing(ring) => me.peer = ring.devices.get(&session).map(|device| device.peer),
            Phase::Live(live) => match live.seat_of(session) {
                Some(seat) => {
                    me.here = true;
                    me.peer = Some(seat.peer);
                }
                None => me.device = Some(live.seat.device.clone()),
            },
            Phase::Filed { .. } | Phase::Left(_) => {}
        }
        me
    }
}

impl MyLeg {
    fn outside(reason: EndReason) -> Self {
        MyLeg { state: LegState::Left, reason: Some(reason), here: false, device: None, peer: None }
    }
}
