//! REGISTER (RFC 3261 section 10.3).

use std::time::{Duration, Instant};

use super::io::Binding;
use super::places::{MAX_BINDINGS, Place, is_same, target};
use crate::ports::PhoneAccount;
use crate::sip::message::{NameAddr, Request, Response, Scheme};
use crate::sip::port::Hop;

/// Most contacts in one request.
const MAX_CONTACTS: usize = 10;
/// Most of what a telephone says that it is, in characters.
const MAX_USER_AGENT: usize = 64;
/// Most proxies between a telephone and us.
const MAX_PATH: usize = 4;
/// Time that is granted to a telephone that does not say for how long.
const DEFAULT: Duration = Duration::from_secs(3600);

/// When it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now {
    pub now: Instant,
    /// UTC milliseconds.
    pub wall_ms: i64,
}

/// Why a REGISTER is refused: the status, and a header that says more.
pub(super) type Refused = (u16, Option<(&'static str, String)>);

/// The places of an account after a REGISTER of its telephone; all of the request is done, or nothing.
///
/// # Errors
/// The status of the refusal.
pub(super) fn register(
    at: Now,
    request: &Request,
    hop: Hop,
    account: &PhoneAccount,
    mut places: Vec<Place>,
    bounds: (Duration, Duration),
) -> Result<Vec<Place>, Refused> {
    check(request, account)?;
    let call_id = request.headers.get("Call-ID").ok_or((400, None))?;
    let cseq = request.headers.cseq().map_err(|_| (400, None))?;
    let contacts: Vec<&str> = request.headers.list("Contact").take(MAX_CONTACTS + 1).collect();
    if contacts.len() > MAX_CONTACTS {
        return Err((403, None));
    }
    let older = |place: &Place| place.call_id == call_id && cseq <= place.cseq;
    if contacts.contains(&"*") {
        let all = contacts.len() == 1 && request.headers.get("Expires").map(str::trim) == Some("0");
        return match all {
            true if places.iter().any(older) => Err((500, None)),
            true => Ok(Vec::new()),
            false => Err((400, None)),
        };
    }
    for contact in contacts {
        let contact: NameAddr = contact.parse().map_err(|_| (400, None))?;
        let wanted = wanted(request, &contact)?;
        let instance = contact.params.get("+sip.instance").map(str::to_owned);
        let same = |place: &Place| {
            is_same(&place.binding.uri, &contact.uri) || (instance.is_some() && place.instance == instance)
        };
        if places.iter().any(|place| same(place) && older(place)) {
            return Err((500, None));
        }
        places.retain(|place| !same(place));
        if wanted.is_zero() {
            continue;
        }
        let granted = granted(wanted, bounds)?;
        let from = Sender { at, request, hop, call_id, cseq };
        places.push(place(&from, contact, instance, granted)?);
        make_room(&mut places);
    }
    Ok(places)
}

/// Who sent a REGISTER, from where and when.
struct Sender<'a> {
    at: Now,
    request: &'a Request,
    hop: Hop,
    call_id: &'a str,
    cseq: u32,
}

fn check(request: &Request, account: &PhoneAccount) -> Result<(), Refused> {
    let known = |option: &&str| ["path", "outbound"].iter().any(|known| option.eq_ignore_ascii_case(known));
    if let Some(option) = request.headers.list("Require").find(|option| !known(option)) {
        return Err((420, Some(("Unsupported", option.to_owned()))));
    }
    let to = request.address("To").map_err(|_| (400, None))?;
    let user = to.uri.user.as_deref().unwrap_or_default();
    if user == account.user || user == account.extension { Ok(()) } else { Err((403, None)) }
}

/// Time that a telephone asks for.
fn wanted(request: &Request, contact: &NameAddr) -> Result<Duration, Refused> {
    let said = contact.params.get("expires").or_else(|| request.headers.get("Expires"));
    match said.map(|said| said.trim().parse::<u32>()) {
        None => Ok(DEFAULT),
        Some(Ok(seconds)) => Ok(Duration::from_secs(seconds.into())),
        // A malformed value is as good as none (RFC 3261 section 10.2.1.1).
        Some(Err(_)) => Ok(DEFAULT),
    }
}

fn granted(wanted: Duration, (shortest, longest): (Duration, Duration)) -> Result<Duration, Refused> {
    if wanted < shortest {
        return Err((423, Some(("Min-Expires", shortest.as_secs().to_string()))));
    }
    Ok(wanted.min(longest))
}

fn place(
    from: &Sender<'_>,
    contact: NameAddr,
    instance: Option<String>,
    granted: Duration,
) -> Result<Place, Refused> {
    if contact.uri.scheme == Scheme::Tel || contact.uri.headers.is_some() {
        return Err((400, None));
    }
    let route: Vec<String> =
        from.request.headers.list("Path").take(MAX_PATH + 1).map(str::to_owned).collect();
    if route.len() > MAX_PATH {
        return Err((403, None));
    }
    let agent = from.request.headers.get("User-Agent").unwrap_or_default();
    let q = contact.params.get("q").and_then(|q| q.parse::<f32>().ok()).filter(|q| (0.0..=1.0).contains(q));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 1000")]
    let q = (q.unwrap_or(1.0) * 1000.0) as u16;
    let millis = i64::try_from(granted.as_millis()).unwrap_or(i64::MAX);
    Ok(Place {
        binding: Binding { uri: contact.uri, target: target(from.hop), route, q },
        hop: from.hop,
        call_id: from.call_id.to_owned(),
        cseq: from.cseq,
        instance,
        user_agent: agent.chars().filter(|c| !c.is_control()).take(MAX_USER_AGENT).collect(),
        expires_at: from.at.now + granted,
        expires_ms: from.at.wall_ms.saturating_add(millis),
    })
}

/// A telephone that comes new is worth more than one that was not heard of for longest.
fn make_room(places: &mut Vec<Place>) {
    while places.len() > MAX_BINDINGS {
        let newest = places.len() - 1;
        let others = places.iter().enumerate().take(newest);
        match others.min_by_key(|(_, place)| place.expires_at).map(|(at, _)| at) {
            Some(oldest) => drop(places.remove(oldest)),
            None => return,
        }
    }
}

/// 200 with all places of the account.
pub(super) fn accepted(now: Instant, request: &Request, tag: &str, places: &[Place]) -> Response {
    let mut response = Response::to(request, 200, Some(tag));
    for place in places {
        let mut contact = NameAddr::new(place.binding.uri.clone());
        let left = place.expires_at.saturating_duration_since(now).as_secs();
        contact.params.set("expires", Some(&left.to_string()));
        response.headers.push("Contact", &contact.to_string());
    }
    for path in request.headers.list("Path").take(MAX_PATH) {
        response.headers.push("Path", path);
    }
    response
}
