//! The Lua scripts: how they are put together and called, and the names of all keys.

pub(crate) mod answer;
pub(crate) mod arguments;
pub(crate) mod batch;
pub(crate) mod even_if_full;
pub(crate) mod from_redis;
pub(crate) mod keys;
pub(crate) mod registry;
