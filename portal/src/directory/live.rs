//! The directory of this node: the index in memory, kept up with the database.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use signaling::ids::PersonId;
use signaling::ports::{People, PortFuture};
use signaling::wire::call::PersonCard;

use super::index::Index;
use super::model::{DeputyView, Person, PersonView, Unit};
use super::store;
use crate::db::{Db, DbError, DbResult, Scope};

/// How often [`Directory::refresh`] should run: how late another node's change shows here. Each run reads one number.
pub const REFRESH_EVERY: Duration = Duration::from_secs(5);

/// The directory as this node knows it.
#[derive(Debug)]
pub struct Directory {
    current: RwLock<Current>,
}

#[derive(Debug)]
struct Current {
    index: Arc<Index>,
    revision: i64,
}

impl Directory {
    /// Reads everything.
    pub async fn open(db: &Db) -> DbResult<Self> {
        Ok(Directory { current: RwLock::new(load(db).await?) })
    }

    /// Reads everything again if the database has another revision than this node; says whether it had.
    pub async fn refresh(&self, db: &Db) -> DbResult<bool> {
        let mut tx = db.read().await?;
        let revision = store::revision(&mut tx).await?;
        drop(tx);
        if revision == self.read(|current| current.revision) {
            return Ok(false);
        }
        let fresh = load(db).await?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(true)
    }

    /// The index; it does not change under its holder.
    pub fn index(&self) -> Arc<Index> {
        self.read(|current| current.index.clone())
    }

    /// A person as everybody sees them.
    pub fn person(&self, id: PersonId) -> Option<PersonView> {
        let index = self.index();
        index.person(id).map(|person| person_view(&index, person))
    }

    /// A person's card for calls.
    pub fn card(&self, id: PersonId) -> Option<PersonCard> {
        let index = self.index();
        index.person(id).map(|person| card(&index, person))
    }

    /// The card of whose extension this is.
    pub fn by_extension(&self, extension: &str) -> Option<PersonCard> {
        let index = self.index();
        index.by_extension(extension).map(|person| card(&index, person))
    }

    fn read<T>(&self, look: impl FnOnce(&Current) -> T) -> T {
        look(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Builds the index off the runtime's threads: 100,000 people take some hundred milliseconds.
async fn load(db: &Db) -> DbResult<Current> {
    let mut tx = db.read().await?;
    let revision = store::revision(&mut tx).await?;
    let (units, people) = (store::units(&mut tx).await?, store::people(&mut tx).await?);
    drop(tx);
    let index = tokio::task::spawn_blocking(move || Index::new(units, people)).await;
    let index =
        index.map_err(|error| DbError::Unavailable(format!("the directory could not be built: {error}")))?;
    Ok(Current { index: Arc::new(index), revision })
}

/// Adds units (each after the one that it belongs to) and people, in one transaction. For imports and the demo.
pub async fn import(db: &Db, units: &[Unit], people: &[Person]) -> DbResult<()> {
    let mut tx = db.write(Scope::slice("directory")).await?;
    store::insert_units(&mut tx, units).await?;
    store::insert_people(&mut tx, people).await?;
    store::next_revision(&mut tx).await?;
    tx.commit().await
}

/// A person with unit, path and deputy.
pub fn person_view(index: &Index, person: &Person) -> PersonView {
    let Person { id, unit, name, post, extension, email, deputy, sort: _ } = person.clone();
    let deputy =
        deputy.and_then(|id| index.person(id)).map(|d| DeputyView { id: d.id, name: d.name.clone() });
    let unit_name = index.unit(unit).map(|unit| unit.name.clone()).unwrap_or_default();
    PersonView { id, name, unit, unit_name, path: index.path(unit), post, extension, email, deputy }
}

/// Section names such as 第一科 say little alone, so the card names the unit above too (but not the city itself).
fn card(index: &Index, person: &Person) -> PersonCard {
    let path = index.path(person.unit);
    let unit = match path.as_slice() {
        [_, .., above, own] => format!("{above} {own}"),
        [.., own] => own.clone(),
        [] => String::new(),
    };
    let Person { id, name, post, extension, .. } = person.clone();
    PersonCard { person: id, name, unit, post, extension, line: false }
}

impl People for Directory {
    /// Everybody in the directory may call everybody.
    fn cards(&self, _: PersonId, ids: Vec<PersonId>) -> PortFuture<'_, Vec<PersonCard>> {
        Box::pin(async move { Ok(ids.into_iter().filter_map(|id| self.card(id)).collect()) })
    }
}
