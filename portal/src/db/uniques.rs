//! Names of SQLite's unique indexes. SQLite reports a violation by its columns, PostgreSQL by the name of the index; one
//! query at the start gives SQLite the names back.

use std::collections::HashMap;

use sqlx::SqlitePool;

use super::error::{DbError, DbResult};

/// From "table.a, table.b" to the name of the unique index on these columns. Empty for PostgreSQL.
#[derive(Debug, Default)]
pub(super) struct UniqueNames(HashMap<String, String>);

const QUERY: &str = "SELECT t.name, l.name, l.origin, i.name FROM sqlite_schema t \
     JOIN pragma_index_list(t.name) l ON l.\"unique\" = 1 JOIN pragma_index_info(l.name) i ON TRUE \
     WHERE t.type = 'table' ORDER BY t.name, l.name, i.seqno";

impl UniqueNames {
    /// Reads the schema. Two unique indexes on the same columns could not be told apart and are refused.
    pub(super) async fn read(pool: &SqlitePool) -> DbResult<UniqueNames> {
        let none = UniqueNames::default();
        let rows: Vec<(String, String, String, Option<String>)> =
            sqlx::query_as(QUERY).fetch_all(pool).await.map_err(|e| DbError::of(e, &none))?;
        let mut columns: HashMap<(String, String), Vec<String>> = HashMap::new();
        for (table, index, origin, column) in rows {
            let name = if origin == "pk" { format!("{table}_pkey") } else { index };
            // An expression has no column name; SQLite names the index itself then.
            let column = column.map_or_else(String::new, |column| format!("{table}.{column}"));
            columns.entry((table, name)).or_default().push(column);
        }
        let mut names = HashMap::new();
        for ((_, name), columns) in columns {
            let columns = columns.join(", ");
            if columns.contains('.')
                && let Some(other) = names.insert(columns.clone(), name.clone())
            {
                return Err(DbError::Unfit(format!(
                    "unique indexes {other} and {name} are both on {columns}"
                )));
            }
        }
        Ok(UniqueNames(names))
    }

    /// The index of "UNIQUE constraint failed: t.a, t.b" or "UNIQUE constraint failed: index 'name'".
    pub(super) fn of_message(&self, message: &str) -> String {
        let what = message.rsplit(": ").next().unwrap_or(message);
        match what.strip_prefix("index '").and_then(|rest| rest.strip_suffix('\'')) {
            Some(name) => name.to_owned(),
            None => self.0.get(what).cloned().unwrap_or_else(|| alias_key(what)),
        }
    }
}

/// An `INTEGER PRIMARY KEY` has no index of its own: its one column can only be the primary key.
fn alias_key(column: &str) -> String {
    column.split_once('.').map_or_else(|| column.to_owned(), |(table, _)| format!("{table}_pkey"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_give_names() {
        let names = UniqueNames(HashMap::from([("punch.a, punch.b".into(), "punch_ab_key".into())]));
        assert_eq!(names.of_message("UNIQUE constraint failed: punch.a, punch.b"), "punch_ab_key");
        assert_eq!(names.of_message("UNIQUE constraint failed: index 'punch_lower_key'"), "punch_lower_key");
        assert_eq!(names.of_message("UNIQUE constraint failed: punch.id"), "punch_pkey");
    }
}
