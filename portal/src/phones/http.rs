//! Endpoints of telephone accounts, for administrators.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use signaling::ids::PersonId;
use signaling::sip::view::PhoneView;
use uuid::Uuid;

use super::manage::{self, PhoneError};
use super::model::{NewPhone, Phone};
use super::rules::Refusal;
use super::setup::{self, PhoneServer};
use crate::app::App;
use crate::audit::{Action, Entry};
use crate::auth::{Administrator, Caller};
use crate::clock::Millis;
use crate::error::{ApiError, ApiResult};

/// Where a telephone is registered from at the moment.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Registration {
    /// Address and port.
    pub address: String,
    /// `udp`, `tcp` or `tls`.
    pub protocol: String,
    /// What the telephone says that it is.
    pub user_agent: String,
    /// End of the registration, UTC milliseconds.
    pub expires_at: i64,
}

/// A telephone account.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PhoneAccountView {
    /// User name.
    pub user: String,
    /// Its extension.
    pub extension: String,
    /// What it is called.
    pub name: String,
    /// Whose it is; absent for a telephone of a room.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Uuid)]
    pub person: Option<PersonId>,
    /// Name of that person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person_name: Option<String>,
    /// UTC milliseconds.
    #[schema(value_type = i64)]
    pub created_at: Millis,
    /// When it got its password, UTC milliseconds.
    #[schema(value_type = i64)]
    pub password_at: Millis,
    /// False: its password is for another domain than `sip.domain`; it needs a new one.
    pub usable: bool,
    /// Where it is registered from; empty: not at all.
    pub registrations: Vec<Registration>,
}

/// All telephone accounts.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PhoneList {
    /// By extension.
    pub phones: Vec<PhoneAccountView>,
    /// Where telephones register; empty while there is no telephony.
    pub servers: Vec<PhoneServer>,
}

/// A telephone account to be made.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub struct NewPhoneBody {
    /// 2 to 10 digits.
    pub extension: String,
    /// What it is to be called; without one as its person, or as its extension.
    #[serde(default)]
    pub name: String,
    /// Whose it is.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Uuid)]
    pub person: Option<Uuid>,
}

/// What to type into a telephone. No `Debug`: the password must not get into a log.
#[derive(Serialize, utoipa::ToSchema)]
pub struct PhoneSetup {
    /// User name, also where a telephone asks for an authentication name.
    pub user: String,
    /// Password. It is shown this once only.
    pub password: String,
    /// Domain, or realm, where a telephone asks for one besides the server.
    pub domain: String,
    /// Server, or registrar; any of them.
    pub servers: Vec<PhoneServer>,
}

/// A telephone account that was just made.
#[derive(Serialize, utoipa::ToSchema)]
pub struct NewPhoneAnswer {
    /// The account.
    pub phone: PhoneAccountView,
    /// What to type into the telephone.
    pub setup: PhoneSetup,
}

/// All telephone accounts and where each is registered from.
#[utoipa::path(get, path = "/api/admin/phones", tag = "phones", responses(
    (status = 200, body = PhoneList),
    (status = 401, body = crate::error::ErrorBody, description = "not_logged_in"),
    (status = 403, body = crate::error::ErrorBody, description = "forbidden"),
))]
pub async fn phones(State(app): State<App>, _: Administrator) -> Json<PhoneList> {
    let mut registered: HashMap<String, Vec<Registration>> = HashMap::new();
    for PhoneView { user, address, protocol, user_agent, expires_at_ms } in app.live.phones().await {
        let protocol = format!("{protocol:?}").to_lowercase();
        let one = Registration { address, protocol, user_agent, expires_at: expires_at_ms };
        registered.entry(user).or_default().push(one);
    }
    let phones = app.phones.phones();
    let view = |phone: &Phone| view(&app, phone, registered.remove(&phone.user).unwrap_or_default());
    let phones = phones.all().iter().map(view).collect();
    Json(PhoneList { phones, servers: setup::servers(&app.config) })
}

/// Makes a telephone account.
#[utoipa::path(post, path = "/api/admin/phones", tag = "phones", request_body = NewPhoneBody, responses(
    (status = 201, body = NewPhoneAnswer),
    (status = 401, body = crate::error::ErrorBody, description = "not_logged_in"),
    (status = 403, body = crate::error::ErrorBody, description = "forbidden"),
    (status = 409, body = crate::error::ErrorBody, description = "extension_taken, extension_of_person, too_many_phones"),
    (status = 422, body = crate::error::ErrorBody, description = "invalid_extension, invalid_name, no_such_person"),
))]
pub async fn add(
    State(app): State<App>,
    Administrator(actor): Administrator,
    caller: Caller,
    Json(body): Json<NewPhoneBody>,
) -> ApiResult<(StatusCode, Json<NewPhoneAnswer>)> {
    let asked = NewPhone { extension: body.extension, name: body.name, person: body.person.map(PersonId) };
    let line = Entry::of_actor(app.now(), &actor, &caller, Action::AddPhone);
    let (phone, password) = manage::add(&app, asked, line).await?;
    let setup = setup(&app, &phone.user, password.text());
    Ok((StatusCode::CREATED, Json(NewPhoneAnswer { phone: view(&app, &phone, Vec::new()), setup })))
}

