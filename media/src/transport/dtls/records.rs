//! A look at the records of a datagram before rtc-dtls gets it (RFC 6347, sections 4.1 and 4.2.2).

use super::Dropped;

const RECORD_HEADER: usize = 13;
const MESSAGE_HEADER: usize = 12;
const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
const HELLO_VERIFY_REQUEST: u8 = 3;
/// Longest handshake message. A ClientHello with a post-quantum key share has 1.4 KB, a certificate below 1 KB; rtc-dtls
/// would take 16 MB.
const MAX_MESSAGE: usize = 16 * 1024;
/// Longest encrypted handshake record: a Finished has 48 bytes with its cipher's overhead.
const MAX_SEALED_HANDSHAKE: usize = 512;

/// What a datagram of the client holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Inspection {
    /// Handshake messages and fragments in the clear, and encrypted handshake records.
    pub handshakes: usize,
    /// It ends before a ClientHello of which it has a part does.
    pub hello_unfinished: bool,
    /// It has the end of a ClientHello with message number 0: the first one, or the first one again.
    pub repeats_first_hello: bool,
}

/// Walks over the records; `None` if lengths do not add up, or if a message is longer than any real one.
pub(super) fn inspect(datagram: &[u8]) -> Option<Inspection> {
    let mut found = Inspection::default();
    let mut rest = datagram;
    while !rest.is_empty() {
        let (header, body) = rest.split_at_checked(RECORD_HEADER)?;
        let (body, after) =
            body.split_at_checked(usize::from(u16::from_be_bytes([header[11], header[12]])))?;
        if header[0] == HANDSHAKE && header[3..5] == [0, 0] {
            inspect_messages(body, &mut found)?;
        } else if header[0] == HANDSHAKE {
            if body.len() > MAX_SEALED_HANDSHAKE {
                return None;
            }
            found.handshakes += 1;
        }
        rest = after;
    }
    Some(found)
}

fn inspect_messages(mut body: &[u8], found: &mut Inspection) -> Option<()> {
    while !body.is_empty() {
        let (header, rest) = body.split_at_checked(MESSAGE_HEADER)?;
        let length = uint24(&header[1..4]);
        let (offset, fragment) = (uint24(&header[6..9]), uint24(&header[9..12]));
        let rest = rest.get(fragment..)?;
        // rtc-dtls reads a fragment as if it went to the end of its record.
        let misread = fragment < length && !rest.is_empty();
        if length > MAX_MESSAGE || offset + fragment > length || misread {
            return None;
        }
        found.handshakes += 1;
        if header[0] == CLIENT_HELLO {
            let ends = offset + fragment == length;
            found.hello_unfinished = !ends && !found.repeats_first_hello;
            found.repeats_first_hello |= ends && header[4..6] == [0, 0];
        }
        body = rest;
    }
    Some(())
}

fn uint24(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |value, &byte| value << 8 | usize::from(byte))
}

/// Whether a datagram of ours is a HelloVerifyRequest.
pub(super) fn is_hello_verify(datagram: &[u8]) -> bool {
    datagram.first() == Some(&HANDSHAKE) && datagram.get(RECORD_HEADER) == Some(&HELLO_VERIFY_REQUEST)
}

/// How much more handshake a client may send.
#[derive(Debug)]
pub(super) struct Budget {
    bytes: usize,
    handshakes: usize,
}

impl Default for Budget {
    /// A handshake has 2.5 KB and about ten messages; each repetition doubles the client's timer, so that twenty times as
    /// much is never needed. rtc-dtls joins fragments by recursion, one step each: the stack has room for many thousands.
    fn default() -> Self {
        Budget { bytes: 64 * 1024, handshakes: 256 }
    }
}

