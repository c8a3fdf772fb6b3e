//! Sealing what goes to one peer.

use super::derive::Use;
use super::index::{Sources, Window};
use super::packet::{RTCP_HEADER, rtcp_ssrc, rtp_ids};
use super::{Cipher, MasterKey, SrtpError, SrtpProfile};

/// First SRTCP index that does not exist: indices have 31 bits.
const RTCP_INDEX_END: u32 = 1 << 31;
/// The bit of the index word that says the packet is encrypted.
pub(super) const ENCRYPTED: u32 = 1 << 31;

/// Sealing state of one peer: session keys, roll-over counters, the SRTCP index.
///
/// An index is sealed once. Sending a packet again under the same sequence number (a NACK answered without RTX) is refused
/// with [`SrtpError::Replayed`]: with a changed header it would be a second message under the same nonce.
#[derive(Debug)]
pub struct SrtpSender {
    profile: SrtpProfile,
    rtp: Cipher,
    rtcp: Cipher,
    /// 1,024 indices back: a forwarder may seal late packets that were recovered a few hundred milliseconds after.
    sources: Sources<Window<16>>,
    /// One counter for all SSRCs: RFC 3711 asks for uniqueness per SSRC only, and this gives it.
    rtcp_index: u32,
}

impl SrtpSender {
    /// Derives the session keys.
    ///
    /// # Errors
    /// [`SrtpError::Key`] if key or salt have the wrong length.
    pub fn new(profile: SrtpProfile, master: &MasterKey) -> Result<Self, SrtpError> {
        Ok(SrtpSender {
            profile,
            rtp: Cipher::new(profile, master, Use::Rtp)?,
            rtcp: Cipher::new(profile, master, Use::Rtcp)?,
            sources: Sources::default(),
            rtcp_index: 0,
        })
    }

    /// Bytes that sealing adds to an RTP packet.
    pub fn rtp_overhead(&self) -> usize {
        self.profile.tag_len()
    }

    /// Seals the packet in `buffer[..len]`, whose header (with extensions) is `header_len` bytes; the bytes after it must have
    /// room for [`Self::rtp_overhead`]. Returns the sealed length.
    ///
    /// # Errors
    /// [`SrtpError`]; the buffer's content is then undefined.
    pub fn seal_rtp(&mut self, buffer: &mut [u8], header_len: usize, len: usize) -> Result<usize, SrtpError> {
        if header_len > len {
            return Err(SrtpError::Malformed);
        }
        let (packet, tag) = room(buffer, len, self.profile.tag_len())?;
        let (sequence, ssrc) = rtp_ids(packet)?;
        let window = self.sources.entry(ssrc)?;
        let index = window.unused(sequence)?;
        let (header, payload) = packet.split_at_mut(header_len);
        match &self.rtp {
            Cipher::Gcm(gcm) => gcm.seal(ssrc, index, header, payload, tag)?,
            Cipher::Cm(cm) => {
                cm.apply(ssrc, index, payload)?;
                tag.copy_from_slice(&cm.tag(packet, &roll_over(index))[..tag.len()]);
            }
        }
        window.mark(index);
        Ok(len + self.profile.tag_len())
    }

    /// Seals `header` and `payload` into the start of `out` without touching them: one ingested packet, many receivers.
    /// Returns the sealed length.
    ///
    /// # Errors
    /// [`SrtpError`]; the content of `out` is then undefined.
    pub fn seal_rtp_into(
        &mut self,
        header: &[u8],
        payload: &[u8],
        out: &mut [u8],
    ) -> Result<usize, SrtpError> {
        let len = header.len() + payload.len();
        let (packet, tag) = room(out, len, self.profile.tag_len())?;
        let (sequence, ssrc) = rtp_ids(header)?;
        let window = self.sources.entry(ssrc)?;
        let index = window.unused(sequence)?;
        let (out_header, out_payload) = packet.split_at_mut(header.len());
        out_header.copy_from_slice(header);
        match &self.rtp {
            Cipher::Gcm(gcm) => gcm.seal_into(ssrc, index, header, payload, out_payload, tag)?,
            Cipher::Cm(cm) => {
                out_payload.copy_from_slice(payload);
                cm.apply(ssrc, index, out_payload)?;
                tag.copy_from_slice(&cm.tag(packet, &roll_over(index))[..tag.len()]);
            }
        }
        window.mark(index);
        Ok(len + self.profile.tag_len())
    }

    /// Seals the compound RTCP packet in `buffer[..len]`; the bytes after it must have room for the tag and 4 more
    /// ([`super::MAX_OVERHEAD`] is always enough). Returns the sealed length.
    ///
    /// # Errors
    /// [`SrtpError`]; the buffer's content is then undefined.
    pub fn seal_rtcp(&mut self, buffer: &mut [u8], len: usize) -> Result<usize, SrtpError> {
        if self.rtcp_index == RTCP_INDEX_END {
            return Err(SrtpError::Exhausted);
        }
        let index = u64::from(self.rtcp_index);
        let word = (self.rtcp_index | ENCRYPTED).to_be_bytes();
        let (packet, trailer) = room(buffer, len, self.profile.rtcp_tag_len() + word.len())?;
        let ssrc = rtcp_ssrc(packet)?;
        let (header, body) = packet.split_at_mut(RTCP_HEADER);
        match &self.rtcp {
            // RFC 7714, section 9: tag, then index word.
            Cipher::Gcm(gcm) => {
                gcm.seal(ssrc, index, &rtcp_aad(header, word), body, trailer)?;
                trailer[self.profile.rtcp_tag_len()..].copy_from_slice(&word);
            }
            // RFC 3711, section 3.4: index word, then tag.
            Cipher::Cm(cm) => {
                cm.apply(ssrc, index, body)?;
                let (out_word, tag) = trailer.split_at_mut(word.len());
                out_word.copy_from_slice(&word);
                tag.copy_from_slice(&cm.tag(packet, &word));
            }
        }
        self.rtcp_index += 1;
        Ok(len + self.profile.rtcp_tag_len() + word.len())
    }
}

/// The packet and the `extra` bytes after it.
fn room(buffer: &mut [u8], len: usize, extra: usize) -> Result<(&mut [u8], &mut [u8]), SrtpError> {
    let buffer = buffer.get_mut(..len + extra).ok_or(SrtpError::NoRoom)?;
    Ok(buffer.split_at_mut(len))
}

/// The roll-over counter, which CM authenticates though it is not sent.
pub(super) fn roll_over(index: u64) -> [u8; 4] {
    ((index >> 16) as u32).to_be_bytes()
}

/// RFC 7714, section 9.2: the clear header and the index word.
pub(super) fn rtcp_aad(header: &[u8], word: [u8; 4]) -> [u8; RTCP_HEADER + 4] {
    let mut aad = [0; RTCP_HEADER + 4];
    aad[..RTCP_HEADER].copy_from_slice(header);
    aad[RTCP_HEADER..].copy_from_slice(&word);
    aad
}
