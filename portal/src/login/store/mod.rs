//! Accounts, log-ins and roles in the database.

mod account;
mod login;
mod role;

pub use account::{account_by_name, insert_accounts, set_password};
pub use login::{
    end_all, end_beyond, end_expired, end_login, insert_login, is_known_device, login_by_secret, open_logins,
    prune_ended, write_seen,
};
pub use role::{grant, revoke, roles};