impl Budget {
    /// Counts a datagram in.
    pub(super) fn spend(
        &mut self,
        len: usize,
        inspection: &Inspection,
        handshaking: bool,
    ) -> Result<(), Dropped> {
        if inspection.handshakes > self.handshakes || (handshaking && len > self.bytes) {
            return Err(Dropped);
        }
        self.handshakes -= inspection.handshakes;
        if handshaking {
            self.bytes -= len;
        }
        Ok(())
    }

    /// After completion only repetitions of the client's last flight are due.
    pub(super) fn connected(&mut self) {
        self.handshakes = self.handshakes.min(64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: u8, epoch: u8, body: &[u8]) -> Vec<u8> {
        let mut record =
            vec![kind, 0xFE, 0xFD, 0, epoch, 0, 0, 0, 0, 0, 0, (body.len() >> 8) as u8, body.len() as u8];
        record.extend_from_slice(body);
        record
    }

    fn fragment(kind: u8, sequence: u8, length: usize, offset: usize, data: &[u8]) -> Vec<u8> {
        let three = |value: usize| [(value >> 16) as u8, (value >> 8) as u8, value as u8];
        let mut message = vec![kind];
        message.extend(three(length));
        message.extend([0, sequence]);
        message.extend(three(offset));
        message.extend(three(data.len()));
        message.extend_from_slice(data);
        message
    }

    #[test]
    fn hello_fragments_are_told_apart() {
        let first = record(HANDSHAKE, 0, &fragment(CLIENT_HELLO, 0, 100, 0, &[7; 60]));
        let last = record(HANDSHAKE, 0, &fragment(CLIENT_HELLO, 0, 100, 60, &[7; 40]));
        let first_part = Inspection { handshakes: 1, hello_unfinished: true, repeats_first_hello: false };
        assert_eq!(inspect(&first), Some(first_part));
        let last_part = Inspection { handshakes: 1, hello_unfinished: false, repeats_first_hello: true };
        assert_eq!(inspect(&last), Some(last_part));
        let both = Inspection { handshakes: 2, hello_unfinished: false, repeats_first_hello: true };
        assert_eq!(inspect(&[first.clone(), last.clone()].concat()), Some(both));
        let second_hello = record(HANDSHAKE, 0, &fragment(CLIENT_HELLO, 1, 40, 0, &[7; 40]));
        assert!(!inspect(&second_hello).unwrap().repeats_first_hello);
    }

    #[test]
    fn what_rtc_dtls_would_misread_is_refused() {
        let part = fragment(CLIENT_HELLO, 0, 100, 0, &[7; 60]);
        let rest = fragment(CLIENT_HELLO, 0, 100, 60, &[7; 40]);
        assert_eq!(
            inspect(&record(HANDSHAKE, 0, &[part.clone(), rest].concat())),
            None,
            "two parts, one record"
        );
        assert_eq!(inspect(&record(HANDSHAKE, 0, &fragment(11, 0, MAX_MESSAGE + 1, 0, &[7; 60]))), None);
        assert_eq!(inspect(&record(HANDSHAKE, 0, &fragment(11, 0, 50, 0, &[7; 60]))), None);
        assert_eq!(inspect(&record(HANDSHAKE, 0, &part[..20])), None);
        assert_eq!(inspect(&record(HANDSHAKE, 1, &[0; MAX_SEALED_HANDSHAKE + 1])), None);
        assert_eq!(inspect(&part), None, "not a record");
        assert_eq!(inspect(&record(23, 1, &[1; 900])).unwrap().handshakes, 0);
    }

    #[test]
    fn the_budget_ends() {
        let mut budget = Budget::default();
        let one = Inspection { handshakes: 1, ..Inspection::default() };
        let taken = (0..1000).filter(|_| budget.spend(100, &one, true).is_ok()).count();
        assert_eq!(taken, 256);
        let data = Inspection::default();
        assert_eq!(budget.spend(60_000, &data, true), Err(Dropped), "bytes count while shaking hands");
        assert_eq!(budget.spend(60_000, &data, false), Ok(()));
    }
}
