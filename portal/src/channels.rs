//! The closed union of what durable topics carry, and the files that tell the web app.
//!
//! A new channel adds a variant here; the web app does not compile until it handles it.

use std::path::Path;
use std::{fs, io};

use serde::{Deserialize, Serialize};
use signaling::wire::{close_codes, declarations};
use ts_rs::TS;

use crate::calls::events::HistoryEvent;

/// An event of a durable topic: `{"type","data"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(untagged)]
pub enum ChannelEvent {
    /// Call history, on `person:<id>`.
    History(HistoryEvent),
}

/// `wire.ts`: the frames of the WebSocket and the events of all channels.
pub fn wire_types() -> String {
    declarations().with::<ChannelEvent>().text() + &close_codes()
}

/// Writes `wire.ts` and `openapi.json`.
pub fn export(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join("wire.ts"), wire_types())?;
    fs::write(folder.join("openapi.json"), crate::routes::openapi())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_files_are_fresh() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("web/src/gen");
        for (name, fresh) in [("wire.ts", wire_types()), ("openapi.json", crate::routes::openapi())] {
            let committed = fs::read_to_string(folder.join(name)).unwrap_or_default();
            assert!(committed == fresh, "{name} is stale: run `make types`");
        }
    }

    #[test]
    fn events_of_channels_are_part_of_the_module() {
        let text = wire_types();
        assert!(text.contains("export type ChannelEvent = "), "{text}");
        assert!(
            text.contains("\"history.missed\"") && text.contains("export type HistoryEntry = "),
            "{text}"
        );
    }
}
