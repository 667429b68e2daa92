//! The Lua scripts, the only places where state changes: how they are put together and called, and every key.

pub(crate) mod answer;
pub(crate) mod arguments;
pub(crate) mod batch;
pub(crate) mod keys;
pub(crate) mod registry;
pub(crate) mod values;
