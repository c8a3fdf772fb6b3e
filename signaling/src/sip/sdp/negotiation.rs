//! Offer and answer with one telephone (RFC 3264).

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use media::control::{PhoneCodec, PhoneRemote, PhoneSrtp};

use super::audio::{Audio, clock_of};
use super::crypto::{self, Crypto, KEY_BYTES, SUITES};
use super::payloads::{Format, Payloads};
use super::text::{Address, Description, Section};
use super::write::{self, Ours, Refused};
use super::{Profile, SdpError};
use crate::sip::config::Srtp;

/// Offers and answers of one telephone, over its whole call. An offer that is refused leaves everything as it was.
#[derive(Clone)]
pub struct Negotiation {
    profile: Profile,
    local: SocketAddr,
    id: u32,
    version: u64,
    /// What stands behind `o=` in the last description of ours.
    sent: String,
    random: [u8; KEY_BYTES],
    payloads: Payloads,
    before: Vec<Refused>,
    after: Vec<Refused>,
    /// The last offer of ours puts the telephone on hold; takes effect with its answer.
    offers_hold: bool,
    agreed: Option<Agreed>,
}

/// What is in force.
#[derive(Clone)]
struct Agreed {
    remote: PhoneRemote,
    /// The profile is `RTP/SAVP`.
    secure: bool,
    hold: bool,
    /// The telephone takes nothing: its user has put us on hold.
    held_there: bool,
}

impl Negotiation {
    /// For a telephone whose media leg is bound to `local`. `id` and `random` must be fresh; `random` becomes the keys.
    pub fn new(profile: Profile, local: SocketAddr, id: u32, random: [u8; KEY_BYTES]) -> Negotiation {
        Negotiation {
            profile,
            local,
            // Some telephones read it as a signed number.
            id: id >> 1,
            version: 1,
            sent: String::new(),
            random,
            payloads: Payloads::default(),
            before: Vec::new(),
            after: Vec::new(),
            offers_hold: false,
            agreed: None,
        }
    }

    /// Our offer. `hold`: the telephone is to listen only.
    pub fn offer(&mut self, hold: bool) -> String {
        let agreed = self.agreed.as_ref();
        let mut codecs = self.profile.codecs.clone();
        if let Some(codec) = agreed.map(|agreed| agreed.remote.codec) {
            // What runs comes first, so that nothing changes without need.
            codecs.retain(|known| *known != codec);
            codecs.insert(0, codec);
        }
        let encrypted = agreed.map_or(self.profile.srtp != Srtp::Off, |agreed| agreed.remote.srtp.is_some());
        let secure = agreed.map_or(self.profile.srtp == Srtp::Required, |agreed| agreed.secure);
        let mux = agreed.is_some_and(|agreed| agreed.remote.mux);
        let numbers = Payloads::formats(&codecs, true, true);
        let formats = numbers.into_iter().map(|format| (format, self.payloads.number(format))).collect();
        let own = |suite| crypto::own_key(&self.random, suite);
        let lines = SUITES.iter().zip(1..).map(|(suite, tag)| crypto::line(tag, *suite, &own(*suite)));
        let cryptos = if encrypted { lines.collect() } else { String::new() };
        self.offers_hold = hold;
        self.text(&Ours {
            local: self.local,
            secure,
            formats,
            ptime: self.profile.ptime,
            sends: true,
            takes: !hold,
            mux,
            cryptos,
        })
    }

    /// Their answer to our last offer; may come more than once, for forks and early media.
    ///
    /// # Errors
    /// When it cannot be used; what was agreed before stays.
    pub fn answered(&mut self, sdp: &str) -> Result<PhoneRemote, SdpError> {
        let description = Description::parse(sdp)?;
        let audio = Audio::of(&description, self.before.len())?;
        let known = |(codec, _): &&(PhoneCodec, u8)| self.profile.codecs.contains(codec);
        let (codec, number) = *audio.codecs.iter().find(known).ok_or(SdpError::NoCodec)?;
        let encrypted = self.sent.contains("\r\na=crypto:");
        let theirs = audio.cryptos.iter().find(|crypto| {
            let suite = usize::try_from(crypto.tag).ok().and_then(|tag| SUITES.get(tag.checked_sub(1)?));
            suite == Some(&crypto.suite)
        });
        let srtp = self.srtp(&audio, theirs.filter(|_| encrypted))?;
        let payloads = &mut self.payloads;
        let number_in = payloads.number(Format::Codec(codec));
        let events = audio.events_for(codec);
        let events = events.map(|theirs| (theirs, payloads.number(Format::Events(clock_of(codec)))));
        let hold = self.offers_hold;
        Ok(self.agree(&audio, (codec, number, number_in), events, srtp, hold))
    }

