//! What the journal has to confirm before anybody rings.

use super::exchange::Exchange;
use super::io::{CallOutput, JournalTicket, MediaCommand};
use super::limits::JOURNAL_TIME;
use super::state::Filing;
use super::step::{Asker, Step};
use crate::ids::{CallId, PersonId};
use crate::ports::JournalEntry;
use crate::wire::call::{EndReason, PersonCard};
use crate::wire::error::ErrorCode;

impl Exchange {
    /// Hands an entry to the journal.
    pub(super) fn write(&mut self, step: &mut Step<'_>, entry: JournalEntry) -> JournalTicket {
        let ticket = JournalTicket(self.next_ticket);
        self.next_ticket += 1;
        step.put(CallOutput::Journal { ticket, entry });
        ticket
    }

    /// Hands over that a person is being called, or enters.
    pub(super) fn write_invited(
        &mut self,
        step: &mut Step<'_>,
        call: CallId,
        card: &PersonCard,
        by: PersonId,
    ) -> JournalTicket {
        let line = card.line.then(|| card.clone());
        self.write(step, JournalEntry::Invited { call, person: card.person, by, line, at: step.wall_ms })
    }

    /// These people ring, and the asker gets the reply, once all these entries are durable.
    pub(super) fn file(
        &mut self,
        step: &mut Step<'_>,
        id: CallId,
        asker: Asker,
        people: Vec<PersonId>,
        tickets: Vec<JournalTicket>,
    ) {
        let until = step.now + JOURNAL_TIME;
        self.tickets.extend(tickets.iter().map(|ticket| (*ticket, id)));
        let tickets = tickets.into_iter().collect();
        let Ok(call) = self.call(id) else { return };
        call.filings.push(Filing { tickets, until, session: asker.session, id: asker.id, people });
        step.touch(id);
    }

    pub(super) fn journal_done(&mut self, step: &mut Step<'_>, ticket: JournalTicket) {
        let Some(id) = self.tickets.remove(&ticket) else { return };
        let Ok(call) = self.call(id) else { return };
        let Some(at) = call.filings.iter().position(|filing| filing.tickets.contains(&ticket)) else {
            return;
        };
        call.filings[at].tickets.remove(&ticket);
        if call.filings[at].tickets.is_empty() {
            let filing = call.filings.remove(at);
            self.confirmed(step, id, filing);
        }
    }

    fn confirmed(&mut self, step: &mut Step<'_>, id: CallId, filing: Filing) {
        let Ok(call) = self.call(id) else { return };
        if !call.opened {
            call.opened = true;
            step.media(id, MediaCommand::Open);
        }
        step.reply_call(filing.session, filing.id, id);
        for person in &filing.people {
            self.ring(step, id, *person);
        }
        let Ok(call) = self.call(id) else { return };
        let reason = filing.people.iter().find_map(|person| call.leg(*person)?.reason());
        self.settle(step, id, reason.unwrap_or(EndReason::Busy));
    }

    pub(super) fn journal_failed(&mut self, step: &mut Step<'_>, ticket: JournalTicket) {
        let Some(id) = self.tickets.get(&ticket).copied() else { return };
        let Ok(call) = self.call(id) else { return };
        if let Some(at) = call.filings.iter().position(|filing| filing.tickets.contains(&ticket)) {
            self.filing_failed(step, id, at);
        }
    }

    /// The journal cannot vouch for these legs: whoever asked is told, and nobody is rung for nothing.
    pub(super) fn filing_failed(&mut self, step: &mut Step<'_>, id: CallId, at: usize) {
        let Ok(call) = self.call(id) else { return };
        let filing = call.filings.remove(at);
        let opened = call.opened;
        self.drop_filing(step, &filing, ErrorCode::Internal);
        if !opened {
            return self.end_call(step, id, EndReason::Failed);
        }
        for person in filing.people {
            self.end_leg(step, id, person, EndReason::Failed);
        }
        self.settle(step, id, EndReason::Failed);
    }

    /// Forgets what a filing waits for and tells its asker why.
    pub(super) fn drop_filing(&mut self, step: &mut Step<'_>, filing: &Filing, code: ErrorCode) {
        for ticket in &filing.tickets {
            self.tickets.remove(ticket);
        }
        step.reply(filing.session, filing.id, Err(code));
    }
}
