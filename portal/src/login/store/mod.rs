//! Accounts, log-ins and the audit trail in the database.

mod account;
mod audit;
mod login;

pub use account::{account_by_name, insert_accounts, set_password};
pub use audit::append_audit;
pub use login::{
    end_all, end_beyond, end_expired, end_login, insert_login, is_known_device, login_by_secret, open_logins,
    prune_ended, write_seen,
};
