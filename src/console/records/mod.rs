//! What was said and done in the past: searched, downloaded and counted.

mod answers; // the pages and the JSON
mod asked; // what a search asks for
mod download; // all that a search finds, as a file
mod found; // a page of what a search finds
mod reported; // what a report is about

pub(super) use asked::SearchKind;
pub(super) use found::{FoundHits, SearchFound};
pub(super) use reported::{AskedReport, PERIODS};
