//! Units and people in the database.

use signaling::ids::PersonId;
use sqlx::QueryBuilder;
use uuid::Uuid;

use super::model::{MAX_PEOPLE, MAX_UNITS, Person, Unit, UnitId};
use crate::db::{DbResult, Rows, Tx, newtype_column, on};

newtype_column!(UnitId(Uuid));

/// Rows per statement: eight parameters each, and SQLite takes 32,766.
const BATCH: usize = 1_000;

#[derive(sqlx::FromRow)]
struct UnitRow {
    id: UnitId,
    parent_id: Option<UnitId>,
    name: String,
    sort: i64,
}

impl From<UnitRow> for Unit {
    fn from(row: UnitRow) -> Self {
        let UnitRow { id, parent_id, name, sort } = row;
        Unit { id, parent: parent_id, name, sort }
    }
}

#[derive(sqlx::FromRow)]
struct PersonRow {
    id: Uuid,
    unit_id: UnitId,
    name: String,
    post: String,
    extension: Option<String>,
    email: String,
    deputy_id: Option<Uuid>,
    sort: i64,
}

impl From<PersonRow> for Person {
    fn from(row: PersonRow) -> Self {
        let PersonRow { id, unit_id, name, post, extension, email, deputy_id, sort } = row;
        let (id, deputy) = (PersonId(id), deputy_id.map(PersonId));
        Person { id, unit: unit_id, name, post, extension, email, deputy, sort }
    }
}

/// All units, at most [`MAX_UNITS`].
pub async fn units(tx: &mut Tx<'_>) -> DbResult<Vec<Unit>> {
    let rows: Vec<UnitRow> = on!(tx, c => sqlx::query_as("SELECT id, parent_id, name, sort FROM unit ORDER BY sort, id LIMIT $1")
            .bind(MAX_UNITS as i64)
            .fetch_all(c))?;
    Ok(rows.into_iter().map(Unit::from).collect())
}

/// All people, at most [`MAX_PEOPLE`].
pub async fn people(tx: &mut Tx<'_>) -> DbResult<Vec<Person>> {
    let rows: Vec<PersonRow> = on!(tx, c => sqlx::query_as(
        "SELECT id, unit_id, name, post, extension, email, deputy_id, sort FROM person ORDER BY id LIMIT $1",
    )
    .bind(MAX_PEOPLE as i64)
    .fetch_all(c))?;
    Ok(rows.into_iter().map(Person::from).collect())
}

/// Revision of units and people.
pub async fn revision(tx: &mut Tx<'_>) -> DbResult<i64> {
    on!(tx, c => sqlx::query_scalar("SELECT revision FROM directory_revision WHERE one = 1").fetch_one(c))
}

/// Counts a change; call it in the transaction of the change.
pub async fn next_revision(tx: &mut Tx<'_>) -> DbResult<i64> {
    on!(tx, c => sqlx::query_scalar(
        "UPDATE directory_revision SET revision = revision + 1 WHERE one = 1 RETURNING revision",
    )
    .fetch_one(c))
}

/// Adds units, each after the one that it belongs to.
pub async fn insert_units(tx: &mut Tx<'_>, units: &[Unit]) -> DbResult<()> {
    for batch in units.chunks(BATCH) {
        on!(tx, c: D => async move {
            let mut query = QueryBuilder::<D>::new("INSERT INTO unit (id, parent_id, name, sort) ");
            query.push_values(batch, |mut row, unit| {
                row.push_bind(unit.id).push_bind(unit.parent).push_bind(unit.name.as_str()).push_bind(unit.sort);
            });
            query.build().persistent(false).execute(c).rows().await
        })?;
    }
    Ok(())
}

/// Adds people.
pub async fn insert_people(tx: &mut Tx<'_>, people: &[Person]) -> DbResult<()> {
    for batch in people.chunks(BATCH) {
        on!(tx, c: D => async move {
            let text = "INSERT INTO person (id, unit_id, name, post, extension, email, deputy_id, sort) ";
            let mut query = QueryBuilder::<D>::new(text);
            query.push_values(batch, |mut row, person| {
                row.push_bind(person.id.0)
                    .push_bind(person.unit)
                    .push_bind(person.name.as_str())
                    .push_bind(person.post.as_str())
                    .push_bind(person.extension.as_deref())
                    .push_bind(person.email.as_str())
                    .push_bind(person.deputy.map(|deputy| deputy.0))
                    .push_bind(person.sort);
            });
            query.build().persistent(false).execute(c).rows().await
        })?;
    }
    Ok(())
}
