//! Any packet to be opened, as RTP and as RTCP, with each profile.
#![no_main]

use libfuzzer_sys::fuzz_target;
use media::transport::srtp::{KEY_LEN, MasterKey, SrtpProfile, SrtpReceiver, SrtpSender};

fuzz_target!(|packet: &[u8]| {
    for profile in [SrtpProfile::AeadAes128Gcm, SrtpProfile::Aes128CmSha1_80] {
        let master = MasterKey::new(&[1; KEY_LEN], &[2; 14][..profile.salt_len()]);
        if let (Ok(mut receiver), Ok(mut sender)) =
            (SrtpReceiver::new(profile, &master), SrtpSender::new(profile, &master))
        {
            let _ = receiver.open_rtp(&mut packet.to_vec());
            let _ = receiver.open_rtcp(&mut packet.to_vec());
            let mut room = packet.to_vec();
            room.resize(packet.len() + media::transport::srtp::MAX_OVERHEAD, 0);
            let _ = sender.seal_rtp(&mut room, packet.len().min(12), packet.len());
            let _ = sender.seal_rtcp(&mut room, packet.len());
        }
    }
});
