//! The two migration folders and the schemas they make.

use std::collections::BTreeSet;

use crate::db::migrate::{POSTGRES, SQLITE};
use crate::db::with_dbs::{Folder, START, with_dbs};
use crate::db::{Db, DbError, DbResult, Kind, Place, Tx};

#[test]
fn both_folders_have_the_same_files() {
    let files = |migrator: &sqlx::migrate::Migrator| {
        migrator.iter().map(|file| (file.version, file.description.to_string())).collect::<Vec<_>>()
    };
    assert_eq!(files(&SQLITE), files(&POSTGRES));
    let versions: Vec<i64> = SQLITE.iter().map(|file| file.version).collect();
    assert_eq!(versions, (1..=versions.len() as i64).collect::<Vec<_>>(), "numbered 0001, 0002, ...");
}

/// "table.column type null|not null", "index table unique columns", with SQLite's types in PostgreSQL's families.
async fn schema(tx: &mut Tx<'_>) -> BTreeSet<String> {
    match &mut tx.kind {
        Kind::Sqlite(inner) => sqlx::query_scalar(SQLITE_SCHEMA).fetch_all(&mut **inner).await,
        Kind::Postgres(inner) => sqlx::query_scalar(POSTGRES_SCHEMA).fetch_all(&mut **inner).await,
    }
    .expect("schema")
    .into_iter()
    .collect()
}

const SQLITE_SCHEMA: &str = "\
    SELECT t.name || '.' || c.name || ' ' || lower(c.type) || CASE WHEN c.\"notnull\" THEN ' not null' ELSE '' END \
    FROM sqlite_schema t JOIN pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name NOT LIKE '\\_sqlx%' ESCAPE '\\' \
    UNION ALL \
    SELECT 'index ' || CASE WHEN l.origin = 'pk' THEN t.name || '_pkey' ELSE l.name END || ' on ' || t.name \
    || CASE WHEN l.\"unique\" THEN ' unique' ELSE '' END FROM sqlite_schema t JOIN pragma_index_list(t.name) l \
    WHERE t.type = 'table' AND t.name NOT LIKE '\\_sqlx%' ESCAPE '\\' \
    UNION ALL \
    SELECT 'index ' || t.name || '_pkey on ' || t.name || ' unique' FROM sqlite_schema t JOIN pragma_table_info(t.name) c \
    WHERE t.type = 'table' AND c.pk = 1 AND lower(c.type) = 'integer' AND t.name NOT LIKE '\\_sqlx%' ESCAPE '\\' \
    AND NOT EXISTS (SELECT 1 FROM pragma_index_list(t.name) l WHERE l.origin = 'pk') \
    UNION ALL \
    SELECT t.name || '.' || f.\"from\" || ' references ' || f.\"table\" || ' ' || lower(f.on_delete) \
    FROM sqlite_schema t JOIN pragma_foreign_key_list(t.name) f WHERE t.type = 'table'";

const POSTGRES_SCHEMA: &str = "\
    SELECT c.table_name || '.' || c.column_name || ' ' || CASE c.data_type WHEN 'bigint' THEN 'integer' \
    WHEN 'boolean' THEN 'integer' WHEN 'uuid' THEN 'blob' WHEN 'bytea' THEN 'blob' WHEN 'jsonb' THEN 'text' \
    WHEN 'double precision' THEN 'real' ELSE c.data_type END || CASE c.is_nullable WHEN 'NO' THEN ' not null' ELSE '' END \
    FROM information_schema.columns c WHERE c.table_schema = 'public' AND c.table_name NOT LIKE '\\_sqlx%' \
    UNION ALL \
    SELECT 'index ' || i.relname || ' on ' || t.relname || CASE WHEN x.indisunique THEN ' unique' ELSE '' END \
    FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid \
    JOIN pg_namespace n ON n.oid = t.relnamespace WHERE n.nspname = 'public' AND t.relname NOT LIKE '\\_sqlx%' \
    UNION ALL \
    SELECT t.relname || '.' || a.attname || ' references ' || p.relname || ' ' || CASE k.confdeltype \
    WHEN 'c' THEN 'cascade' WHEN 'n' THEN 'set null' WHEN 'r' THEN 'restrict' ELSE 'no action' END \
    FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid JOIN pg_class p ON p.oid = k.confrelid \
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = ANY (k.conkey) WHERE k.contype = 'f'";

