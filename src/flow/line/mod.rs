//! What people in line and the owner read, and when.

pub(crate) mod estimate;
pub(crate) mod notice;
pub(crate) mod owner_text;
