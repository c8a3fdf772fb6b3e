//! The telephone accounts of this node: in memory, kept up with the database. Each REGISTER and each call asks for one.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::model::{MAX_PHONES, Phone};
use super::store;
use crate::db::{Db, DbResult};

/// All accounts at one revision.
#[derive(Debug, Default)]
pub struct Phones {
    /// By extension.
    all: Vec<Phone>,
    by_user: HashMap<String, usize>,
    by_extension: HashMap<String, usize>,
    revision: i64,
}

impl Phones {
    fn new(all: Vec<Phone>, revision: i64) -> Phones {
        let by = |key: fn(&Phone) -> &String| {
            all.iter().enumerate().map(|(at, phone)| (key(phone).clone(), at)).collect()
        };
        let (by_user, by_extension) = (by(|phone| &phone.user), by(|phone| &phone.extension));
        Phones { all, by_user, by_extension, revision }
    }

    /// All of them, by extension.
    pub fn all(&self) -> &[Phone] {
        &self.all
    }

    /// The account of a user name.
    pub fn by_user(&self, user: &str) -> Option<&Phone> {
        self.by_user.get(user).map(|at| &self.all[*at])
    }

    /// The account of an extension.
    pub fn by_extension(&self, extension: &str) -> Option<&Phone> {
        self.by_extension.get(extension).map(|at| &self.all[*at])
    }
}

/// The accounts as this node knows them.
#[derive(Debug, Default)]
pub struct PhoneBook(RwLock<Arc<Phones>>);

impl PhoneBook {
    /// Reads all accounts.
    pub async fn open(db: &Db) -> DbResult<PhoneBook> {
        Ok(PhoneBook(RwLock::new(Arc::new(load(db).await?))))
    }

    /// The accounts; they do not change under their holder.
    pub fn phones(&self) -> Arc<Phones> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads all accounts again if the database has another revision; says whether it had. Another node's change shows as late
    /// as this is called.
    pub async fn refresh(&self, db: &Db) -> DbResult<bool> {
        let revision = store::revision(&mut db.read().await?).await?;
        if revision == self.phones().revision {
            return Ok(false);
        }
        let fresh = Arc::new(load(db).await?);
        let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
        // Two that refresh at once may finish in either order.
        if fresh.revision > current.revision {
            *current = fresh;
        }
        Ok(true)
    }
}

async fn load(db: &Db) -> DbResult<Phones> {
    let mut tx = db.read().await?;
    let revision = store::revision(&mut tx).await?;
    Ok(Phones::new(store::phones(&mut tx, MAX_PHONES).await?, revision))
}
