//! Opening what comes from one peer.

use super::derive::Use;
use super::index::{Sources, Window};
use super::packet::{RTCP_HEADER, rtcp_ssrc, rtp_header_len, rtp_ids};
use super::sender::{ENCRYPTED, roll_over, rtcp_aad};
use super::{Cipher, MasterKey, SrtpError, SrtpProfile};

/// Opening state of one peer: session keys, and per SSRC the indices already seen.
#[derive(Debug)]
pub struct SrtpReceiver {
    profile: SrtpProfile,
    rtp: Cipher,
    rtcp: Cipher,
    /// 1,024 packets: about 2 s of video at 4 Mbit/s, so that a reordering network does not look like a replay.
    sources: Sources<Window<16>>,
    rtcp_sources: Sources<Window<1>>,
}

impl SrtpReceiver {
    /// Derives the session keys.
    ///
    /// # Errors
    /// [`SrtpError::Key`] if key or salt have the wrong length.
    pub fn new(profile: SrtpProfile, master: &MasterKey) -> Result<Self, SrtpError> {
        Ok(SrtpReceiver {
            profile,
            rtp: Cipher::new(profile, master, Use::Rtp)?,
            rtcp: Cipher::new(profile, master, Use::Rtcp)?,
            sources: Sources::default(),
            rtcp_sources: Sources::default(),
        })
    }

    /// Opens an SRTP packet in place and returns the length of the plain packet, header included.
    ///
    /// # Errors
    /// [`SrtpError`]; the packet's content is then undefined and no state has changed.
    pub fn open_rtp(&mut self, packet: &mut [u8]) -> Result<usize, SrtpError> {
        let (sequence, ssrc) = rtp_ids(packet)?;
        let header_len = rtp_header_len(packet)?;
        let len = packet.len().checked_sub(self.profile.tag_len()).ok_or(SrtpError::Malformed)?;
        if len < header_len {
            return Err(SrtpError::Malformed);
        }
        let index = match self.sources.get(ssrc) {
            Some(window) => window.unused(sequence)?,
            None => u64::from(sequence),
        };
        match &self.rtp {
            Cipher::Gcm(gcm) => {
                let (header, text_and_tag) = packet.split_at_mut(header_len);
                gcm.open(ssrc, index, header, text_and_tag)?;
            }
            Cipher::Cm(cm) => {
                let (plain, tag) = packet.split_at_mut(len);
                cm.verify(plain, &roll_over(index), tag)?;
                cm.apply(ssrc, index, &mut plain[header_len..])?;
            }
        }
        self.sources.entry(ssrc)?.mark(index);
        Ok(len)
    }

    /// Opens an SRTCP packet in place and returns the length of the plain compound packet. Packets that are authenticated
    /// but not encrypted are refused; no WebRTC client sends them.
    ///
    /// # Errors
    /// [`SrtpError`]; the packet's content is then undefined and no state has changed.
    pub fn open_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, SrtpError> {
        let ssrc = rtcp_ssrc(packet)?;
        let tag_len = self.profile.rtcp_tag_len();
        let len = packet.len().checked_sub(tag_len + 4).ok_or(SrtpError::Malformed)?;
        if len < RTCP_HEADER {
            return Err(SrtpError::Malformed);
        }
        let at = match self.rtcp {
            Cipher::Gcm(_) => len + tag_len,
            Cipher::Cm(_) => len,
        };
        let word: [u8; 4] = packet[at..at + 4].try_into().map_err(|_| SrtpError::Malformed)?;
        let index = u32::from_be_bytes(word);
        if index & ENCRYPTED == 0 {
            return Err(SrtpError::Unauthentic);
        }
        let index = u64::from(index & !ENCRYPTED);
        if let Some(window) = self.rtcp_sources.get(ssrc) {
            window.check(index)?;
        }
        match &self.rtcp {
            Cipher::Gcm(gcm) => {
                let (header, body) = packet[..at].split_at_mut(RTCP_HEADER);
                gcm.open(ssrc, index, &rtcp_aad(header, word), body)?;
            }
            Cipher::Cm(cm) => {
                let (plain, trailer) = packet.split_at_mut(len);
                cm.verify(plain, &word, &trailer[4..])?;
                cm.apply(ssrc, index, &mut plain[RTCP_HEADER..])?;
            }
        }
        self.rtcp_sources.entry(ssrc)?.mark(index);
        Ok(len)
    }
}
