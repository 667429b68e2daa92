//! More than one Redis: a Cluster and a Sentinel group that fail in every way, and daemons that go on.

mod cluster;
mod customers;
mod migration;
mod sentinel;
