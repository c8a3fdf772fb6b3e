use std::time::{Duration, Instant};

use super::hash::{Parts, response};
use super::nonce::{LIFETIME, MAX_USED};
use super::*;
use crate::ports::PhoneAccount;
use crate::sip::dialog::Credentials;
use crate::sip::message::{Headers, Method, Request, Response};

const REALM: &str = "switchboard.example";

fn start() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "any instant will do as the beginning of virtual time")]
    Instant::now()
}

fn headers(values: &[(&str, &str)]) -> Headers {
    let mut headers = Headers::default();
    for (name, value) in values {
        headers.push(name, value);
    }
    headers
}

fn credentials(user: &str, password: &str) -> Credentials {
    Credentials { user: user.to_owned(), password: password.to_owned() }
}

fn account(user: &str, password: &str) -> PhoneAccount {
    PhoneAccount {
        user: user.to_owned(),
        extension: "1001".to_owned(),
        person: None,
        name: "Room 3".to_owned(),
        ha1_md5: Algorithm::Md5.ha1(user, REALM, password),
        ha1_sha256: Algorithm::Sha256.ha1(user, REALM, password),
    }
}

fn lookup(user: &str) -> Option<PhoneAccount> {
    (user == "room3").then(|| account("room3", "correct horse"))
}

fn register() -> Request {
    Request::new(Method::Register, format!("sip:{REALM}").parse().unwrap())
}

/// The request with the answer of somebody to the best of these challenges.
fn answered(challenges: &[String], who: &Credentials, nc: u32) -> Request {
    let pairs: Vec<_> = challenges.iter().map(|value| ("WWW-Authenticate", value.as_str())).collect();
    let challenge = Challenge::parse(&headers(&pairs)).unwrap();
    let mut request = register();
    let (name, value) = authorize(&challenge, who, &request.method, &request.uri.to_string(), "0a4f113b", nc);
    request.headers.push(name, &value);
    request
}

#[test]
fn the_examples_of_rfc_2617_and_7616_come_out() {
    let mufasa = |algorithm: Algorithm, realm, password, nonce, nc, cnonce| {
        let ha1 = algorithm.ha1("Mufasa", realm, password);
        let parts = Parts { method: "GET", uri: "/dir/index.html", nonce, counted: Some((nc, cnonce)) };
        response(algorithm, &ha1, &parts)
    };
    let old = ("dcd98b7102dd2f0e8b11d0f600bfb0c093", "0a4f113b");
    assert_eq!(
        mufasa(Algorithm::Md5, "testrealm@host.com", "Circle Of Life", old.0, "00000001", old.1),
        "6629fae49393a05397450978507c4ef1"
    );
    let new =
        ("7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ");
    let realm = "http-auth@example.org";
    assert_eq!(
        mufasa(Algorithm::Md5, realm, "Circle of Life", new.0, "00000001", new.1),
        "8ca523f5e9506fed4657c9700eebdbec"
    );
    assert_eq!(
        mufasa(Algorithm::Sha256, realm, "Circle of Life", new.0, "00000001", new.1),
        "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
    );
}

#[test]
fn the_best_challenge_is_chosen() {
    let md5 = "Digest realm=\"a, b\", nonce=\"n1\", algorithm=md5, qop=\"auth,auth-int\", opaque=\"o\"";
    let sha = "Digest qop=\"auth\" , realm = \"a\",nonce=\"n2\",algorithm=SHA-256,stale=TRUE";
    type Row<'a> = (&'a [(&'a str, &'a str)], Option<&'a str>);
    let table: &[Row<'_>] = &[
        (&[("WWW-Authenticate", md5)], Some("n1")),
        (&[("WWW-Authenticate", md5), ("WWW-Authenticate", sha)], Some("n2")),
        (&[("WWW-Authenticate", sha), ("Proxy-Authenticate", md5)], Some("n2")),
        (&[("WWW-Authenticate", "Basic realm=\"x\"")], None),
        (&[("WWW-Authenticate", "Basic realm=\"x\", Digest realm=\"y\", nonce=\"n3\"")], Some("n3")),
        (&[("WWW-Authenticate", "Digest realm=\"y\", nonce=\"n4\", algorithm=SHA-512-256")], None),
        (&[("WWW-Authenticate", "Digest realm=\"y\", nonce=\"n5\", qop=\"auth-int\"")], None),
        (&[("WWW-Authenticate", "Digest realm=\"y\"")], None),
        (&[("WWW-Authenticate", "Digest")], None),
        (&[("WWW-Authenticate", "")], None),
        (&[], None),
    ];
    for (given, nonce) in table {
        let found = Challenge::parse(&headers(given));
        assert_eq!(found.as_ref().map(Challenge::nonce), *nonce, "{given:?}");
    }
    assert!(Challenge::parse(&headers(&[("WWW-Authenticate", sha)])).unwrap().is_stale());
    assert!(!Challenge::parse(&headers(&[("WWW-Authenticate", md5)])).unwrap().is_stale());
}

