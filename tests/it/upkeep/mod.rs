//! Housekeeping: the history on disk, and flows that are reloaded.

mod disk_faults;
mod history;
mod reload;
