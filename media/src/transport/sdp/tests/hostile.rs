//! Offers damaged at random: never a panic, always within the bounds, and never a line in the answer that we did not write.

use proptest::prelude::*;

use super::*;

/// Reads an offer and, if it is one, answers it in every way.
fn survive(text: &str) -> Result<(), TestCaseError> {
    let Ok(offer) = Offer::parse(text) else { return Ok(()) };
    prop_assert!(offer.sections.len() <= MAX_SECTIONS);
    for section in &offer.sections {
        prop_assert!(section.codecs.len() <= 6 && section.extmaps.len() <= 6);
        prop_assert!(section.sources.len() <= 16 && section.rids.len() <= 4);
        prop_assert!(section.codecs.iter().all(|codec| codec.fmtp.len() <= 256));
    }
    let rejected = vec![SectionAnswer::Reject; offer.sections.len()];
    for choices in [usual(&offer), Vec::new(), rejected] {
        let text = answer(&offer, &choices);
        let parsed = SessionDescription::unmarshal(&mut Cursor::new(&text)).unwrap();
        prop_assert_eq!(parsed.media_descriptions.len(), offer.sections.len());
        for line in text.split("\r\n").filter(|line| !line.is_empty()) {
            prop_assert!(line.bytes().all(|c| (b' '..=b'~').contains(&c)), "{:?}", line);
            prop_assert_eq!(line.as_bytes()[1], b'=');
        }
    }
    Ok(())
}

/// One change of an offer.
#[derive(Clone, Debug)]
enum Damage {
    Remove(usize),
    Repeat(usize, usize),
    Swap(usize, usize),
    Insert(usize, String),
    Byte(usize, char),
}

fn damage() -> impl Strategy<Value = Damage> {
    let line = prop_oneof![
        "[a-z]=.{0,40}",
        "a=(mid|rid|simulcast|ssrc|ssrc-group|extmap|fmtp|rtpmap|rtcp-fb|group|setup|ice-ufrag|fingerprint):.{0,40}",
        "m=(audio|video|application) [0-9]{1,5} (UDP/TLS/RTP/SAVPF|UDP/DTLS/SCTP|.{1,9}) ([0-9]{1,3} ){0,20}x",
    ];
    prop_oneof![
        any::<usize>().prop_map(Damage::Remove),
        (any::<usize>(), 1..50_usize).prop_map(|(at, times)| Damage::Repeat(at, times)),
        (any::<usize>(), any::<usize>()).prop_map(|(a, b)| Damage::Swap(a, b)),
        (any::<usize>(), line).prop_map(|(at, line)| Damage::Insert(at, line)),
        (any::<usize>(), prop_oneof![any::<char>(), Just('\r'), Just('\n'), Just('\0'), Just(' ')])
            .prop_map(|(at, c)| Damage::Byte(at, c)),
    ]
}

fn apply(text: &str, damage: &Damage) -> String {
    let mut lines: Vec<String> = text.split("\r\n").map(str::to_owned).collect();
    let count = lines.len();
    match damage {
        Damage::Remove(at) => drop(lines.remove(at % count)),
        Damage::Repeat(at, times) => {
            let line = lines[at % count].clone();
            (0..*times).for_each(|_| lines.insert(at % count, line.clone()));
        }
        Damage::Swap(a, b) => lines.swap(a % count, b % count),
        Damage::Insert(at, line) => lines.insert(at % count, line.clone()),
        Damage::Byte(at, c) => {
            let line = &mut lines[at % count];
            let places: Vec<usize> = line.char_indices().map(|(place, _)| place).collect();
            if let Some(&place) = places.get(at / count % places.len().max(1)) {
                line.remove(place);
                line.insert(place, *c);
            }
        }
    }
    lines.join("\r\n")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn damaged_offers_are_refused_or_answered(
        whole in prop_oneof![Just(CHROMIUM), Just(CHROMIUM_SIMULCAST), Just(FIREFOX)],
        damages in prop::collection::vec(damage(), 1..8),
    ) {
        let crlf = whole.replace("\r\n", "\n").replace('\n', "\r\n");
        survive(&damages.iter().fold(crlf, |text, damage| apply(&text, damage)))?;
    }

    #[test]
    fn small_damaged_offers_are_refused_or_answered(damages in prop::collection::vec(damage(), 1..6)) {
        let whole = video(9, "96", &[VP8, "a=sendonly", "a=ssrc:1 cname:x"]);
        survive(&damages.iter().fold(whole, |text, damage| apply(&text, damage)))?;
    }

    #[test]
    fn any_text_is_refused_or_answered(text in ".{0,300}") {
        survive(&text)?;
    }
}

#[test]
fn echoed_texts_cannot_smuggle_lines() {
    for line in ["a=fmtp:96 x\ra=candidate:9", "a=fmtp:96 x\u{0}y", "a=rid:q\ra=x send"] {
        let offer = Offer::parse(&video(9, "96", &[VP8, line, "a=simulcast:send q\ra=x"])).unwrap();
        let text = answer(&offer, &[SectionAnswer::Receive]);
        assert!(!text.replace("\r\n", "").contains(['\r', '\n', '\0']), "{line:?}");
    }
}

/// The work for a section grows with its formats times its attributes, on the thread that forwards packets.
#[test]
fn long_lists_are_refused() {
    let refused =
        |text: &str, why: &str| assert_eq!(Offer::parse(text), Err(MediaError::BadOffer(why.into())));
    let formats =
        CHROMIUM.replacen("UDP/TLS/RTP/SAVPF", &format!("UDP/TLS/RTP/SAVPF{}", " 96".repeat(128)), 1);
    refused(&formats, "too many formats");
    let attributes = format!("{CHROMIUM}{}", "a=fmtp:97 apt=96\r\n".repeat(512));
    refused(&attributes, "too many attributes");
}
