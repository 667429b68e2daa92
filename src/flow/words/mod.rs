//! How people write: languages, spelling, and choosing among options.

pub(crate) mod choose;
pub(crate) mod fold;
pub(crate) mod locale;
