//! Keys in the description.

use super::*;

const KEY: &str = "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj";

fn line(suite: &str, rest: &str) -> String {
    format!("a=crypto:1 {suite} inline:{KEY}{rest}")
}

fn offered(protocol: &str, lines: &str) -> String {
    theirs(&format!("m=audio 4000 {protocol} 8\n{lines}"))
}

const SHA1_80: &str = "AES_CM_128_HMAC_SHA1_80";

#[test]
fn what_fits_is_taken_with_its_tag() {
    let (answer, remote) =
        ours(Srtp::Optional).answer(&offered("RTP/SAVP", &line(SHA1_80, "|2^20"))).unwrap();
    let srtp = remote.srtp.unwrap();
    assert_eq!(srtp.suite, PhoneSuite::AesCm128HmacSha1_80);
    assert_eq!((srtp.remote.len(), srtp.local.len()), (30, 30));
    assert_eq!(srtp.remote[..4], *b"wDfv");
    assert!(answer.contains("m=audio 30000 RTP/SAVP 8\r\n"));
    assert!(
        answer.contains(
            "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd\r\n"
        )
    );
    assert!(!format!("{srtp:?}").contains("local"), "keys are no matter for logs");
}

#[test]
fn what_does_not_fit_is_passed_over() {
    let fits = |rest: &str| ours(Srtp::Optional).answer(&offered("RTP/SAVP", &line(SHA1_80, rest))).is_ok();
    assert!(fits("") && fits("|2^48") && fits("|1000") && fits(" WSH=64") && fits(" -X"));
    assert!(!fits("|2^20|1:4"), "a key index in the packets");
    assert!(!fits(" UNENCRYPTED_SRTP") && !fits(" KDR=1") && !fits(";inline:AAAA|1:1"));
    assert!(!fits("A"), "the wrong length");
    let unknown = line("AES_256_CM_HMAC_SHA1_80", "");
    assert_eq!(
        ours(Srtp::Optional).answer(&offered("RTP/SAVP", &unknown)).map(|_| ()),
        Err(SdpError::Encryption)
    );
    let two = format!("{unknown}\n{}", line(SHA1_80, "").replace(":1 ", ":2 "));
    assert!(
        ours(Srtp::Optional).answer(&offered("RTP/SAVPF", &two)).unwrap().0.contains("a=crypto:2 AES_CM")
    );
}

#[test]
fn policy() {
    let plain_offer = offered("RTP/AVP", "");
    let secure_offer = offered("RTP/SAVP", &line(SHA1_80, ""));
    let both = offered("RTP/AVP", &line(SHA1_80, ""));
    let answer = |srtp, offer: &str| ours(srtp).answer(offer).map(|(_, remote)| remote.srtp.is_some());
    assert_eq!(answer(Srtp::Off, &plain_offer), Ok(false));
    assert_eq!(answer(Srtp::Off, &secure_offer), Err(SdpError::Encryption));
    assert_eq!(answer(Srtp::Off, &both), Ok(false));
    assert_eq!(answer(Srtp::Optional, &plain_offer), Ok(false));
    assert_eq!(answer(Srtp::Optional, &both), Ok(true));
    assert_eq!(answer(Srtp::Required, &plain_offer), Err(SdpError::Encryption));
    assert_eq!(answer(Srtp::Required, &secure_offer), Ok(true));
}

#[test]
fn our_offers() {
    assert!(!ours(Srtp::Off).offer(false).contains("crypto"));
    let optional = ours(Srtp::Optional).offer(false);
    assert!(optional.contains("RTP/AVP") && optional.matches("a=crypto:").count() == 3);
    let mut required = ours(Srtp::Required);
    assert!(required.offer(false).contains("RTP/SAVP"));
    assert_eq!(required.answered(&offered("RTP/AVP", "")), Err(SdpError::Encryption));
    let wrong_tag = line(SHA1_80, "").replace(":1 ", ":2 ");
    assert_eq!(required.answered(&offered("RTP/SAVP", &wrong_tag)), Err(SdpError::Encryption));
    let remote = required.answered(&offered("RTP/SAVP", &line(SHA1_80, ""))).unwrap();
    let srtp = remote.srtp.unwrap();
    assert_eq!(srtp.local, (0..30).collect::<Vec<u8>>());
    let again = required.offer(true);
    assert!(again.contains("RTP/SAVP") && again.contains("inline:AAECAwQFBgcI"), "the same key");
    assert_eq!(ours(Srtp::Off).answered(&offered("RTP/SAVP", &line(SHA1_80, ""))), Err(SdpError::Encryption));
}
