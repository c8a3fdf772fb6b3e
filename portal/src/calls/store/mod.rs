//! Calls and legs in the database.

mod history;
mod journal;

pub use history::{history, mark_seen, others, part, unseen_missed};
pub use journal::{answer_leg, close_call, end_leg, invite_leg, open_call, open_calls, open_legs};
