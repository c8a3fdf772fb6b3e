//! Digits by INFO, as older PBXs want them (`application/dtmf-relay`, `application/dtmf`).

use super::io::DialogOutput;
use super::leg::{Leg, Phase};
use super::reply::refusal;
use super::step::{Purpose, Step};
use crate::sip::message::{Method, Request};
use crate::sip::port::ServerTx;

/// Most digits that wait to be sent.
const MAX_DIGITS: usize = 64;

impl Leg {
    /// A digit that is to be sent.
    pub(super) fn press(&mut self, digit: char) {
        let digit = digit.to_ascii_uppercase();
        if is_digit(digit) && self.digits.len() < MAX_DIGITS {
            self.digits.push_back(digit);
        }
    }

    /// Sends the next digit, when the one before has been answered: they must not overtake each other.
    pub(super) fn send_digit(&mut self, step: &mut Step<'_>) {
        let able = matches!(self.phase, Phase::Up | Phase::Calling { .. }) && self.digit.is_none();
        let Some(at) = self.dialogs.len().checked_sub(1).filter(|_| able && self.leaving.is_none()) else {
            return;
        };
        let Some(digit) = self.digits.pop_front() else { return };
        let tag = self.dialogs[at].tag.clone();
        let Some(mut outgoing) = self.request(at, Method::Info) else { return };
        outgoing.request.headers.push("Content-Type", "application/dtmf-relay");
        outgoing.request.body = format!("Signal={digit}\r\nDuration=160\r\n").into_bytes();
        self.digit = Some(self.send(step, &tag, Purpose::Info, outgoing));
    }

    /// An INFO has come.
    pub(super) fn informed(&mut self, step: &mut Step<'_>, tx: ServerTx, request: &Request) {
        let kind = request.headers.get("Content-Type").unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let digit = match kind.as_str() {
            _ if request.headers.get("Info-Package").is_some() => return self.refuse(step, tx, request, 469),
            _ if request.body.is_empty() => None,
            "application/dtmf-relay" => relayed(&request.body),
            "application/dtmf" => digit(std::str::from_utf8(&request.body).unwrap_or_default()),
            _ => return self.refuse(step, tx, request, 415),
        };
        step.respond(tx, refusal(&self.side, request, 200));
        if let Some(digit) = digit {
            step.tell(DialogOutput::Digit { leg: self.id, digit });
        }
    }
}

fn is_digit(digit: char) -> bool {
    matches!(digit, '0'..='9' | '*' | '#' | 'A'..='D')
}

/// The `Signal` of a body with `Signal=` and `Duration=` lines.
fn relayed(body: &[u8]) -> Option<char> {
    let text = std::str::from_utf8(body).ok()?;
    let signal = text
        .lines()
        .filter_map(|line| line.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("Signal"));
    signal.and_then(|(_, value)| digit(value))
}

/// A digit, or its event number (RFC 4733).
fn digit(text: &str) -> Option<char> {
    let text = text.trim();
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(digit), None) => Some(digit.to_ascii_uppercase()).filter(|digit| is_digit(*digit)),
        _ => match text {
            "10" => Some('*'),
            "11" => Some('#'),
            "12" => Some('A'),
            "13" => Some('B'),
            "14" => Some('C'),
            "15" => Some('D'),
            _ => None,
        },
    }
}