#[tokio::test]
async fn both_databases_have_the_same_schema() {
    let schemas = std::sync::Mutex::new(Vec::new());
    with_dbs(async |db| {
        let found = schema(&mut db.read().await.expect("read")).await;
        schemas.lock().expect("schemas").push(found);
    })
    .await;
    let schemas = schemas.into_inner().expect("schemas");
    let [sqlite, postgres] = schemas.as_slice() else { panic!("two databases") };
    assert!(sqlite.contains("outbox.frame text not null"), "{sqlite:#?}");
    let only = |here: &BTreeSet<String>, there: &BTreeSet<String>| {
        here.difference(there).cloned().collect::<Vec<_>>()
    };
    assert_eq!((only(sqlite, postgres), only(postgres, sqlite)), (vec![], vec![]));
}

/// What stood in the tables before they were rebuilt stands there afterwards, children included.
#[tokio::test]
async fn a_database_of_the_version_before_telephones_keeps_its_rows() {
    let folder = Folder::new("upgrade");
    let place = Place::Sqlite(folder.0.join("test.sqlite3"));
    let Place::Sqlite(path) = &place else { panic!("a file") };
    let pool = crate::db::sqlite::migration_pool(path).await.expect("opens");
    let old = SQLITE.iter().filter(|file| file.version <= 4).cloned().collect();
    sqlx::migrate::Migrator::with_migrations(old).run(&pool).await.expect("migrates");
    for text in [
        "INSERT INTO call VALUES (x'01', 'direct', 1, x'02', 5, 9, 'ended')",
        "INSERT INTO leg VALUES (x'01', x'03', x'02', 5, 6, 9, 'ended', 0, 0)",
        "INSERT INTO audit VALUES (x'04', 5, x'02', NULL, 'log_in', 'done', '192.0.2.0/24', 'r')",
    ] {
        sqlx::query(text).execute(&pool).await.expect(text);
    }
    pool.close().await;
    let db = Db::open(&place, START).await.expect("opens");
    let mut tx = db.read().await.expect("read");
    let Kind::Sqlite(inner) = &mut tx.kind else { panic!("SQLite") };
    let query = "SELECT (SELECT CAST(COUNT(*) AS INTEGER) FROM call WHERE ended_at = 9), \
        (SELECT CAST(COUNT(*) AS INTEGER) FROM leg WHERE answered_at = 6 AND line_name IS NULL), \
        (SELECT CAST(COUNT(*) AS INTEGER) FROM audit WHERE request_id = 'r' AND subject IS NULL)";
    let kept: (i64, i64, i64) = sqlx::query_as(query).fetch_one(&mut **inner).await.expect("read");
    assert_eq!(kept, (1, 1, 1));
    drop(tx);
    db.close().await;
}

#[tokio::test]
async fn every_sqlite_table_is_strict() {
    with_dbs(async |db| {
        let mut tx = db.read().await.expect("read");
        if let Kind::Sqlite(inner) = &mut tx.kind {
            let query = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND strict = 0 \
                AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE '\\_sqlx%' ESCAPE '\\'";
            let lax: Vec<String> = sqlx::query_scalar(query).fetch_all(&mut **inner).await.expect("tables");
            assert_eq!(lax, Vec::<String>::new());
        }
    })
    .await;
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_alone() {
    let folder = Folder::new("newer");
    let place = Place::Sqlite(folder.0.join("test.sqlite3"));
    let db = Db::open(&place, START).await.expect("opens");
    let mut tx = db.write(crate::db::Scope::slice("test")).await.expect("write");
    newer(&mut tx).await.expect("insert");
    tx.commit().await.expect("commit");
    db.close().await;
    let refusal = Db::open(&place, START).await.expect_err("newer than this program");
    assert!(matches!(&refusal, DbError::Unfit(text) if text.contains("9999")), "{refusal}");
}

async fn newer(tx: &mut Tx<'_>) -> DbResult<()> {
    crate::db::on!(tx, c => async move {
        sqlx::query("INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
            VALUES (9999, 'newer', TRUE, x'00', 0)").execute(c).await.map(|_| ())
    })
}

#[tokio::test]
async fn servers_that_start_together_do_not_harm_each_other() {
    let folder = Folder::new("together");
    let place = Place::Sqlite(folder.0.join("test.sqlite3"));
    let (one, other) = tokio::join!(Db::open(&place, START), Db::open(&place, START));
    let (one, other) = (one.expect("first"), other.expect("second"));
    assert_eq!(one.epoch(), other.epoch());
    one.close().await;
    other.close().await;
}
