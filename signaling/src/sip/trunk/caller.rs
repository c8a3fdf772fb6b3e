//! Who calls and who is called, as a PBX says it, and how far it is believed.

use crate::sip::config::TrunkConfig;
use crate::sip::message::{NameAddr, Request, Scheme};
use crate::sip::plan;

/// Longest name that is shown, in characters.
const MAX_NAME: usize = 64;

/// Somebody as telephones show them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// Name, UTF-8; of the directory, or as the PBX says it.
    pub name: Option<String>,
    /// Number or extension; `None`: withheld or unknown.
    pub number: Option<String>,
}

/// Who calls over this trunk. `P-Asserted-Identity` (RFC 3325) counts only where the trunk is trusted; everywhere else it is
/// as if it were not there, and `From` is shown as what it is, a claim.
pub(super) fn caller(config: &TrunkConfig, request: &Request) -> Caller {
    let asserted = request.headers.list("P-Asserted-Identity").filter(|_| config.trusted_identity);
    let said: Vec<NameAddr> = asserted.filter_map(|value| value.parse().ok()).take(2).collect();
    // RFC 3323: who asks for privacy is not shown, also when the trunk knows better.
    let private =
        request.headers.list("Privacy").flat_map(|value| value.split(';')).any(|value| {
            ["id", "user", "header"].iter().any(|known| value.trim().eq_ignore_ascii_case(known))
        });
    if private {
        return Caller::default();
    }
    let from = request.address("From").ok();
    let best = said.iter().find_map(|said| number_of(config, said).map(|number| (said, Some(number))));
    match best.or_else(|| from.as_ref().map(|from| (from, number_of(config, from)))) {
        Some((said, number)) => Caller { name: said.display.as_deref().and_then(name), number },
        None => Caller::default(),
    }
}

/// Who forwarded the call to us (RFC 5806); trusted trunks only.
pub(super) fn diverted(config: &TrunkConfig, request: &Request) -> Option<Caller> {
    let first = request.headers.list("Diversion").next().filter(|_| config.trusted_identity)?;
    let said: NameAddr = first.parse().ok()?;
    Some(Caller { name: said.display.as_deref().and_then(name), number: number_of(config, &said) })
}

/// Whom a call is for: the user of the Request-URI; where that is only the name that we registered with, the one of `To`.
pub(super) fn called(config: &TrunkConfig, request: &Request) -> Option<String> {
    let user = request.uri.user.clone().filter(|user| !config.register || *user != config.user);
    let to = || request.address("To").ok().and_then(|to| to.uri.user);
    user.or_else(to).or_else(|| request.uri.user.clone()).map(|number| plan::apply(&config.inbound, &number))
}

fn number_of(config: &TrunkConfig, said: &NameAddr) -> Option<String> {
    let user = said.uri.user.as_deref()?;
    let user = if said.uri.scheme == Scheme::Tel { user } else { user.split(';').next()? };
    let number = plan::Number::parse(user).ok()?;
    Some(plan::apply(&config.inbound, number.as_str()))
}

/// A name fit to be shown: no characters that turn the text round or are not seen, and not endless.
fn name(display: &str) -> Option<String> {
    let visible = |c: &char| {
        !c.is_control()
            && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    let name: String = display.chars().filter(visible).take(MAX_NAME).collect();
    let name = name.trim();
    (!name.is_empty() && !name.eq_ignore_ascii_case("anonymous")).then(|| name.to_owned())
}