#[test]
fn an_answer_goes_where_the_challenge_came_from() {
    let who = credentials("a\"b", "p");
    let write = |name, value| {
        let challenge = Challenge::parse(&headers(&[(name, value)])).unwrap();
        authorize(&challenge, &who, &Method::Invite, "sip:1@h", "c", 0x1ff)
    };
    let (name, value) =
        write("Proxy-Authenticate", "Digest realm=\"r\",nonce=\"n\",qop=\"auth\",opaque=\"\"");
    assert_eq!(name, "Proxy-Authorization");
    assert!(value.contains("username=\"a\\\"b\"") && value.contains("nc=000001ff"), "{value}");
    assert!(value.contains("opaque=\"\"") && value.contains("qop=auth,"), "{value}");
    let (name, value) = write("WWW-Authenticate", "Digest realm=\"r\",nonce=\"n\"");
    assert_eq!(name, "Authorization");
    assert!(!value.contains("nc=") && !value.contains("qop") && !value.contains("opaque"), "{value}");
}

#[test]
fn a_telephone_is_let_in_and_goes_on_counting() {
    for offer in [Offer::Md5, Offer::Both] {
        let (now, mut verifier) = (start(), Verifier::new(REALM, &[7; 32], offer));
        let challenges = verifier.challenges(now, false);
        let who = credentials("room3", "correct horse");
        // Past 9 and past 255: the counts are hexadecimal.
        for nc in [1, 2, 9, 10, 15, 16, 255, 256, 4096, 70_000] {
            let verdict = verifier.check(now, &answered(&challenges, &who, nc), lookup);
            assert!(matches!(verdict, Verdict::Right(account) if account.user == "room3"), "nc {nc}");
        }
    }
}

#[test]
fn each_count_is_good_once() {
    let (now, mut verifier) = (start(), Verifier::new(REALM, &[7; 32], Offer::Both));
    let challenges = verifier.challenges(now, false);
    let who = credentials("room3", "correct horse");
    let mut check = |nc| {
        let verdict = verifier.check(now, &answered(&challenges, &who, nc), lookup);
        matches!(verdict, Verdict::Right(_))
    };
    let table = [(1, true), (1, false), (5, true), (3, true), (3, false), (5, false), (100, true)];
    for (nc, good) in table.into_iter().chain([(36, false), (37, true), (99, true), (0, false)]) {
        assert_eq!(check(nc), good, "nc {nc}");
    }
}

#[test]
fn an_answer_without_a_count_is_good_once() {
    let (now, mut verifier) = (start(), Verifier::new(REALM, &[7; 32], Offer::Md5));
    let challenge = verifier.challenges(now, false).remove(0).replace(", qop=\"auth\"", "");
    let request = answered(&[challenge], &credentials("room3", "correct horse"), 1);
    assert!(matches!(verifier.check(now, &request, lookup), Verdict::Right(_)));
    assert_eq!(verifier.check(now, &request, lookup), Verdict::Stale);
}

#[test]
fn what_is_wrong_is_told_from_what_is_stale() {
    let (now, mut verifier) = (start(), Verifier::new(REALM, &[7; 32], Offer::Md5));
    let challenges = verifier.challenges(now, false);
    let right = credentials("room3", "correct horse");
    let mut check = |at, request: &Request| verifier.check(at, request, lookup);
    assert_eq!(check(now, &register()), Verdict::Missing);
    assert_eq!(check(now, &answered(&challenges, &credentials("room3", "guess"), 1)), Verdict::Wrong);
    assert_eq!(check(now, &answered(&challenges, &credentials("nobody", "guess"), 1)), Verdict::Wrong);
    let later = now + LIFETIME + Duration::from_millis(1);
    assert_eq!(check(later, &answered(&challenges, &right, 1)), Verdict::Stale);
    assert_eq!(check(later, &answered(&challenges, &credentials("room3", "guess"), 1)), Verdict::Wrong);
    let forged = challenges[0].replacen("nonce=\"0", "nonce=\"1", 1);
    assert_ne!(forged, challenges[0]);
    assert_eq!(check(now, &answered(&[forged], &right, 1)), Verdict::Stale);
    let other_start = Verifier::new(REALM, &[8; 32], Offer::Md5).challenges(now, false);
    assert_eq!(check(now, &answered(&other_start, &right, 1)), Verdict::Stale);
}

