//! The history as a whole, on real files.

mod aliases;
mod any_order;
mod changes;
mod database_file;
mod exactly_once;
mod pages;
mod people;
mod reading;
mod removing;
mod reports;
mod rig;
