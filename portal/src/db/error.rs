//! What a store function can fail with, in the same terms on both databases.

use sqlx::error::{DatabaseError, ErrorKind};
use thiserror::Error;

use super::uniques::UniqueNames;

/// Result of a store function.
pub type DbResult<T> = Result<T, DbError>;

/// Why a statement or a transaction failed. A row that is not there is `Option::None`, not an error.
#[derive(Debug, Error)]
pub enum DbError {
    /// A unique index or primary key, by its name (`t_pkey` for a primary key).
    #[error("unique index {0} violated")]
    Unique(String),
    /// A CHECK constraint, by its name.
    #[error("check {0} violated")]
    Check(String),
    /// A foreign key. SQLite does not say which, so nothing may depend on the name.
    #[error("foreign key violated")]
    ForeignKey,
    /// A NOT NULL column got NULL.
    #[error("not null violated: {0}")]
    NotNull(String),
    /// Two writers got in each other's way (deadlock, serialisation, lock not granted in time): the same write may succeed later.
    #[error("conflict with another writer: {0}")]
    Retry(String),
    /// No connection in time, or the database is away.
    #[error("database not available: {0}")]
    Unavailable(String),
    /// An earlier statement of this transaction failed, so nothing in it may be kept.
    #[error("the transaction failed before")]
    TxFailed,
    /// A query for exactly one row found none.
    #[error("no such row")]
    RowNotFound,
    /// An event that is longer than the log takes.
    #[error("event of {0} bytes is too long for the log")]
    EventTooLong(usize),
    /// The schema cannot be brought up to date, or the database is not fit for use.
    #[error("{0}")]
    Unfit(String),
    /// Anything else: a fault of ours, such as a wrong type or a broken statement.
    #[error(transparent)]
    Other(sqlx::Error),
}

impl DbError {
    /// Whether this is a violation of the unique index or check of this name.
    pub fn violates(&self, name: &str) -> bool {
        matches!(self, DbError::Unique(found) | DbError::Check(found) if found == name)
    }

    /// Turns a driver's error into ours; `names` gives SQLite's unique indexes their names back.
    pub(super) fn of(error: sqlx::Error, names: &UniqueNames) -> DbError {
        match error {
            sqlx::Error::RowNotFound => DbError::RowNotFound,
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => {
                DbError::Unavailable(error.to_string())
            }
            sqlx::Error::Io(error) => DbError::Unavailable(error.to_string()),
            sqlx::Error::Database(refusal) => {
                of_refusal(&*refusal, names).unwrap_or(DbError::Other(sqlx::Error::Database(refusal)))
            }
            other => DbError::Other(other),
        }
    }
}

fn of_refusal(refusal: &dyn DatabaseError, names: &UniqueNames) -> Option<DbError> {
    let named = || refusal.constraint().map(str::to_owned);
    match refusal.kind() {
        ErrorKind::UniqueViolation => {
            Some(DbError::Unique(named().unwrap_or_else(|| names.of_message(refusal.message()))))
        }
        ErrorKind::CheckViolation => {
            // SQLite: "CHECK constraint failed: <name>".
            let message = refusal.message();
            let name = named().unwrap_or_else(|| message.rsplit(": ").next().unwrap_or(message).to_owned());
            Some(DbError::Check(name))
        }
        ErrorKind::ForeignKeyViolation => Some(DbError::ForeignKey),
        ErrorKind::NotNullViolation => Some(DbError::NotNull(refusal.message().to_owned())),
        _ => of_code(&refusal.code()?, refusal.message()),
    }
}

/// SQLite: 5 busy, 6 locked and their extended codes (low byte). PostgreSQL: class 40, lock_not_available, and the classes of
/// a server that goes away.
fn of_code(code: &str, message: &str) -> Option<DbError> {
    let sqlite = code.len() < 5;
    match (sqlite, code) {
        (true, code) => match code.parse::<u32>().ok()? & 0xff {
            5 | 6 => Some(DbError::Retry(message.to_owned())),
            _ => None,
        },
        (false, "40001" | "40P01" | "55P03") => Some(DbError::Retry(message.to_owned())),
        (false, "57P01" | "57P02" | "57P03" | "53300" | "57014" | "25P03") => {
            Some(DbError::Unavailable(message.to_owned()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn busy_writers_are_told_from_faults() {
        for code in ["5", "517", "261", "6", "40001", "40P01", "55P03"] {
            assert!(matches!(of_code(code, ""), Some(DbError::Retry(_))), "{code}");
        }
        for code in ["57P01", "53300"] {
            assert!(matches!(of_code(code, ""), Some(DbError::Unavailable(_))), "{code}");
        }
        for code in ["1", "3091", "42601", "x"] {
            assert!(of_code(code, "").is_none(), "{code}");
        }
    }

    #[test]
    fn a_violation_is_matched_by_name() {
        assert!(DbError::Unique("account_name_key".into()).violates("account_name_key"));
        assert!(!DbError::Unique("account_name_key".into()).violates("account_pkey"));
        assert!(!DbError::ForeignKey.violates("account_pkey"));
    }
}
