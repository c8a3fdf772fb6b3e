//! Calls as they are remembered: the journal that survives a crash, and each person's history with its missed calls.

pub mod events;
pub mod http;
pub mod journal;
pub mod model;
pub mod rules;
pub mod store;

pub use journal::CallJournal;

#[cfg(test)]
mod tests;
