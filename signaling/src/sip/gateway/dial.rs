//! Numbers that are dialled: whom they mean, who may dial them, and the way there.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::line::{Dialled, Identity, Leg, LineId, Phase, Route};
use super::record::Begin;
use super::step::Step;
use super::{Gateway, GatewayOutput, Owner};
use crate::call::Farewell;
use crate::ids::{PersonId, SessionId};
use crate::ports::{Direction, LegKind};
use crate::sip::config::TrunkConfig;
use crate::sip::dialog::{Dial, Ending};
use crate::sip::message::{NameAddr, Uri};
use crate::sip::plan::{Permit, Routed};
use crate::sip::port::Target;
use crate::sip::trunk::TrunkId;
use crate::wire::call::{EndReason, PersonCard};
use crate::wire::error::{ErrorCode, WireError};

/// A number that was dialled and does not become a call within this time is forgotten. Longer than the journal may take.
const DIAL_TIME: Duration = Duration::from_secs(20);
/// A registered telephone that says nothing for so long is passed by.
const PHONE_PATIENCE: Duration = Duration::from_secs(8);

/// Who dials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum From {
    /// The app.
    App,
    /// A telephone that is registered here.
    Phone,
    /// A trunk, which may reach what is ours, but not another trunk.
    Trunk,
}

/// What a number means.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Place {
    /// A member of staff: all devices.
    Person(Box<PersonCard>),
    /// The telephones of an account without a person.
    Phone(String),
    /// A number behind the trunks.
    Outside { number: String, emergency: bool },
}

impl Gateway {
    /// A member of staff dials a number in the app: whom the call core is to call. `alone`: the call has nobody else in it.
    /// The number rings once the call core shows it the call; without that it is forgotten.
    ///
    /// # Errors
    /// Why it may not be dialled, for the person.
    pub fn dial(
        &mut self,
        now: Instant,
        wall_ms: i64,
        who: &PersonCard,
        number: &str,
        alone: bool,
        out: &mut Vec<GatewayOutput>,
    ) -> Result<PersonCard, WireError> {
        let mut step = Step::new(now, wall_ms, out);
        let place = self.place(number, From::App, alone);
        let from = Identity::of(who);
        let called = place.and_then(|place| self.callee(&mut step, place, who.person, &from));
        if let Err(error) = &called {
            tracing::info!(person = %who.person, reason = ?error.code, "a number was not dialled");
            let begin = Begin {
                kind: LegKind::App,
                direction: Direction::Out,
                person: Some(who.person),
                via: String::new(),
                from: from.text(),
                to: number.chars().filter(|c| !c.is_control()).take(40).collect(),
            };
            let mut record = self.begin_record(&step, begin);
            record.reason = match error.code {
                ErrorCode::LinesBusy => EndReason::Busy,
                ErrorCode::NoTelephony => EndReason::LineDown,
                _ => EndReason::NumberUnknown,
            };
            record.status = Some(if error.code == ErrorCode::LinesBusy { 503 } else { 403 });
            step.out.push(GatewayOutput::Record(Box::new(record)));
        }
        self.finish(step);
        called
    }

    /// What a number means to who dials it.
    pub(super) fn place(&self, text: &str, from: From, alone: bool) -> Result<Place, WireError> {
        let number = self.plan.parse(text).map_err(|_| ErrorCode::BadNumber)?;
        let routed = self.plan.resolve(&number);
        let plain = match &routed {
            Routed::Allowed { number, .. } => number.to_string(),
            Routed::Denied => self.plan.canonical(&number).to_string(),
        };
        if let Routed::Allowed { emergency: true, .. } = routed {
            // Only a telephone of ours may: what comes from a trunk stays with its PBX.
            return match (from, alone) {
                (From::Trunk, _) => Err(ErrorCode::NumberNotAllowed.into()),
                (_, false) => Err(ErrorCode::EmergencyAlone.into()),
                (_, true) => Ok(Place::Outside { number: plain, emergency: true }),
            };
        }
        let own = self.own_place(&plain, from == From::App && !self.config.trunks.is_empty());
        match (own, routed, from) {
            (Some(own), _, _) => Ok(own),
            (None, Routed::Denied, _) => Err(ErrorCode::NumberNotAllowed.into()),
            (None, _, From::Trunk) => Err(ErrorCode::BadNumber.into()),
            (None, _, _) if self.config.trunks.is_empty() => Err(ErrorCode::NoTelephony.into()),
            (None, _, _) => Ok(Place::Outside { number: plain, emergency: false }),
        }
    }

