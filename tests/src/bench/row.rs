//! One figure, the table of all, and the same as JSON.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

/// One figure of a run. `ratio_to_limit` is value / limit: what counts on a shared machine, where absolute figures do not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Stable name, `part.figure`.
    pub name: String,
    /// What was measured, in `unit`.
    pub value: f64,
    /// Unit, with what it is per: `µs/packet`, `KB`, `ms`.
    pub unit: String,
    /// The physical limit or the promised bound, in `unit`, where there is one.
    pub limit: Option<f64>,
    /// The same figure of other servers, measured in this run.
    pub peers: BTreeMap<String, f64>,
    /// `value / limit`.
    pub ratio_to_limit: Option<f64>,
    /// What a reader of the figure must know: a peer that was not measured, or not in full.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl Row {
    /// A figure without limit or peers.
    pub fn new(name: &str, value: f64, unit: &str) -> Row {
        Row {
            name: name.into(),
            value,
            unit: unit.into(),
            limit: None,
            peers: BTreeMap::new(),
            ratio_to_limit: None,
            notes: Vec::new(),
        }
    }

    /// Adds the limit; the ratio follows from it.
    #[must_use]
    pub fn limit(mut self, limit: f64) -> Row {
        self.limit = Some(limit);
        self.ratio_to_limit = (limit > 0.0).then_some(self.value / limit);
        self
    }

    /// Adds a peer's figure.
    #[must_use]
    pub fn peer(mut self, name: &str, value: f64) -> Row {
        self.peers.insert(name.into(), value);
        self
    }

    /// Adds a remark, which the table shows below the figure.
    #[must_use]
    pub fn note(mut self, text: String) -> Row {
        self.notes.push(text);
        self
    }
}

/// The table as text, one line per figure.
pub fn table(rows: &[Row], machine: &str) -> String {
    let mut text = format!(
        "{machine}\n{:<24} {:>12} {:<14} {:>12} {:>8}  peers\n",
        "figure", "value", "unit", "limit", "ratio"
    );
    for row in rows {
        let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"));
        let peers: Vec<String> = row.peers.iter().map(|(name, value)| format!("{name} {value:.3}")).collect();
        let peers = peers.join(", ");
        let (value, limit, ratio) = (number(Some(row.value)), number(row.limit), number(row.ratio_to_limit));
        // Writing to a String cannot fail.
        let _ =
            writeln!(text, "{:<24} {value:>12} {:<14} {limit:>12} {ratio:>8}  {peers}", row.name, row.unit);
        for note in &row.notes {
            let _ = writeln!(text, "    {note}");
        }
    }
    text
}

/// Processor, cores and kernel of this machine, for the head of the table.
pub fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cpu = read("/proc/cpuinfo");
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("unknown processor");
    let cores = cpu.lines().filter(|line| line.starts_with("processor")).count();
    let load = read("/proc/loadavg");
    format!(
        "{} x {}, Linux {}, load {}",
        cores,
        model.trim_start_matches([' ', '\t', ':']),
        read("/proc/sys/kernel/osrelease").trim(),
        load.split(' ').next().unwrap_or("?")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratio_is_of_value_to_limit() {
        let row = Row::new("media.forward_video", 3.0, "µs/packet").limit(1.5).peer("janus", 30.0);
        assert_eq!(row.ratio_to_limit, Some(2.0));
        let text = table(std::slice::from_ref(&row), "a machine");
        assert!(text.contains("media.forward_video") && text.contains("janus 30.000"), "{text}");
        let json = serde_json::to_value(&row).expect("a row is JSON");
        assert_eq!(json.get("notes"), None);
        assert_eq!(json["peers"]["janus"], 30.0);
        assert_eq!(Row::new("x", 1.0, "ms").limit(0.0).ratio_to_limit, None);
    }

    #[test]
    fn notes_stand_below_their_figure() {
        let row = Row::new("x", 1.0, "ms").note("janus was not measured".into());
        assert!(table(&[row], "a machine").ends_with("\n    janus was not measured\n"));
    }
}
