//! Our side as a client: reading challenges and answering them.

use super::hash::{Algorithm, Parts, response};
use super::params::{self, AuthParams};
use crate::sip::dialog::Credentials;
use crate::sip::message::{Headers, Method};

/// A challenge of a 401 or 407 that can be answered. Values are as written in the quoted strings.
#[derive(Clone, PartialEq, Eq)]
pub struct Challenge {
    /// Whether a proxy asks (407): the answer goes into another header.
    proxy: bool,
    algorithm: Algorithm,
    realm: String,
    nonce: String,
    opaque: Option<String>,
    /// Whether `qop=auth` is offered; without any `qop` it is RFC 2069.
    counted: bool,
    stale: bool,
}

impl std::fmt::Debug for Challenge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Challenge { algorithm, realm, stale, .. } = self;
        f.debug_struct("Challenge")
            .field("algorithm", algorithm)
            .field("realm", realm)
            .field("stale", stale)
            .finish_non_exhaustive()
    }
}

impl Challenge {
    /// The best challenge among the headers of a 401 or 407: SHA-256 before MD5, then the first. `None`: none that can be
    /// answered.
    pub fn parse(headers: &Headers) -> Option<Challenge> {
        let of = |name, proxy| {
            params::parse(headers.all(name)).into_iter().filter_map(move |params| read(&params, proxy))
        };
        let all = of("WWW-Authenticate", false).chain(of("Proxy-Authenticate", true));
        all.reduce(|best, next| if next.algorithm > best.algorithm { next } else { best })
    }

    /// Whether only the nonce of our answer was too old: the same password is tried once more. Otherwise a second challenge
    /// means that it is wrong.
    pub fn is_stale(&self) -> bool {
        self.stale
    }

    /// Whether this is the challenge answered before, so that its nonce may go on with the next count.
    pub fn nonce(&self) -> &str {
        &self.nonce
    }
}

fn read(params: &AuthParams<'_>, proxy: bool) -> Option<Challenge> {
    let qop = params.get("qop").filter(|qop| !qop.is_empty());
    let counted = qop.is_some_and(|qop| qop.split(',').any(|q| q.trim().eq_ignore_ascii_case("auth")));
    if qop.is_some() && !counted {
        return None;
    }
    Some(Challenge {
        proxy,
        algorithm: Algorithm::parse(params.get("algorithm"))?,
        realm: params.get("realm")?.to_owned(),
        nonce: params.get("nonce")?.to_owned(),
        opaque: params.get("opaque").map(str::to_owned),
        counted,
        stale: params.get("stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true")),
    })
}

/// The header that answers a challenge: its name and value. `uri` is the Request-URI as it is written in the request,
/// `cnonce` something not to be foreseen, `nc` counts from 1 how often this nonce is used.
pub fn authorize(
    challenge: &Challenge,
    credentials: &Credentials,
    method: &Method,
    uri: &str,
    cnonce: &str,
    nc: u32,
) -> (&'static str, String) {
    let Challenge { algorithm, realm, nonce, .. } = challenge;
    let user = params::escape(&credentials.user);
    let nc = format!("{nc:08x}");
    let counted = challenge.counted.then_some((nc.as_str(), cnonce));
    let ha1 = algorithm.ha1(&user, realm, &credentials.password);
    let answer = response(*algorithm, &ha1, &Parts { method: method.as_str(), uri, nonce, counted });
    let mut value = format!(
        "Digest username=\"{user}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", response=\"{answer}\", \
         algorithm={}",
        algorithm.as_str()
    );
    if let Some((nc, cnonce)) = counted {
        value.push_str(&format!(", qop=auth, nc={nc}, cnonce=\"{cnonce}\""));
    }
    if let Some(opaque) = &challenge.opaque {
        value.push_str(&format!(", opaque=\"{opaque}\""));
    }
    (if challenge.proxy { "Proxy-Authorization" } else { "Authorization" }, value)
}
