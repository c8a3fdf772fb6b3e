//! `Replaces` (RFC 3891): an INVITE that takes the place of a dialog.

use super::dialogs::Dialogs;
use super::io::{DialogId, LegId};
use super::leg::Phase;
use crate::sip::message::{Headers, Params, Request};

/// A `Replaces`.
pub(super) struct Replaces {
    /// As its recipient sees the dialog.
    pub dialog: DialogId,
    /// Only if it is not answered yet.
    pub early: bool,
}

/// Reads the value of a `Replaces`; `None` without both tags.
pub(super) fn read(value: &str) -> Option<Replaces> {
    let (call_id, params) = value.split_once(';')?;
    let params = Params::parse(params);
    let tag = |name| params.get(name).filter(|tag| !tag.is_empty() && tag.len() <= 256).map(str::to_owned);
    let (local_tag, remote_tag) = (tag("to-tag")?, tag("from-tag")?);
    let call_id = call_id.trim().to_owned();
    let dialog = DialogId { call_id, local_tag, remote_tag };
    Some(Replaces { dialog, early: params.get("early-only").is_some() })
}

impl Dialogs {
    /// The leg whose place an INVITE is to take.
    ///
    /// # Errors
    /// The status of the refusal: 400, 481 for one that is not there, 486 for one that is answered already.
    pub(super) fn replaced(&self, headers: &Headers) -> Result<Option<LegId>, u16> {
        let mut all = headers.all("Replaces");
        let Some(value) = all.next() else { return Ok(None) };
        let (Some(replaces), None) = (read(value), all.next()) else { return Err(400) };
        let leg = self.leg_by(&replaces.dialog).and_then(|id| self.legs.get(&id)).ok_or(481_u16)?;
        match leg.phase {
            Phase::Up if leg.leaving.is_some() => Err(481),
            Phase::Up if replaces.early => Err(486),
            Phase::Up => Ok(Some(leg.id)),
            // An early dialog may be taken over only from who began it.
            Phase::Calling { .. } => Ok(Some(leg.id)),
            _ => Err(481),
        }
    }

    /// Whether this INVITE has come already by another way (RFC 3261 section 8.2.2.2).
    pub(super) fn is_merged(&self, request: &Request) -> bool {
        let (Some(call_id), Ok(from), Ok(seq)) =
            (request.headers.get("Call-ID"), request.address("From"), request.headers.cseq())
        else {
            return false;
        };
        self.legs_of(call_id).filter(|leg| !leg.caller).any(|leg| {
            let same = |tag: &str, last: Option<u32>| from.tag() == Some(tag) && last >= Some(seq);
            leg.dialogs.first().is_some_and(|dialog| same(&dialog.tag, dialog.their_seq))
        })
    }
}
