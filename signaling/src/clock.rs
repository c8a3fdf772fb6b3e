//! The clock of the shell: the one place of this crate that reads time or waits for it to pass.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// Now, for deadlines. Follows tokio's clock, so a test may pause it.
#[expect(clippy::disallowed_methods, reason = "the shell reads the clock here and hands it to the cores")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Now as UTC milliseconds, for the record; a clock before 1970 counts as 1970.
#[expect(clippy::disallowed_methods, reason = "the shell reads the clock here and hands it to the cores")]
pub(crate) fn wall_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}

/// The pause before something outside is tried again.
#[expect(clippy::disallowed_methods, reason = "nothing announces that a database is back")]
pub(crate) async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}
