//! What the directory holds: the tree of units and the people in them.

use serde::{Deserialize, Serialize};
use signaling::ids::PersonId;
use uuid::Uuid;

/// A unit of the organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnitId(pub Uuid);

/// A unit: a bureau, a division, a section, or the city itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// The unit.
    pub id: UnitId,
    /// The unit that it belongs to; `None` at the top.
    pub parent: Option<UnitId>,
    /// Name as displayed.
    pub name: String,
    /// Place among its siblings, lowest first; ties go by id.
    pub sort: i64,
}

/// A member of staff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The person.
    pub id: PersonId,
    /// The unit that the person belongs to.
    pub unit: UnitId,
    /// Name as displayed.
    pub name: String,
    /// Post (職稱).
    pub post: String,
    /// Desk-phone extension, where there is one.
    pub extension: Option<String>,
    /// E-mail address.
    pub email: String,
    /// Who stands in for this person (職務代理人).
    pub deputy: Option<PersonId>,
    /// Place within the unit, lowest first; ties go by id.
    pub sort: i64,
}

/// Which field of a person a search hit matched; of several, the one that ranks best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Matched {
    /// The name.
    Name,
    /// The post.
    Post,
    /// The name of the unit, or of a unit above it.
    Unit,
    /// The extension.
    Extension,
}

/// Most units that a directory may hold; `GET /api/units` answers with all of them.
pub const MAX_UNITS: usize = 5_000;
/// Most people that a directory may hold: the index keeps them in memory, about 350 bytes each.
pub const MAX_PEOPLE: usize = 200_000;

/// A person as everybody sees them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct PersonView {
    /// The person.
    #[schema(value_type = String, format = Uuid)]
    pub id: PersonId,
    /// Name as displayed.
    pub name: String,
    /// The unit.
    #[schema(value_type = String, format = Uuid)]
    pub unit: UnitId,
    /// Name of the unit.
    pub unit_name: String,
    /// Names of the units from the top down to the person's own.
    pub path: Vec<String>,
    /// Post (職稱).
    pub post: String,
    /// Desk-phone extension, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extension: Option<String>,
    /// E-mail address.
    pub email: String,
    /// Who stands in (職務代理人).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deputy: Option<DeputyView>,
}

/// Who stands in for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct DeputyView {
    /// The deputy.
    #[schema(value_type = String, format = Uuid)]
    pub id: PersonId,
    /// Name as displayed.
    pub name: String,
}
