//! Call records as a file.

use axum::http::StatusCode;

use super::columns::{self, Cell, Language};
use super::csv;
use super::model::{Cursor, Filter, Record};
use super::ods::Ods;
use super::port::page;
use super::rules::MAX_EXPORT;
use crate::app::App;
use crate::error::{ApiError, ApiResult};

/// Records that are read at once.
const BATCH: usize = 1_000;

/// All records that the filter lets through.
///
/// # Errors
/// `too_many_records` past [`MAX_EXPORT`].
pub(super) async fn all(app: &App, filter: &Filter) -> ApiResult<Vec<Record>> {
    let mut records = Vec::new();
    let mut after = Some(Cursor { at: filter.to, id: uuid::Uuid::nil() });
    while let Some(from) = after {
        let (mut found, next) = page(app, filter, from, BATCH).await?;
        records.append(&mut found);
        if records.len() > MAX_EXPORT {
            return Err(too_many());
        }
        after = next;
    }
    Ok(records)
}

const fn too_many() -> ApiError {
    let (zh, en) = (
        "符合的通話紀錄超過 50,000 筆，請縮小查詢範圍再匯出。",
        "More than 50,000 call records match. Narrow the search, then export again.",
    );
    ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "too_many_records", zh, en)
}

/// The file as CSV.
pub(super) fn as_csv(records: &[Record], language: Language) -> String {
    let mut out = String::from(csv::BYTE_ORDER_MARK);
    csv::line(&mut out, &heads(language));
    for record in records {
        csv::line(&mut out, &columns::row(record, language));
    }
    out
}

/// The file as a spreadsheet.
///
/// # Errors
/// See [`Ods`].
pub(super) fn as_ods(records: &[Record], language: Language) -> std::io::Result<Vec<u8>> {
    let heads = heads(language);
    let mut ods = Ods::new(heads.len())?;
    ods.row(&heads)?;
    for record in records {
        ods.row(&columns::row(record, language))?;
    }
    ods.finish()
}

fn heads(language: Language) -> Vec<Cell> {
    columns::heads(language).into_iter().map(|head| Cell::Text(head.to_owned())).collect()
}
