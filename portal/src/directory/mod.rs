//! The directory (通訊錄): the organisation and its people, browsed and searched.

pub mod index;
pub mod model;
