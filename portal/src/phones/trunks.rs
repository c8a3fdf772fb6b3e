//! How the PBXs are, for administrators.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use signaling::sip::view::TrunkView;

use crate::app::App;
use crate::auth::Administrator;

/// All trunks.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TrunkList {
    /// In the order in which they are tried; none while there is no telephony.
    #[schema(value_type = Vec<TrunkSchema>)]
    pub trunks: Vec<TrunkView>,
}

/// [`TrunkView`] for the OpenAPI document: signaling does not know OpenAPI.
#[derive(utoipa::ToSchema)]
#[schema(as = TrunkView)]
#[expect(missing_docs, reason = "only its schema is used; documented at TrunkView")]
pub struct TrunkSchema {
    pub name: String,
    pub host: String,
    pub protocol: ProtocolSchema,
    pub state: TrunkStateSchema,
    pub registered: Option<bool>,
    pub since_ms: i64,
    pub reason: Option<String>,
    pub round_trip_ms: Option<u32>,
    pub calls: u32,
    pub max_calls: u32,
}

/// Transport protocol.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = SipProtocol)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "only its schema is used")]
pub enum ProtocolSchema {
    Udp,
    Tcp,
    Tls,
}

/// State of a trunk.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = TrunkState)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "only its schema is used")]
pub enum TrunkStateSchema {
    Up,
    Down,
    Unknown,
}

/// How the trunks are.
#[utoipa::path(get, path = "/api/admin/trunks", tag = "phones", responses(
    (status = 200, body = TrunkList),
    (status = 401, body = crate::error::ErrorBody, description = "not_logged_in"),
    (status = 403, body = crate::error::ErrorBody, description = "forbidden"),
))]
pub async fn trunks(State(app): State<App>, _: Administrator) -> Json<TrunkList> {
    Json(TrunkList { trunks: app.live.trunks().await })
}