#[test]
fn what_is_hashed_for_nobody_lets_nobody_in() {
    let (now, mut verifier) = (start(), Verifier::new(REALM, &[7; 32], Offer::Md5));
    let challenges = verifier.challenges(now, false);
    let pairs = [("WWW-Authenticate", challenges[0].as_str())];
    let nonce = Challenge::parse(&headers(&pairs)).unwrap().nonce().to_owned();
    let parts = Parts { method: "REGISTER", uri: "sip:h", nonce: &nonce, counted: None };
    let answer = response(Algorithm::Md5, &"0".repeat(32), &parts);
    let mut request = register();
    let value = format!(
        "Digest username=\"x\", realm=\"{REALM}\", nonce=\"{nonce}\", uri=\"sip:h\", response=\"{answer}\""
    );
    request.headers.push("Authorization", &value);
    assert_eq!(verifier.check(now, &request, lookup), Verdict::Wrong);
    let known = |_: &str| Some(PhoneAccount { ha1_md5: "0".repeat(32), ..account("x", "") });
    assert!(matches!(verifier.check(now, &request, known), Verdict::Right(_)));
}

#[test]
fn an_answer_for_another_number_or_method_is_wrong() {
    let (now, mut verifier) = (start(), Verifier::new(REALM, &[7; 32], Offer::Md5));
    let challenges = verifier.challenges(now, false);
    let mut request = answered(&challenges, &credentials("room3", "correct horse"), 1);
    request.method = Method::Invite;
    assert_eq!(verifier.check(now, &request, lookup), Verdict::Wrong);
    request.method = Method::Register;
    let value = request.headers.get("Authorization").unwrap().to_owned();
    for broken in ["nc=zzzzzzzz", "nc=", "nc=000000001", "qop=auth-int", "algorithm=MD5-sess"] {
        let (name, _) = broken.split_once('=').unwrap();
        let old = value.split(", ").find(|part| part.starts_with(&format!("{name}="))).unwrap();
        request.headers.set("Authorization", &value.replace(old, broken));
        assert_eq!(verifier.check(now, &request, lookup), Verdict::Wrong, "{broken}");
    }
    request.headers.set("Authorization", &value.replace(REALM, "elsewhere.example"));
    assert_eq!(verifier.check(now, &request, lookup), Verdict::Missing);
}

#[test]
fn strangers_leave_nothing_behind_and_memory_is_bounded() {
    let (now, mut verifier) = (start(), Verifier::new(REALM, &[7; 32], Offer::Md5));
    let who = credentials("room3", "correct horse");
    for _ in 0..1000 {
        let challenges = verifier.challenges(now, false);
        let guess = answered(&challenges, &credentials("room3", "guess"), 1);
        assert_eq!(verifier.check(now, &guess, lookup), Verdict::Wrong);
    }
    assert_eq!(verifier.remembered(), 0);
    let first = answered(&verifier.challenges(now, false), &who, 1);
    assert!(matches!(verifier.check(now, &first, lookup), Verdict::Right(_)));
    for _ in 0..MAX_USED {
        let request = answered(&verifier.challenges(now, false), &who, 1);
        assert!(matches!(verifier.check(now, &request, lookup), Verdict::Right(_)));
    }
    assert_eq!(verifier.remembered(), MAX_USED);
    // What was forgotten is not good again.
    assert_eq!(verifier.check(now, &first, lookup), Verdict::Stale);
    let later = now + 2 * LIFETIME;
    let request = answered(&verifier.challenges(later, false), &who, 1);
    assert!(matches!(verifier.check(later, &request, lookup), Verdict::Right(_)));
    assert_eq!(verifier.remembered(), 1);
}

#[test]
fn secrets_are_not_shown() {
    let verifier = Verifier::new(REALM, &[7; 32], Offer::Md5);
    let shown = format!("{verifier:?} {:?}", credentials("u", "hunter2"));
    assert!(!shown.contains("hunter2") && !shown.to_lowercase().contains("key"), "{shown}");
}

#[test]
fn responses_of_others_are_read() {
    let response = Response {
        status: 401,
        reason: String::new(),
        headers: headers(&[("WWW-Authenticate", "DIGEST realm=kamailio, nonce=\"Zx/+=\", qop=auth")]),
        body: Vec::new(),
    };
    let challenge = Challenge::parse(&response.headers).unwrap();
    assert_eq!(challenge.nonce(), "Zx/+=");
    assert!(format!("{challenge:?}").contains("kamailio"));
}
