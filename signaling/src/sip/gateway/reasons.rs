//! Ends of calls: between what SIP says and what the call core says.

use crate::sip::dialog::Ending;
use crate::wire::call::EndReason;
use crate::wire::error::ErrorCode;

/// What the end of an unanswered call to a telephone means.
pub(super) fn reason_of(ending: &Ending) -> EndReason {
    match ending {
        Ending::Rejected { status, .. } => match status {
            486 | 600 => EndReason::Busy,
            403 | 603 | 607 | 608 => EndReason::Declined,
            404 | 410 | 414 | 416 | 484 | 485 | 604 => EndReason::NumberUnknown,
            408 => EndReason::NoAnswer,
            480 => EndReason::NoAnswer,
            487 => EndReason::Cancelled,
            500..=599 => EndReason::LineDown,
            _ => EndReason::Failed,
        },
        Ending::Silent | Ending::Unreachable => EndReason::LineDown,
        Ending::Lost | Ending::NoAck => EndReason::Failed,
        Ending::Bye(_) | Ending::Ours => EndReason::Ended,
        Ending::Cancelled(_) => EndReason::Cancelled,
    }
}

/// SIP status of an ending, for the record.
pub(super) fn status_of(ending: &Ending) -> Option<u16> {
    match ending {
        Ending::Rejected { status, .. } => Some(*status),
        Ending::Cancelled(_) => Some(487),
        Ending::Silent | Ending::Lost | Ending::NoAck => Some(408),
        Ending::Unreachable => Some(503),
        Ending::Bye(_) | Ending::Ours => None,
    }
}

/// How a caller by telephone is told why nobody answered.
pub(super) fn refusal(reason: EndReason) -> u16 {
    match reason {
        EndReason::Busy => 486,
        EndReason::Declined | EndReason::DeclinedElsewhere => 603,
        EndReason::NumberUnknown => 404,
        EndReason::LineDown => 503,
        EndReason::Failed => 500,
        EndReason::NoAnswer
        | EndReason::Unreachable
        | EndReason::Cancelled
        | EndReason::AnsweredElsewhere
        | EndReason::Moved
        | EndReason::Transferred
        | EndReason::Ended => 480,
    }
}

/// How a request of a telephone is refused when the call core refuses it.
pub(super) fn status_for(code: ErrorCode) -> u16 {
    match code {
        ErrorCode::NoSuchPerson | ErrorCode::BadNumber => 404,
        ErrorCode::NumberNotAllowed | ErrorCode::NotAllowed | ErrorCode::EmergencyAlone => 403,
        ErrorCode::CallFull | ErrorCode::AlreadyInCall | ErrorCode::CallingYourself => 486,
        ErrorCode::LinesBusy | ErrorCode::Draining | ErrorCode::MediaUnavailable | ErrorCode::RateLimited => {
            503
        }
        ErrorCode::NoTelephony => 480,
        ErrorCode::NoSuchCall | ErrorCode::WrongState => 481,
        _ => 500,
    }
}

/// Value of the `Reason` header (RFC 3326) for a telephone that need not ring any more.
pub(super) fn reason_header(reason: EndReason) -> Option<String> {
    let text = match reason {
        EndReason::AnsweredElsewhere => "SIP;cause=200;text=\"Call completed elsewhere\"",
        EndReason::DeclinedElsewhere => "SIP;cause=603;text=\"Declined elsewhere\"",
        EndReason::NoAnswer => "SIP;cause=480;text=\"No answer\"",
        _ => return None,
    };
    Some(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejected(status: u16) -> Ending {
        Ending::Rejected { status, contacts: Vec::new(), reason: None }
    }

    #[test]
    fn the_app_tells_apart_what_the_telephone_system_said() {
        for (status, reason) in [
            (486, EndReason::Busy),
            (600, EndReason::Busy),
            (603, EndReason::Declined),
            (404, EndReason::NumberUnknown),
            (484, EndReason::NumberUnknown),
            (604, EndReason::NumberUnknown),
            (408, EndReason::NoAnswer),
            (480, EndReason::NoAnswer),
            (503, EndReason::LineDown),
            (488, EndReason::Failed),
        ] {
            assert_eq!(reason_of(&rejected(status)), reason, "{status}");
        }
        assert_eq!(reason_of(&Ending::Silent), EndReason::LineDown);
    }

    #[test]
    fn a_refusal_comes_back_as_what_it_was() {
        for reason in [EndReason::Busy, EndReason::Declined, EndReason::NumberUnknown, EndReason::LineDown] {
            assert_eq!(reason_of(&rejected(refusal(reason))), reason);
        }
        assert_eq!(refusal(EndReason::NoAnswer), 480);
        assert!(reason_header(EndReason::AnsweredElsewhere).is_some_and(|text| text.contains("cause=200")));
        assert_eq!(reason_header(EndReason::Cancelled), None);
    }
}
