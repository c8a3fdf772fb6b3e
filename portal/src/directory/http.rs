//! Endpoints of the directory. They answer from the index in memory, so the rows are the same on every database.

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::{Deserialize, Serialize};
use signaling::ids::PersonId;
use uuid::Uuid;

use super::live::person_view;
use super::model::{Matched, PersonView, Unit, UnitId};
use super::rules::{self, MAX_HITS, MAX_PAGE};
use crate::app::App;
use crate::auth::Actor;
use crate::error::{ApiError, ApiResult};

/// A unit in the tree.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct UnitView {
    /// The unit.
    #[schema(value_type = String, format = Uuid)]
    pub id: UnitId,
    /// The unit that it belongs to; `null` at the top.
    #[schema(value_type = Option<String>, format = Uuid)]
    pub parent: Option<UnitId>,
    /// Name as displayed.
    pub name: String,
    /// Place among its siblings.
    pub sort: i64,
    /// People in the unit and below it.
    pub people: usize,
}

/// The whole tree.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Units {
    /// Each unit before those below it, siblings in their order.
    pub units: Vec<UnitView>,
}

/// Some people.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PeoplePage {
    /// In the order of the unit.
    pub people: Vec<PersonView>,
    /// Give it as `after` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Uuid)]
    pub next: Option<PersonId>,
}

/// A search hit.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Hit {
    /// Who.
    pub person: PersonView,
    /// The field that matched.
    pub matched: Matched,
}

/// Search hits, the best first.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Hits {
    /// At most as many as asked for.
    pub hits: Vec<Hit>,
    /// Whether there are more.
    pub more: bool,
}

/// Query of a page of people.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
pub struct PageQuery {
    /// The last person of the page before.
    after: Option<Uuid>,
    /// At most 200.
    limit: Option<u32>,
}

/// Query of people by id.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
pub struct IdsQuery {
    /// Up to 100 ids separated by commas.
    ids: String,
}

/// Query of a search.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
pub struct SearchQuery {
    /// Part of a name, post, unit or extension, or several words that must all match; at most 64 characters.
    q: String,
    /// Search in this unit and below it only.
    unit: Option<Uuid>,
    /// At most 50.
    limit: Option<u32>,
}

/// The tree of units.
#[utoipa::path(get, path = "/api/units", tag = "directory", responses(
    (status = 200, body = Units),
    (status = 401, body = crate::error::ErrorBody, description = "not_logged_in"),
))]
pub async fn units(State(app): State<App>, _: Actor) -> Json<Units> {
    let index = app.directory.index();
    let view = |unit: &Unit| {
        let Unit { id, parent, name, sort } = unit.clone();
        UnitView { id, parent, name, sort, people: index.headcount(id) }
    };
    Json(Units { units: index.units().iter().map(view).collect() })
}

/// People of one unit, without those of the units below it.
#[utoipa::path(get, path = "/api/units/{id}/people", tag = "directory",
    params(("id" = Uuid, Path, description = "The unit"), PageQuery), responses(
    (status = 200, body = PeoplePage),
    (status = 401, body = crate::error::ErrorBody, description = "not_logged_in"),
    (status = 404, body = crate::error::ErrorBody, description = "not_found"),
))]
pub async fn unit_people(
    State(app): State<App>,
    _: Actor,
    Path(unit): Path<Uuid>,
    Query(page): Query<PageQuery>,
) -> ApiResult<Json<PeoplePage>> {
    let index = app.directory.index();
    let rest = index.people_of(UnitId(unit), page.after.map(PersonId)).ok_or(ApiError::not_found())?;
    let limit = rules::limit(page.limit, MAX_PAGE).min(rest.len());
    let next = rest[..limit].last().filter(|_| rest.len() > limit).map(|person| person.id);
    let people = rest[..limit].iter().map(|person| person_view(&index, person)).collect();
    Ok(Json(PeoplePage { people, next }))
}

/// One person.
#[utoipa::path(get, path = "/api/people/{id}", tag = "directory",
    params(("id" = Uuid, Path, description = "The person")), responses(
    (status = 200, body = PersonView),
    (status = 401, body = crate::error::ErrorBody, description = "not_logged_in"),
    (status = 404, body = crate::error::ErrorBody, description = "not_found"),
))]
pub async fn person(State(app): State<App>, _: Actor, Path(id): Path<Uuid>) -> ApiResult<Json<PersonView>> {
    app.directory.person(PersonId(id)).map(Json).ok_or(ApiError::not_found())
}

/// Several people by id; those that do not exist are missing.
#[utoipa::path(get, path = "/api/people", tag = "directory", params(IdsQuery), responses(
    (status = 200, body = PeoplePage),
    (status = 401, body = crate::error::ErrorBody, description = "not_logged_in"),
    (status = 422, body = crate::error::ErrorBody, description = "invalid_input"),
))]
pub async fn people(
    State(app): State<App>,
    _: Actor,
    Query(query): Query<IdsQuery>,
) -> ApiResult<Json<PeoplePage>> {
    let ids = rules::ids(&query.ids).ok_or(ApiError::invalid_input())?;
    let index = app.directory.index();
    let found = ids.into_iter().filter_map(|id| index.person(id));
    Ok(Json(PeoplePage { people: found.map(|person| person_view(&index, person)).collect(), next: None }))
}

/// Searches while typing.
#[utoipa::path(get, path = "/api/search", tag = "directory", params(SearchQuery), responses(
    (status = 200, body = Hits),
    (status = 401, body = crate::error::ErrorBody, description = "not_logged_in"),
    (status = 404, body = crate::error::ErrorBody, description = "not_found: no such unit"),
    (status = 422, body = crate::error::ErrorBody, description = "invalid_input"),
))]
pub async fn search(
    State(app): State<App>,
    _: Actor,
    Query(asked): Query<SearchQuery>,
) -> ApiResult<Json<Hits>> {
    let query = rules::query(&asked.q).ok_or(ApiError::invalid_input())?;
    let index = app.directory.index();
    let limit = rules::limit(asked.limit, MAX_HITS);
    let found = index.search(query, asked.unit.map(UnitId), limit).ok_or(ApiError::not_found())?;
    let hit = |(person, matched)| Hit { person: person_view(&index, person), matched };
    Ok(Json(Hits { hits: found.hits.into_iter().map(hit).collect(), more: found.more }))
}
