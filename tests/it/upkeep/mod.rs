//! Housekeeping: the history on disk, and flows that are reloaded.

mod audit;
mod backup;
mod data_dir;
mod disk_faults;
mod duties;
mod history;
mod idle_sessions;
mod keeper;
mod reload;
