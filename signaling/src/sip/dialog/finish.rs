//! What becomes of a leg when a request of ours is over.

use super::io::Ending;
use super::leg::{Leg, Phase};
use super::step::{Client, Purpose, Step};
use crate::sip::message::Response;
use crate::sip::port::Failure;

/// How a request of ours ended, other than by a 2xx to an INVITE.
pub(super) enum Final {
    /// By a final response.
    Response(Response),
    /// By none.
    Failed(Failure),
}

impl Final {
    /// The status, with what RFC 3261 section 8.1.3.1 puts in its place.
    pub(super) fn status(&self) -> u16 {
        match self {
            Final::Response(response) => response.status,
            Final::Failed(Failure::Timeout) => 408,
            Final::Failed(Failure::Unreachable) => 503,
        }
    }
}

impl Leg {
    /// A transaction of this leg is over.
    pub(super) fn finished(&mut self, step: &mut Step<'_>, number: u64, client: Client, outcome: &Final) {
        if client.purpose == Purpose::Invite {
            // What an INVITE that was sent again leaves behind concerns nobody.
            if number == self.invite && !self.answers_challenge(step, number, &client, outcome) {
                self.refused(step, client, outcome);
            }
            return;
        }
        if self.answers_challenge(step, number, &client, outcome)
            || self.goes_elsewhere(step, number, &client, outcome)
        {
            return;
        }
        match client.purpose {
            Purpose::Invite => {}
            Purpose::Reinvite | Purpose::Update => self.changed(step, number, client.purpose, outcome),
            Purpose::Prack => {
                if let Some(dialog) = self.dialogs.iter_mut().find(|dialog| dialog.prack == Some(number)) {
                    dialog.prack = None;
                }
            }
            Purpose::Bye => {
                if let Phase::Closing { ending, .. } = self.phase.clone() {
                    return self.end(step, ending);
                }
            }
            Purpose::Refer => self.refer_answered(step, outcome),
            Purpose::Notify => {
                if outcome.status() >= 300 {
                    self.subscription = None;
                }
            }
            Purpose::Info => {
                self.digit = self.digit.filter(|digit| *digit != number);
            }
        }
        let gone = match outcome {
            // 481 to a NOTIFY ends the subscription only (RFC 5057).
            Final::Response(response) => {
                matches!(response.status, 408 | 481) && client.purpose != Purpose::Notify
            }
            Final::Failed(_) => true,
        };
        if gone {
            tracing::info!(leg = ?self.id, purpose = ?client.purpose, status = outcome.status(), "a telephone is lost");
            self.lost(step);
        }
    }

    /// The connection of a telephone is gone, but its contact may be reached by another one.
    fn goes_elsewhere(&mut self, step: &mut Step<'_>, number: u64, client: &Client, outcome: &Final) -> bool {
        let Final::Failed(Failure::Unreachable) = outcome else { return false };
        let Some(target) = client.fallback.clone() else { return false };
        self.side.hop = None;
        let next = step.send(Client {
            leg: client.leg,
            tag: client.tag.clone(),
            purpose: client.purpose,
            request: client.request.clone(),
            target,
            fallback: None,
            credentials: client.credentials.clone(),
            challenged: client.challenged,
            acks: Vec::new(),
        });
        self.renumber(&client.tag, number, next);
        true
    }

    /// Ends the call for a reason that the other side should learn as a refusal of its description.
    pub(super) fn unusable(&mut self, step: &mut Step<'_>) {
        let ending = Ending::Rejected { status: 488, contacts: Vec::new(), reason: None };
        self.bye(step, ending, None);
    }
}