    /// An extension of ours. A desk telephone that only the PBX knows is reached over the trunk.
    fn own_place(&self, number: &str, desk_by_trunk: bool) -> Option<Place> {
        if let Some(account) = self.numbers.account_by_extension(number) {
            return Some(match account.person {
                Some(person) => Place::Person(Box::new(self.card_of(&account, person))),
                None => Place::Phone(account.user),
            });
        }
        let card = self.numbers.by_extension(number).filter(|_| !desk_by_trunk)?;
        Some(Place::Person(Box::new(card)))
    }

    /// Whom the call core is to call for it. A number becomes a line of its own.
    pub(super) fn callee(
        &mut self,
        step: &mut Step<'_>,
        place: Place,
        who: PersonId,
        from: &Identity,
    ) -> Result<PersonCard, WireError> {
        match place {
            Place::Person(card) => Ok(*card),
            Place::Phone(user) => {
                let Some(account) = self.numbers.account(&user) else {
                    return Err(ErrorCode::BadNumber.into());
                };
                let known = self.phones.get(&user).map(|phone| phone.person);
                let person = match known {
                    Some(person) => person,
                    // Not registered: it cannot be reached, which the call is to say.
                    None => self.number(step, [Route::Phone(user)].into(), from, None, false, &account.name),
                };
                Ok(line_card(person, account.name, Some(account.extension)))
            }
            Place::Outside { number, emergency } => {
                let candidates: Vec<TrunkId> = self.trunks.candidates(&number, emergency);
                if candidates.is_empty() {
                    return Err(ErrorCode::NoTelephony.into());
                }
                if !emergency {
                    self.limits.check(step.now, who).map_err(|refusal| WireError {
                        retry_after_ms: refusal
                            .retry_after
                            .and_then(|wait| u32::try_from(wait.as_millis()).ok()),
                        ..refusal.code().into()
                    })?;
                }
                let routes = candidates.iter().map(|trunk| Route::Trunk(*trunk, number.clone())).collect();
                let device = self.trunk_name(candidates[0]);
                let person = self.number(step, routes, from, Some(who), emergency, &device);
                let known = self.numbers.by_extension(&number);
                Ok(match known {
                    Some(card) => PersonCard { person, line: true, extension: Some(number), ..card },
                    None => line_card(person, number.clone(), Some(number)),
                })
            }
        }
    }

    /// A session for a number that is about to be called.
    fn number(
        &mut self,
        step: &mut Step<'_>,
        routes: VecDeque<Route>,
        from: &Identity,
        by: Option<PersonId>,
        emergency: bool,
        device: &str,
    ) -> PersonId {
        let person = PersonId(self.random.id(step.wall_ms));
        let session = SessionId(self.random.id(step.wall_ms));
        let until = step.now + DIAL_TIME;
        let dialled = Dialled { person, routes, from: from.clone(), by, emergency, until };
        self.dialled.insert(session, dialled);
        self.sessions.insert(session, Owner::Number);
        Gateway::session_up(step, session, person, device.to_owned());
        person
    }

    /// Forgets numbers that became no call.
    pub(super) fn forget_dialled(&mut self, step: &mut Step<'_>) {
        let due = |dialled: &Dialled| dialled.until <= step.now;
        let late: Vec<SessionId> =
            self.dialled.iter().filter(|(_, dialled)| due(dialled)).map(|(session, _)| *session).collect();
        for session in late {
            self.dialled.remove(&session);
            self.session_gone(step, session, Farewell::Bye);
        }
    }

    /// Sends an INVITE to a trunk.
    pub(super) fn dial_trunk(
        &mut self,
        step: &mut Step<'_>,
        id: LineId,
        trunk: TrunkId,
        number: &str,
        from: &Identity,
    ) {
        let permit = match self.permit(step, id, trunk) {
            Ok(permit) => permit,
            Err(reason) => {
                tracing::info!(trunk = self.trunk_name(trunk), reason, "a trunk takes no more calls");
                return self.note_failure(id, EndReason::LineDown);
            }
        };
        let Some(dial) = self.trunks.prepare(trunk, number, &from.caller()) else {
            return self.note_failure(id, EndReason::LineDown);
        };
        let begin = Begin {
            kind: LegKind::Trunk,
            direction: Direction::Out,
            person: None,
            via: self.trunk_name(trunk),
            from: from.text(),
            to: number.to_owned(),
        };
        let record = self.begin_record(step, begin);
        let profile = self.trunk_profile(trunk);
        self.dial_leg(step, id, profile, dial, Leg { line: id, trunk: Some(trunk), record, permit });
    }

