//! A record as a row of a file: the columns, their heads, and the words for codes, in both languages. Pure.

use signaling::ports::{Direction, LegKind};
use signaling::wire::call::EndReason;
use time::OffsetDateTime;
use time::macros::offset;

use super::model::Record;

/// Language of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
pub enum Language {
    /// Traditional Chinese as written in Taiwan.
    #[default]
    #[serde(rename = "zh-Hant")]
    Chinese,
    /// English.
    #[serde(rename = "en")]
    English,
}

/// A value of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Nothing.
    Empty,
    /// Text as it is.
    Text(String),
    /// A number.
    Number(f64),
    /// A time of Taiwan, which has no summer time: `2026-11-24T17:05:03`.
    Time(String),
}

/// Heads of the columns: Traditional Chinese and English.
const HEADS: [(&str, &str); 20] = [
    ("開始時間", "Started"),
    ("方向", "Direction"),
    ("類別", "Kind"),
    ("經由", "Via"),
    ("發話", "From"),
    ("受話", "To"),
    ("同仁", "Person"),
    ("響鈴時間", "Ringing"),
    ("接聽時間", "Answered"),
    ("結束時間", "Ended"),
    ("通話秒數", "Seconds talked"),
    ("結束原因", "Reason"),
    ("SIP 狀態", "SIP status"),
    ("編碼", "Codec"),
    ("遺失率（進）%", "Loss in %"),
    ("遺失率（出）%", "Loss out %"),
    ("抖動 ms", "Jitter ms"),
    ("往返 ms", "Round trip ms"),
    ("MOS", "MOS"),
    ("通話識別碼", "Call"),
];

/// Heads in a language.
pub fn heads(language: Language) -> Vec<&'static str> {
    HEADS.iter().map(|head| language.pick(*head)).collect()
}

/// A record as the values below [`heads`].
pub fn row(record: &Record, language: Language) -> Vec<Cell> {
    let Record { leg, person_name } = record;
    let text = |text: Option<&str>| text.map_or(Cell::Empty, |text| Cell::Text(text.to_owned()));
    let percent = |share: Option<f32>| share.map_or(Cell::Empty, |share| rounded(f64::from(share) * 100.0));
    let number = |value: Option<f64>| value.map_or(Cell::Empty, rounded);
    vec![
        time(Some(leg.started_at)),
        text(Some(direction(leg.direction, language))),
        text(Some(kind(leg.kind, language))),
        text(Some(&leg.via)),
        text(Some(&leg.from)),
        text(Some(&leg.to)),
        text(person_name.as_deref()),
        time(leg.ringing_at),
        time(leg.answered_at),
        time(Some(leg.ended_at)),
        number(leg.answered_at.map(|at| (leg.ended_at - at).max(0) as f64 / 1_000.0)),
        text(Some(reason(leg.reason, language))),
        number(leg.status.map(f64::from)),
        text(leg.codec.as_deref()),
        percent(leg.loss),
        percent(leg.loss_there),
        number(leg.jitter_ms.map(f64::from)),
        number(leg.rtt_ms.map(f64::from)),
        number(leg.mos.map(f64::from)),
        text(leg.call.map(|call| call.0.to_string()).as_deref()),
    ]
}

fn rounded(value: f64) -> Cell {
    // NaN and infinity are no numbers of a spreadsheet.
    if value.is_finite() { Cell::Number((value * 100.0).round() / 100.0) } else { Cell::Empty }
}

fn time(at: Option<i64>) -> Cell {
    let moment = at.and_then(|at| OffsetDateTime::from_unix_timestamp(at.div_euclid(1_000)).ok());
    let Some(t) = moment.map(|moment| moment.to_offset(offset!(+8))) else { return Cell::Empty };
    let (date, clock) = (t.date(), t.time());
    Cell::Time(format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
        date.year(),
        u8::from(date.month()),
        date.day(),
        clock.hour(),
        clock.minute(),
        clock.second()
    ))
}

impl Language {
    fn pick<'a>(self, (zh, en): (&'a str, &'a str)) -> &'a str {
        match self {
            Language::Chinese => zh,
            Language::English => en,
        }
    }
}

fn direction(direction: Direction, language: Language) -> &'static str {
    language.pick(match direction {
        Direction::In => ("來電", "in"),
        Direction::Out => ("去電", "out"),
    })
}

fn kind(kind: LegKind, language: Language) -> &'static str {
    language.pick(match kind {
        LegKind::App => ("應用程式", "app"),
        LegKind::Phone => ("話機", "telephone"),
        LegKind::Trunk => ("中繼線", "trunk"),
    })
}

fn reason(reason: EndReason, language: Language) -> &'static str {
    language.pick(match reason {
        EndReason::Declined => ("拒接", "declined"),
        EndReason::Busy => ("忙線", "busy"),
        EndReason::NoAnswer => ("無人接聽", "no answer"),
        EndReason::Cancelled => ("取消", "cancelled"),
        EndReason::Unreachable => ("無法接通", "unreachable"),
        EndReason::Failed => ("失敗", "failed"),
        EndReason::AnsweredElsewhere => ("已在其他裝置接聽", "answered elsewhere"),
        EndReason::DeclinedElsewhere => ("已在其他裝置拒接", "declined elsewhere"),
        EndReason::Moved => ("移至其他裝置", "moved"),
        EndReason::Transferred => ("轉接", "transferred"),
        EndReason::NumberUnknown => ("空號", "number unknown"),
        EndReason::LineDown => ("電話系統中斷", "telephone system down"),
        EndReason::Ended => ("結束", "ended"),
    })
}
