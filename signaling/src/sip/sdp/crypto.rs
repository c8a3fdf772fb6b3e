//! SDES: keys of SRTP within the description (RFC 4568, RFC 7714 section 14.2).

use media::control::PhoneSuite;

use super::base64;

/// Bytes of randomness that the keys of one telephone need.
pub const KEY_BYTES: usize = 88;

/// Suites in the order in which they are offered: the one that every telephone with SRTP knows is first.
pub(super) const SUITES: [PhoneSuite; 3] =
    [PhoneSuite::AesCm128HmacSha1_80, PhoneSuite::AeadAes128Gcm, PhoneSuite::AesCm128HmacSha1_32];

/// An `a=crypto` line that we could use.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Crypto {
    pub tag: u32,
    pub suite: PhoneSuite,
    /// Master key and salt.
    pub key: Vec<u8>,
}

impl Crypto {
    /// Reads the value of an `a=crypto` attribute. `None` for what we cannot do: other suites, several keys, a key index in
    /// the packets (MKI), session parameters that would change how packets look.
    pub(super) fn parse(value: &str) -> Option<Crypto> {
        let mut words = value.split_ascii_whitespace();
        let tag = words.next()?.parse().ok().filter(|tag| *tag < 1_000_000_000)?;
        let suite = suite_of(words.next()?)?;
        let mut parts = words.next()?.strip_prefix("inline:")?.split('|');
        let key = base64::decode(parts.next()?).filter(|key| key.len() == key_len(suite))?;
        // What may follow are a lifetime, which no call reaches, and an MKI as `value:length`.
        let lifetime = |part: &str| {
            let number = part.strip_prefix("2^").unwrap_or(part);
            !number.is_empty() && number.len() <= 20 && number.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !parts.all(lifetime) {
            return None;
        }
        // A parameter with `-` may be passed over (RFC 4568 section 6.3.6); a replay window is our own affair.
        let harmless = |word: &str| word.starts_with('-') || word.starts_with("WSH=");
        words.all(harmless).then_some(Crypto { tag, suite, key })
    }
}

/// The value of an `a=crypto` attribute.
pub(super) fn line(tag: u32, suite: PhoneSuite, key: &[u8]) -> String {
    format!("a=crypto:{tag} {} inline:{}\r\n", suite_name(suite), base64::encode(key))
}

/// Our own key for a suite, out of the randomness of the telephone: no two suites share a byte.
pub(super) fn own_key(random: &[u8; KEY_BYTES], suite: PhoneSuite) -> Vec<u8> {
    let start = match suite {
        PhoneSuite::AesCm128HmacSha1_80 => 0,
        PhoneSuite::AesCm128HmacSha1_32 => 30,
        PhoneSuite::AeadAes128Gcm => 60,
    };
    random[start..start + key_len(suite)].to_vec()
}

fn key_len(suite: PhoneSuite) -> usize {
    match suite {
        PhoneSuite::AesCm128HmacSha1_80 | PhoneSuite::AesCm128HmacSha1_32 => 30,
        PhoneSuite::AeadAes128Gcm => 28,
    }
}

fn suite_name(suite: PhoneSuite) -> &'static str {
    match suite {
        PhoneSuite::AesCm128HmacSha1_80 => "AES_CM_128_HMAC_SHA1_80",
        PhoneSuite::AesCm128HmacSha1_32 => "AES_CM_128_HMAC_SHA1_32",
        PhoneSuite::AeadAes128Gcm => "AEAD_AES_128_GCM",
    }
}

fn suite_of(name: &str) -> Option<PhoneSuite> {
    SUITES.into_iter().find(|suite| suite_name(*suite).eq_ignore_ascii_case(name))
}
