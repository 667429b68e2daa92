//! Turns a flow file into a script, and reports every mistake with its place.

// The whole file: `Script::load`. The built-in flows are beside it, in `built_in_flows`.
pub(crate) mod flow_file;

// TOML, for people: typed values with their places, and the mistakes.
pub(crate) mod reader;
// Explains what is not TOML, and what is not UTF-8.
pub(crate) mod encoding;
pub(crate) mod toml_mistakes;
mod toml_text;
// Collects templates, paths and mistakes while a file is read.
pub(crate) mod loader;
// Checks the steps together: can each be reached, does each path lead to a step.
pub(crate) mod check;

pub(crate) mod commands;
pub(crate) mod hours;
// `[team.sales]`.
pub(crate) mod teams;
// `locale` and `timezone`.
pub(crate) mod locale;
// `[limits]`.
pub(crate) mod limits;
// Names of time zones, and what people write in their place.
pub(crate) mod timezone;
// `[timeouts]` and `[notices]`.
pub(crate) mod timeouts;

// One file for each kind of step.
pub(crate) mod ask;
pub(crate) mod call;
pub(crate) mod steps;
// `remember` of a step, and the use of what is remembered.
pub(crate) mod remember;
// `expect` and `pattern` of an `ask`.
pub(crate) mod expect;
pub(crate) mod handoff;
pub(crate) mod rating;
pub(crate) mod say;
pub(crate) mod set_when_wait;

// The form of flow files as a JSON Schema, for editors.
pub(crate) mod schema;
