//! From TOML to a script, with every mistake and its place.

pub(crate) mod call;
pub(crate) mod check;
pub(crate) mod expect;
pub(crate) mod hours;
pub(crate) mod loader;
pub(crate) mod reader;
pub(crate) mod schema;
pub(crate) mod set_when_wait;
pub(crate) mod steps;
