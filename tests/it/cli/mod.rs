//! The command line, the log, and the documents that describe them.

mod agents;
mod attend;
mod command_line;
mod copying;
mod doctor;
mod documents;
mod health;
mod history;
mod history_of_people;
mod leaks;
mod line;
mod log;
mod person;
mod privacy;
mod retention;
mod shell;
mod show;
