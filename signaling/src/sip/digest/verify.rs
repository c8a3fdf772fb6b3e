//! Our side as a server: challenging telephones and checking their answers.

use std::time::Instant;

use aws_lc_rs::constant_time;

use super::hash::{Algorithm, Parts, response};
use super::nonce::{Nonces, Use};
use super::params::{self, AuthParams};
use crate::ports::PhoneAccount;
use crate::sip::message::{Request, Uri};

/// What an answer turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Right, from the telephone of this account.
    Right(Box<PhoneAccount>),
    /// There is no answer to a challenge of ours.
    Missing,
    /// Right but for its nonce, which is too old or used: challenge again, and say so.
    Stale,
    /// Wrong, or of nobody: the two look the same from outside.
    Wrong,
}

/// Which algorithms are offered. Both are always accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Offer {
    /// MD5 alone. Telephones with older software do not pass over an algorithm that they do not know (as RFC 8760 section 2.4
    /// asks) but give up; and passwords of telephones are made here, too long to be guessed.
    #[default]
    Md5,
    /// SHA-256, then MD5.
    Both,
}

/// Challenges telephones and checks their answers.
pub struct Verifier {
    realm: String,
    offer: Offer,
    nonces: Nonces,
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier")
            .field("realm", &self.realm)
            .field("offer", &self.offer)
            .finish_non_exhaustive()
    }
}

/// An answer as a telephone wrote it.
struct Answer<'a> {
    user: &'a str,
    algorithm: Algorithm,
    uri: &'a str,
    nonce: &'a str,
    response: &'a str,
    /// `nc` as written, its value, and `cnonce`.
    counted: Option<(&'a str, u32, &'a str)>,
}

impl Verifier {
    /// A verifier for this realm; `secret` is random and fresh at each start, and makes its nonces.
    pub fn new(realm: &str, secret: &[u8; 32], offer: Offer) -> Verifier {
        Verifier { realm: realm.to_owned(), offer, nonces: Nonces::new(secret) }
    }

    /// Values of `WWW-Authenticate` for a 401, best first. `stale`: the password was right.
    pub fn challenges(&mut self, now: Instant, stale: bool) -> Vec<String> {
        let algorithms: &[Algorithm] = match self.offer {
            Offer::Md5 => &[Algorithm::Md5],
            Offer::Both => &[Algorithm::Sha256, Algorithm::Md5],
        };
        let realm = params::escape(&self.realm);
        let stale = if stale { ", stale=true" } else { "" };
        let challenge = |algorithm: &Algorithm| {
            let (nonce, algorithm) = (self.nonces.make(now), algorithm.as_str());
            format!("Digest realm=\"{realm}\", nonce=\"{nonce}\", algorithm={algorithm}, qop=\"auth\"{stale}")
        };
        algorithms.iter().map(challenge).collect()
    }

    /// Checks the `Authorization` of a request; `account` looks a user name up.
    pub fn check(
        &mut self,
        now: Instant,
        request: &Request,
        account: impl FnOnce(&str) -> Option<PhoneAccount>,
    ) -> Verdict {
        let realm = params::escape(&self.realm);
        let answers = params::parse(request.headers.all("Authorization"));
        let Some(ours) = answers.iter().find(|answer| answer.get("realm") == Some(realm.as_str())) else {
            return Verdict::Missing;
        };
        let Some(answer) = read(ours) else { return Verdict::Wrong };
        let account = account(answer.user);
        let right = is_right(&answer, request, account.as_ref());
        let Some(account) = account.filter(|_| right) else { return Verdict::Wrong };
        match self.nonces.spend(now, answer.nonce, answer.counted.map(|(_, count, _)| count)) {
            Use::Fresh => Verdict::Right(Box::new(account)),
            Use::Stale => Verdict::Stale,
        }
    }

    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        self.nonces.remembered()
    }
}

fn read<'a>(params: &AuthParams<'a>) -> Option<Answer<'a>> {
    let counted = match params.get("qop") {
        None => None,
        Some(qop) if qop.eq_ignore_ascii_case("auth") => {
            let nc =
                params.get("nc").filter(|nc| nc.len() <= 8 && nc.bytes().all(|b| b.is_ascii_hexdigit()))?;
            Some((nc, u32::from_str_radix(nc, 16).ok()?, params.get("cnonce")?))
        }
        Some(_) => return None,
    };
    Some(Answer {
        user: params.get("username")?,
        algorithm: Algorithm::parse(params.get("algorithm"))?,
        uri: params.get("uri")?,
        nonce: params.get("nonce")?,
        response: params.get("response")?,
        counted,
    })
}

/// Does the same work whether there is such an account or not.
fn is_right(answer: &Answer<'_>, request: &Request, account: Option<&PhoneAccount>) -> bool {
    let ha1 = match (account, answer.algorithm) {
        (Some(account), Algorithm::Md5) => account.ha1_md5.clone(),
        (Some(account), Algorithm::Sha256) => account.ha1_sha256.clone(),
        (None, Algorithm::Md5) => "0".repeat(32),
        (None, Algorithm::Sha256) => "0".repeat(64),
    };
    let counted = answer.counted.map(|(nc, _, cnonce)| (nc, cnonce));
    let parts = Parts { method: request.method.as_str(), uri: answer.uri, nonce: answer.nonce, counted };
    let expected = response(answer.algorithm, &ha1, &parts);
    let given = answer.response.to_ascii_lowercase();
    let same = constant_time::verify_slices_are_equal(expected.as_bytes(), given.as_bytes()).is_ok();
    same & account.is_some() & is_for(answer.uri, &request.uri)
}

/// Whether the answer is for this Request-URI. Telephones behind a proxy name other hosts, so only the user counts, where
/// the answer names one.
fn is_for(uri: &str, of_request: &Uri) -> bool {
    match uri.parse::<Uri>() {
        Ok(uri) => uri.user.is_none() || uri.user == of_request.user,
        Err(_) => false,
    }
}
