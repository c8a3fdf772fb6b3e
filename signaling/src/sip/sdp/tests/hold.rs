//! Hold from both sides, and the version of the description.

use super::*;

const AUDIO: &str = "m=audio 4000 RTP/AVP 8";

fn flows(remote: &PhoneRemote) -> (bool, bool, bool) {
    (remote.send, remote.receive, remote.music)
}

#[test]
fn the_answer_is_the_complement_of_the_offer() {
    for (theirs_says, ours_says, send, receive) in [
        ("sendrecv", "sendrecv", true, true),
        ("sendonly", "recvonly", false, true),
        ("recvonly", "sendonly", true, false),
        ("inactive", "inactive", false, false),
    ] {
        let mut ours = plain();
        let (answer, remote) = ours.answer(&theirs(&format!("{AUDIO}\na={theirs_says}"))).unwrap();
        assert!(has(&answer, &format!("a={ours_says}")), "{theirs_says}: {answer}");
        assert_eq!(flows(&remote), (send, receive, false));
        assert_eq!(ours.is_held_there(), !send);
    }
}

#[test]
fn a_direction_of_the_session_holds_for_its_sections() {
    let offer = theirs(AUDIO).replace("t=0 0\r\n", "t=0 0\r\na=sendonly\r\n");
    assert!(has(&plain().answer(&offer).unwrap().0, "a=recvonly"));
    let own = offer.replace("RTP/AVP 8\r\n", "RTP/AVP 8\r\na=sendrecv\r\n");
    assert!(has(&plain().answer(&own).unwrap().0, "a=sendrecv"));
}

#[test]
fn the_old_way_to_hold() {
    let mut ours = plain();
    ours.answer(&theirs(AUDIO)).unwrap();
    let old = theirs(AUDIO).replace("c=IN IP4 192.0.2.1", "c=IN IP4 0.0.0.0");
    let (answer, remote) = ours.answer(&old).unwrap();
    assert!(has(&answer, "a=recvonly") && ours.is_held_there());
    assert!(!remote.send);
    assert_eq!(remote.rtp.to_string(), "192.0.2.1:4000", "the last address stays");
    assert!(ours.answer(&theirs(AUDIO)).unwrap().1.send);
}

#[test]
fn we_hold_and_resume() {
    let mut ours = plain();
    ours.offer(false);
    ours.answered(&theirs(AUDIO)).unwrap();
    assert!(has(&ours.offer(true), "a=sendonly"));
    assert!(!ours.is_held_here(), "not before it is answered");
    let remote = ours.answered(&theirs(&format!("{AUDIO}\na=recvonly"))).unwrap();
    assert_eq!(flows(&remote), (true, false, true));
    assert!(ours.is_held_here() && !ours.is_held_there());
    let (answer, remote) = ours.answer(&theirs(&format!("{AUDIO}\na=sendrecv"))).unwrap();
    assert!(has(&answer, "a=sendonly"), "it cannot take itself off hold");
    assert_eq!(flows(&remote), (true, false, true));
    let (answer, _) = ours.answer(&theirs(&format!("{AUDIO}\na=sendonly"))).unwrap();
    assert!(has(&answer, "a=inactive"), "both hold");
    assert!(has(&ours.offer(false), "a=sendrecv"));
    assert_eq!(flows(&ours.answered(&theirs(AUDIO)).unwrap()), (true, true, false));
}

#[test]
fn the_version_grows_with_changes_only() {
    let mut ours = plain();
    let first = ours.answer(&theirs(AUDIO)).unwrap().0;
    let again = ours.answer(&theirs(AUDIO)).unwrap().0;
    assert_eq!(first, again);
    let held = ours.answer(&theirs(&format!("{AUDIO}\na=sendonly"))).unwrap().0;
    assert_eq!(version(&held), version(&first) + 1);
    let id = |sdp: &str| sdp.lines().nth(1).unwrap().split(' ').nth(1).unwrap().to_owned();
    assert_eq!(id(&held), id(&first));
}

#[test]
fn a_number_keeps_its_meaning_in_our_later_offers() {
    let mut ours = plain();
    ours.answer(&theirs("m=audio 4000 RTP/AVP 101 8\na=rtpmap:101 opus/48000/2")).unwrap();
    let offer = ours.offer(true);
    assert!(has(&offer, "a=rtpmap:101 opus/48000/2"), "{offer}");
    let digits = offer.lines().find(|line| line.ends_with("telephone-event/8000")).unwrap();
    assert_ne!(digits, "a=rtpmap:101 telephone-event/8000");
}
