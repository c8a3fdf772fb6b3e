//! Staff and telephones for the extension bridge.

use signaling::ids::PersonId;
use signaling::ports::{Numbers, PhoneAccount, PortError, PortFuture};
use signaling::wire::call::PersonCard;

use super::model::Phone;
use crate::app::App;
use crate::calls::CallJournal;

/// What signaling asks of numbers, answered from memory.
#[derive(Clone)]
pub struct PhoneNumbers {
    app: App,
}

impl PhoneNumbers {
    /// Over the app's directory and telephone accounts.
    pub fn new(app: App) -> Self {
        PhoneNumbers { app }
    }

    /// A password of another realm fits no challenge of ours: the account is as good as none until it gets another one.
    fn usable(&self, phone: Option<&Phone>) -> Option<PhoneAccount> {
        phone.filter(|phone| phone.digest.realm == self.app.config.sip.domain).cloned().map(account)
    }
}

impl Numbers for PhoneNumbers {
    fn by_extension(&self, number: &str) -> Option<PersonCard> {
        self.app.directory.by_extension(number)
    }

    fn account(&self, user: &str) -> Option<PhoneAccount> {
        self.usable(self.app.phones.phones().by_user(user))
    }

    fn account_by_extension(&self, number: &str) -> Option<PhoneAccount> {
        self.usable(self.app.phones.phones().by_extension(number))
    }

    fn missed(&self, person: PersonId) -> PortFuture<'_, u32> {
        Box::pin(async move {
            let missed = CallJournal::new(self.app.clone()).unseen_missed(person).await.map_err(|error| {
                tracing::warn!(%error, "the missed calls of a person could not be counted");
                PortError::Unavailable(error.to_string())
            })?;
            Ok(u32::try_from(missed).unwrap_or(u32::MAX))
        })
    }
}

fn account(phone: Phone) -> PhoneAccount {
    let Phone { user, extension, name, person, digest, created_at: _, password_at: _ } = phone;
    PhoneAccount { user, extension, person, name, ha1_md5: digest.ha1_md5, ha1_sha256: digest.ha1_sha256 }
}
