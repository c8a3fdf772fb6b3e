//! Accounts of telephones that register here: a device of their person, or a line of their own, while they are registered.

use super::Gateway;
use super::line::Phase;
use super::step::Step;
use super::{GatewayOutput, Owner};
use crate::call::Farewell;
use crate::ids::{PersonId, SessionId};
use crate::ports::PhoneAccount;
use crate::sip::registrar::{Lamp, RegistrarInput, Watched};
use crate::wire::call::PersonCard;

/// An account in use.
pub(super) struct Phone {
    pub account: PhoneAccount,
    pub session: SessionId,
    /// The account's person, or one that stands for the telephone.
    pub person: PersonId,
    pub registered: bool,
}

impl Gateway {
    pub(super) fn registered(&mut self, step: &mut Step<'_>, user: &str) {
        let Some(account) = self.numbers.account(user) else { return };
        self.phone(step, &account);
        if let Some(phone) = self.phones.get_mut(user) {
            phone.registered = true;
        }
    }

    pub(super) fn unregistered(&mut self, step: &mut Step<'_>, user: &str) {
        if let Some(phone) = self.phones.get_mut(user) {
            phone.registered = false;
            let session = phone.session;
            self.phone_rests(step, session);
        }
    }

    /// The account's session and person; the session is made when there is none.
    pub(super) fn phone(&mut self, step: &mut Step<'_>, account: &PhoneAccount) -> (SessionId, PersonId) {
        if let Some(phone) = self.phones.get(&account.user) {
            return (phone.session, phone.person);
        }
        let session = SessionId(self.random.id(step.wall_ms));
        let person = account.person.unwrap_or_else(|| PersonId(self.random.id(step.wall_ms)));
        self.sessions.insert(session, Owner::Phone(account.user.clone()));
        Gateway::session_up(step, session, person, account.name.clone());
        let phone = Phone { account: account.clone(), session, person, registered: false };
        self.phones.insert(account.user.clone(), phone);
        if account.person.is_some() {
            step.out.push(GatewayOutput::AskMissed(person));
        }
        (session, person)
    }

    pub(super) fn phone_of(&self, session: SessionId) -> Option<&Phone> {
        match self.sessions.get(&session)? {
            Owner::Phone(user) => self.phones.get(user),
            Owner::Number => None,
        }
    }

    /// The session of an account that is neither registered nor in a call ends.
    pub(super) fn phone_rests(&mut self, step: &mut Step<'_>, session: SessionId) {
        let Some(phone) = self.phone_of(session) else { return };
        let busy = self.lines.values().any(|line| line.session == session && !line.is_over());
        if !phone.registered && !busy {
            let user = phone.account.user.clone();
            self.phones.remove(&user);
            self.session_gone(step, session, Farewell::Bye);
        }
    }

    /// What somebody does, for the lamps of others.
    pub(super) fn lamp(&mut self, step: &mut Step<'_>, of: Watched, lamp: Lamp) {
        self.register(step, RegistrarInput::Presence { of, lamp });
    }

    /// The lamp of a telephone without a person: nobody else tells of it.
    pub(super) fn own_lamp(&mut self, step: &mut Step<'_>, session: SessionId) {
        let Some(phone) = self.phone_of(session).filter(|phone| phone.account.person.is_none()) else {
            return;
        };
        let user = phone.account.user.clone();
        let lines = self.lines.values().filter(|line| line.session == session);
        let lamp = lines.map(|line| match line.phase {
            Phase::Up(_) | Phase::Arriving(_) => Lamp::Busy,
            Phase::Calling(_) => Lamp::Ringing,
            Phase::Over => Lamp::Idle,
        });
        let lamp = lamp.max().unwrap_or_default();
        self.lamp(step, Watched::Phone(user), lamp);
    }

    /// A person's message-waiting lamp.
    pub(super) fn missed(&mut self, step: &mut Step<'_>, person: PersonId, missed: u32) {
        self.register(step, RegistrarInput::Waiting { person, missed });
    }

    /// Card of an account's person.
    pub(super) fn card_of(&self, account: &PhoneAccount, person: PersonId) -> PersonCard {
        let known = self.numbers.by_extension(&account.extension).filter(|card| card.person == person);
        known.unwrap_or_else(|| PersonCard {
            person,
            name: account.name.clone(),
            unit: String::new(),
            post: String::new(),
            extension: Some(account.extension.clone()),
            line: false,
        })
    }
}
