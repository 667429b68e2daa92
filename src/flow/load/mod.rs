//! From a flow file to a script, with every mistake and its place.

// The whole file: `Script::load`. The built-in flows lie beside, in `built_in_flows`.
pub(crate) mod flow_file;

// TOML, for people: typed values with their places, and the mistakes.
pub(crate) mod reader;
// What is gathered while a file is read.
pub(crate) mod loader;
// The steps as a whole: is every one reached, does each way lead somewhere.
pub(crate) mod check;

pub(crate) mod commands;
pub(crate) mod hours;
// `locale` and `timezone`.
pub(crate) mod locale;
// `[timeouts]` and `[notices]`.
pub(crate) mod timeouts;

// Each step by its kind.
pub(crate) mod ask;
pub(crate) mod call;
pub(crate) mod steps;
// `expect` and `pattern` of an `ask`.
pub(crate) mod expect;
pub(crate) mod handoff;
pub(crate) mod say;
pub(crate) mod set_when_wait;

// The form of flow files as a JSON Schema, for editors.
pub(crate) mod schema;
