//! A client's offer.

use std::io::Cursor;

use rtc_sdp::description::media::MediaDescription;
use rtc_sdp::description::session::SessionDescription;

use super::section::Section;
use super::values;
use crate::control::{MAX_OFFER_BYTES, MAX_SECTIONS, MediaError};
use crate::transport::{Fingerprint, RemoteCredentials};

/// Most formats of a section: there are no more payload types (RFC 3551).
const MAX_FORMATS: usize = 128;
/// Most attributes of a section. Chromium's video has 158; the work for a section grows with this times its formats, and it
/// is done on the thread that forwards packets.
const MAX_ATTRIBUTES: usize = 512;

/// An offer, reduced to what the profile has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// ICE credentials and certificate of the client: the same for all sections, since they are bundled.
    pub remote: RemoteCredentials,
    /// The sections in order, each of which gets an answer.
    pub sections: Vec<Section>,
}

impl Offer {
    /// Parses an offer.
    ///
    /// # Errors
    /// [`MediaError::BadOffer`] if it is longer than [`MAX_OFFER_BYTES`], has more than [`MAX_SECTIONS`] sections or none, or a
    /// section with more formats or attributes than any browser has; if it is not SDP, names a mid twice, has no usable ICE
    /// credentials or SHA-256 fingerprint, or asks us to be the DTLS client.
    pub fn parse(sdp: &str) -> Result<Self, MediaError> {
        if sdp.len() > MAX_OFFER_BYTES {
            return Err(bad("too long"));
        }
        let session =
            SessionDescription::unmarshal(&mut Cursor::new(sdp)).map_err(|error| bad(&error.to_string()))?;
        let media = &session.media_descriptions;
        if media.is_empty() || media.len() > MAX_SECTIONS {
            return Err(bad("number of sections"));
        }
        if media.iter().any(|media| media.media_name.formats.len() > MAX_FORMATS) {
            return Err(bad("too many formats"));
        }
        if media.iter().any(|media| media.attributes.len() > MAX_ATTRIBUTES) {
            return Err(bad("too many attributes"));
        }
        let bundle = bundle(&session);
        let sections = media
            .iter()
            .map(|media| Section::read(media, &bundle).ok_or_else(|| bad("unknown medium")))
            .collect::<Result<Vec<_>, _>>()?;
        for (at, section) in sections.iter().enumerate() {
            if section.usable && sections[..at].iter().any(|other| other.mid == section.mid) {
                return Err(bad("mid named twice"));
            }
        }
        // The transport is that of the first section in use; with none in use any will do.
        let tagged = sections.iter().position(|section| section.usable).unwrap_or(0);
        Ok(Offer { remote: remote(&session, &media[tagged])?, sections })
    }
}

/// The mids of the first BUNDLE group.
fn bundle(session: &SessionDescription) -> Vec<&str> {
    let groups = session.attributes.iter().filter(|attribute| attribute.key == "group");
    let group = groups.filter_map(|group| group.value.as_deref()?.strip_prefix("BUNDLE")).next();
    group.unwrap_or_default().split_whitespace().take(MAX_SECTIONS).collect()
}

/// Transport attributes of the section, or else of the session.
fn remote(session: &SessionDescription, media: &MediaDescription) -> Result<RemoteCredentials, MediaError> {
    let of_session = |key: &'static str| {
        session.attributes.iter().filter(move |a| a.key == key).filter_map(|a| a.value.as_deref())
    };
    let first = |key: &'static str| values(media, key).next().or_else(|| of_session(key).next());
    if first("setup").is_some_and(|setup| setup != "actpass" && setup != "active") {
        return Err(bad("setup must be actpass or active"));
    }
    let fingerprint = values(media, "fingerprint")
        .chain(of_session("fingerprint"))
        .filter_map(|value| value.split_once(' '))
        .find(|(hash, _)| hash.eq_ignore_ascii_case("sha-256"))
        .and_then(|(_, print)| print.trim().parse::<Fingerprint>().ok())
        .ok_or_else(|| bad("no SHA-256 fingerprint"))?;
    let remote = RemoteCredentials {
        ufrag: first("ice-ufrag").unwrap_or_default().to_owned(),
        pwd: first("ice-pwd").unwrap_or_default().to_owned(),
        fingerprint,
    };
    if remote.well_formed() { Ok(remote) } else { Err(bad("no ICE credentials")) }
}

fn bad(why: &str) -> MediaError {
    MediaError::BadOffer(why.chars().take(200).collect())
}