/// Gives a telephone account another password.
#[utoipa::path(post, path = "/api/admin/phones/{user}/password", tag = "phones",
    params(("user" = String, Path, description = "User name of the account")), responses(
    (status = 200, body = PhoneSetup),
    (status = 401, body = crate::error::ErrorBody, description = "not_logged_in"),
    (status = 403, body = crate::error::ErrorBody, description = "forbidden"),
    (status = 404, body = crate::error::ErrorBody, description = "not_found"),
))]
pub async fn change_password(
    State(app): State<App>,
    Administrator(actor): Administrator,
    caller: Caller,
    Path(user): Path<String>,
) -> ApiResult<Json<PhoneSetup>> {
    let line = Entry::of_actor(app.now(), &actor, &caller, Action::ChangePhonePassword);
    let password = manage::change_password(&app, &user, line).await?;
    Ok(Json(setup(&app, &user, password.text())))
}

/// Removes a telephone account.
#[utoipa::path(delete, path = "/api/admin/phones/{user}", tag = "phones",
    params(("user" = String, Path, description = "User name of the account")), responses(
    (status = 204),
    (status = 401, body = crate::error::ErrorBody, description = "not_logged_in"),
    (status = 403, body = crate::error::ErrorBody, description = "forbidden"),
    (status = 404, body = crate::error::ErrorBody, description = "not_found"),
))]
pub async fn remove(
    State(app): State<App>,
    Administrator(actor): Administrator,
    caller: Caller,
    Path(user): Path<String>,
) -> ApiResult<StatusCode> {
    let line = Entry::of_actor(app.now(), &actor, &caller, Action::RemovePhone);
    manage::remove(&app, &user, line).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn view(app: &App, phone: &Phone, registrations: Vec<Registration>) -> PhoneAccountView {
    let Phone { user, extension, name, person, digest, created_at, password_at } = phone.clone();
    let person_name = person.and_then(|person| app.directory.card(person)).map(|card| card.name);
    let usable = digest.realm == app.config.sip.domain;
    PhoneAccountView {
        user,
        extension,
        name,
        person,
        person_name,
        created_at,
        password_at,
        usable,
        registrations,
    }
}

fn setup(app: &App, user: &str, password: &str) -> PhoneSetup {
    PhoneSetup {
        user: user.to_owned(),
        password: password.to_owned(),
        domain: app.config.sip.domain.clone(),
        servers: setup::servers(&app.config),
    }
}

impl From<PhoneError> for ApiError {
    fn from(error: PhoneError) -> ApiError {
        let refuse = |status, code, zh, en| ApiError::new(status, code, zh, en);
        let (conflict, invalid) = (StatusCode::CONFLICT, StatusCode::UNPROCESSABLE_ENTITY);
        match error {
            PhoneError::Refused(Refusal::Extension) => {
                let (zh, en) = ("分機號碼必須是 2 到 10 位數字。", "An extension has 2 to 10 digits.");
                refuse(invalid, "invalid_extension", zh, en)
            }
            PhoneError::Refused(Refusal::Reserved) => {
                let (zh, en) = (
                    "這個號碼在撥號計畫中另有用途。",
                    "The number plan uses this number for something else.",
                );
                refuse(conflict, "extension_taken", zh, en)
            }
            PhoneError::Refused(Refusal::Name) => {
                let (zh, en) = (
                    "名稱最多 60 個字，不能有引號或反斜線。",
                    "A name has at most 60 characters, and no quotes or backslashes.",
                );
                refuse(invalid, "invalid_name", zh, en)
            }
            PhoneError::Refused(Refusal::Person) => {
                refuse(invalid, "no_such_person", "找不到這位同仁。", "This person could not be found.")
            }
            PhoneError::Refused(Refusal::OfPerson(_)) => {
                let (zh, en) = (
                    "通訊錄中這是另一位同仁的分機，請將話機指定給該同仁。",
                    "In the directory this is somebody's extension: make the telephone that person's.",
                );
                refuse(conflict, "extension_of_person", zh, en)
            }
            PhoneError::Taken => {
                let (zh, en) = ("這個分機已經有話機。", "There is a telephone with this extension already.");
                refuse(conflict, "extension_taken", zh, en)
            }
            PhoneError::TooMany => {
                refuse(conflict, "too_many_phones", "話機數已達上限。", "No more telephones fit.")
            }
            PhoneError::NotFound => ApiError::not_found(),
            PhoneError::Random(error) => ApiError::internal(error),
            PhoneError::Db(error) => error.into(),
        }
    }
}