    /// Their offer; gives our answer. On hold stays on hold.
    ///
    /// # Errors
    /// When it cannot be used: refuse it with 488; what was agreed before stays.
    pub fn answer(&mut self, sdp: &str) -> Result<(String, PhoneRemote), SdpError> {
        let description = Description::parse(sdp)?;
        let place = description.sections.iter().position(Section::is_audio).ok_or(SdpError::NoAudio)?;
        let audio = Audio::of(&description, place)?;
        let known = |(codec, _): &&(PhoneCodec, u8)| self.profile.codecs.contains(codec);
        let (codec, number) = *audio.codecs.iter().find(known).ok_or(SdpError::NoCodec)?;
        let usable = audio.cryptos.first().filter(|_| self.profile.srtp != Srtp::Off).cloned();
        let srtp = self.srtp(&audio, usable.as_ref())?;

        self.payloads = Payloads::default();
        audio.codecs.iter().for_each(|(codec, number)| self.payloads.learn(Format::Codec(*codec), *number));
        audio.events.iter().for_each(|(number, clock)| self.payloads.learn(Format::Events(*clock), *number));
        if let Some(noise) = audio.comfort_noise {
            self.payloads.learn(Format::ComfortNoise, noise);
        }
        self.before = description.sections[..place].iter().map(Section::refused).collect();
        self.after = description.sections[place + 1..].iter().map(Section::refused).collect();
        let hold = self.agreed.as_ref().is_some_and(|agreed| agreed.hold);
        let events = audio.events_for(codec).map(|number| (number, number));
        let remote = self.agree(&audio, (codec, number, number), events, srtp, hold);
        let mut formats = vec![(Format::Codec(codec), number)];
        formats.extend(events.map(|(number, _)| (Format::Events(clock_of(codec)), number)));
        formats.extend(remote.comfort_noise.map(|number| (Format::ComfortNoise, number)));
        let cryptos = usable.map(|theirs| {
            crypto::line(theirs.tag, theirs.suite, &crypto::own_key(&self.random, theirs.suite))
        });
        let text = self.text(&Ours {
            local: self.local,
            secure: audio.secure,
            formats,
            ptime: self.profile.ptime,
            sends: remote.send,
            takes: remote.receive,
            mux: audio.mux,
            cryptos: cryptos.unwrap_or_default(),
        });
        Ok((text, remote))
    }

    /// Our first offer leaves it to the telephone whether audio is encrypted.
    pub fn offers_choice(&self) -> bool {
        self.profile.srtp == Srtp::Optional
    }

    /// What is in force; `None` before the first answer.
    pub fn agreed(&self) -> Option<&PhoneRemote> {
        self.agreed.as_ref().map(|agreed| &agreed.remote)
    }

    /// The telephone's user has put us on hold.
    pub fn is_held_there(&self) -> bool {
        self.agreed.as_ref().is_some_and(|agreed| agreed.held_there)
    }

    /// The telephone is on hold here: it hears music.
    pub fn is_held_here(&self) -> bool {
        self.agreed.as_ref().is_some_and(|agreed| agreed.hold)
    }

    /// Keys for what was found, or why it does not fit.
    fn srtp(&self, audio: &Audio, theirs: Option<&Crypto>) -> Result<Option<PhoneSrtp>, SdpError> {
        match theirs {
            Some(theirs) => Ok(Some(PhoneSrtp {
                suite: theirs.suite,
                local: crypto::own_key(&self.random, theirs.suite),
                remote: theirs.key.clone(),
            })),
            None if audio.secure || self.profile.srtp == Srtp::Required => Err(SdpError::Encryption),
            None => Ok(None),
        }
    }

    /// Puts in force what was agreed.
    fn agree(
        &mut self,
        audio: &Audio,
        (codec, payload_type, payload_type_in): (PhoneCodec, u8, u8),
        events: Option<(u8, u8)>,
        srtp: Option<PhoneSrtp>,
        hold: bool,
    ) -> PhoneRemote {
        let before = self.agreed.as_ref().map(|agreed| agreed.remote.rtp.ip());
        let ip = match audio.address {
            Address::Host(ip) => ip,
            Address::Nowhere | Address::Unusable => before.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
        };
        let rtp = SocketAddr::new(ip, audio.port);
        let rtcp = match (audio.mux, audio.rtcp) {
            (true, _) => rtp,
            (false, Some((port, Some(Address::Host(ip))))) => SocketAddr::new(ip, port),
            (false, Some((port, _))) => SocketAddr::new(ip, port),
            (false, None) => SocketAddr::new(ip, audio.port.saturating_add(1)),
        };
        let remote = PhoneRemote {
            rtp,
            rtcp,
            mux: audio.mux,
            latch: true,
            codec,
            payload_type,
            payload_type_in,
            ptime: audio.ptime,
            events,
            comfort_noise: audio.comfort_noise.filter(|_| clock_of(codec) == 8_000),
            send: audio.takes,
            receive: audio.sends && !hold,
            music: hold,
            srtp,
        };
        let (secure, held_there) = (audio.secure, !audio.takes);
        self.agreed = Some(Agreed { remote: remote.clone(), secure, hold, held_there });
        remote
    }

    /// The whole text; the version grows when something changed.
    fn text(&mut self, ours: &Ours) -> String {
        let body = write::body(ours, &self.before, &self.after);
        if !self.sent.is_empty() && self.sent != body {
            self.version += 1;
        }
        let text = write::head(self.local.ip(), u64::from(self.id), self.version) + &body;
        self.sent = body;
        text
    }
}

impl Section {
    fn refused(&self) -> Refused {
        let format = self.formats.first().cloned().unwrap_or_else(|| "0".into());
        Refused { kind: self.kind.clone(), protocol: self.protocol.clone(), format }
    }
}
