//! What a telephone account is.

use std::fmt;

use signaling::ids::PersonId;

use crate::clock::Millis;

/// Most telephone accounts: every node keeps them in memory, about 400 bytes each, and the list shows all of them.
pub const MAX_PHONES: i64 = 10_000;

/// A telephone account.
#[derive(Clone, PartialEq, Eq)]
pub struct Phone {
    /// User name of REGISTER and of the digest.
    pub user: String,
    /// Its extension.
    pub extension: String,
    /// What it is called.
    pub name: String,
    /// Whose it is; `None`: a telephone of a room.
    pub person: Option<PersonId>,
    /// What the password is good for.
    pub digest: Digest,
    /// When it was made.
    pub created_at: Millis,
    /// When it got its password.
    pub password_at: Millis,
}

/// What is kept of a password. As good as the password for who can use it, so it is in no log.
#[derive(Clone, PartialEq, Eq)]
pub struct Digest {
    /// The realm that the hashes are for.
    pub realm: String,
    /// `MD5(user:realm:password)`, hexadecimal.
    pub ha1_md5: String,
    /// `SHA-256(user:realm:password)`, hexadecimal.
    pub ha1_sha256: String,
}

/// A telephone account that somebody asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPhone {
    /// Its extension as typed.
    pub extension: String,
    /// What it is to be called; empty: as its person, or as its extension.
    pub name: String,
    /// Whose it is.
    pub person: Option<PersonId>,
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Phone")
            .field("user", &self.user)
            .field("extension", &self.extension)
            .field("person", &self.person)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Digest").field("realm", &self.realm).finish_non_exhaustive()
    }
}
