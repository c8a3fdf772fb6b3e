//! SDES-SRTP of one leg (RFC 4568).

use crate::control::{PhoneSrtp, PhoneSuite};
use crate::transport::srtp::{KEY_LEN, MasterKey, SrtpError, SrtpProfile, SrtpReceiver, SrtpSender};

/// Keys in use. A direction whose key stays the same in a later description keeps its roll-over counter.
pub(super) struct Keys {
    agreed: PhoneSrtp,
    pub(super) sender: SrtpSender,
    pub(super) receiver: SrtpReceiver,
}

impl Keys {
    pub(super) fn new(agreed: &PhoneSrtp) -> Result<Keys, SrtpError> {
        let profile = profile(agreed.suite);
        Ok(Keys {
            sender: SrtpSender::new(profile, &master(&agreed.local)?)?,
            receiver: SrtpReceiver::new(profile, &master(&agreed.remote)?)?,
            agreed: agreed.clone(),
        })
    }

    /// Takes what a later description agreed on.
    pub(super) fn renew(&mut self, agreed: &PhoneSrtp) -> Result<(), SrtpError> {
        let (profile, same_suite) = (profile(agreed.suite), agreed.suite == self.agreed.suite);
        if !same_suite || agreed.local != self.agreed.local {
            self.sender = SrtpSender::new(profile, &master(&agreed.local)?)?;
        }
        if !same_suite || agreed.remote != self.agreed.remote {
            self.receiver = SrtpReceiver::new(profile, &master(&agreed.remote)?)?;
        }
        self.agreed = agreed.clone();
        Ok(())
    }
}

fn profile(suite: PhoneSuite) -> SrtpProfile {
    match suite {
        PhoneSuite::AesCm128HmacSha1_80 => SrtpProfile::Aes128CmSha1_80,
        PhoneSuite::AesCm128HmacSha1_32 => SrtpProfile::Aes128CmSha1_32,
        PhoneSuite::AeadAes128Gcm => SrtpProfile::AeadAes128Gcm,
    }
}

/// `inline:` has the key and behind it the salt.
fn master(inline: &[u8]) -> Result<MasterKey, SrtpError> {
    let (key, salt) = inline.split_at_checked(KEY_LEN).ok_or(SrtpError::Key)?;
    Ok(MasterKey::new(key, salt))
}
