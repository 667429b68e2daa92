//! The history as a whole, on real files.

mod aliases;
mod any_order;
mod exactly_once;
mod files;
mod reading;
mod rig;