    fn permit(&mut self, step: &Step<'_>, id: LineId, trunk: TrunkId) -> Result<Option<Permit>, String> {
        let line = self.lines.get(&id).filter(|line| !line.emergency);
        let Some(who) = line.and_then(|line| line.dialled_by) else { return Ok(None) };
        self.limits.begin(step.now, Some(who), Some(trunk)).map(Some).map_err(|refusal| refusal.to_string())
    }

    /// An INVITE for a telephone that is registered here.
    pub(super) fn phone_dial(&self, uri: Uri, target: Target, from: &Identity) -> Dial {
        Dial {
            uri,
            target,
            route: Vec::new(),
            from: self.address_of(from),
            contact_user: None,
            headers: Vec::new(),
            offer: String::new(),
            credentials: None,
            patience: PHONE_PATIENCE,
        }
    }

    /// 3xx: the telephone is elsewhere. Followed to what this side may dial itself, never to a foreign address.
    pub(super) fn redirect(&mut self, step: &mut Step<'_>, id: LineId, contacts: &[NameAddr]) {
        let numbers = contacts.iter().filter_map(|contact| contact.uri.user.clone());
        let place = numbers.take(4).find_map(|number| self.place(&number, From::App, true).ok());
        let routes: VecDeque<Route> = match place {
            Some(Place::Outside { number, emergency: false }) => {
                let trunks = self.trunks.candidates(&number, false);
                trunks.into_iter().map(|trunk| Route::Trunk(trunk, number.clone())).collect()
            }
            Some(Place::Phone(user)) => [Route::Phone(user)].into(),
            Some(Place::Person(_) | Place::Outside { .. }) | None => VecDeque::new(),
        };
        if let Some(Phase::Calling(calling)) = self.lines.get_mut(&id).map(|line| &mut line.phase) {
            tracing::info!(line = id.0, followed = !routes.is_empty(), "a telephone redirects");
            calling.routes = routes;
        }
        self.try_next(step, id);
    }

    pub(super) fn trunk_config(&self, trunk: TrunkId) -> Option<&TrunkConfig> {
        self.config.trunks.get(trunk.0)
    }

    /// A dialog is over.
    pub(super) fn dialog_ended(
        &mut self,
        step: &mut Step<'_>,
        leg_id: crate::sip::dialog::LegId,
        ending: &Ending,
    ) {
        self.arrivals.remove(&leg_id);
        let Some(mut leg) = self.legs.remove(&leg_id) else { return };
        let (id, trunk) = (leg.line, leg.trunk);
        let way = match trunk {
            Some(trunk) => Route::Trunk(trunk, leg.record.to.clone()),
            None => Route::Phone(leg.record.via.clone()),
        };
        if let Some(permit) = leg.permit.take() {
            self.limits.end(permit);
        }
        if let Some(trunk) = trunk.filter(|_| *ending != Ending::Ours) {
            self.trunks.note(step.now, step.wall_ms, trunk, ending);
        }
        let was_up = self.lines.get(&id).is_some_and(|line| line.answered_leg == Some(leg_id));
        self.end_record(step, leg, ending, was_up);
        let Some(line) = self.lines.get_mut(&id) else { return };
        line.open = line.open.saturating_sub(1);
        match &line.phase {
            Phase::Calling(_) => self.fork_ended(step, id, leg_id, way, ending),
            Phase::Arriving(_) | Phase::Up(_) => {
                let lost = matches!(ending, Ending::Lost | Ending::NoAck | Ending::Unreachable);
                line.phase = Phase::Over;
                self.end_line(step, id, if lost { Farewell::Expired } else { Farewell::Bye });
            }
            Phase::Over => self.forget_line(Some(id)),
        }
    }
}

/// Card of a line.
pub(super) fn line_card(person: PersonId, name: String, number: Option<String>) -> PersonCard {
    PersonCard { person, name, unit: String::new(), post: String::new(), extension: number, line: true }
}
