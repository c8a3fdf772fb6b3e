//! The directory (通訊錄): the organisation and its people, browsed and searched.

pub mod http;
pub mod index;
pub mod live;
pub mod model;
pub mod rules;
pub mod store;

pub use live::Directory;

#[cfg(test)]
mod tests;
