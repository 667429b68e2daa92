//! A Redis Cluster under faults: the trouble of one shard stays its own, and nothing is lost, doubled or split.

use std::time::Duration;

use super::customers::{Customer, refused, slowest, under_traffic};
use crate::harness::{Daemon, TestSetup};
use crate::redis_nodes::Cluster;

/// A cluster, and a daemon on it that answers every message.
fn echo(test: &TestSetup) -> (Cluster, Daemon) {
    let cluster = Cluster::start(&test.directory.path().join("cluster"), &[]).unwrap();
    let daemon = test
        .setup("all")
        .set("REDIS_URL", cluster.url())
        .set("FLOW_FILE", test.echo())
        .set("WORKERS", "20")
        .start();
    (cluster, daemon)
}

/// Two customers for each master.
fn customers() -> Vec<Customer> {
    let sessions = Cluster::sessions();
    let of = |n: usize| Customer::of(&sessions[n % sessions.len()], n + 1);
    (0..2 * sessions.len()).map(of).collect()
}

#[test]
fn the_sessions_of_all_masters_are_served() {
    let test = TestSetup::new();
    let (_cluster, daemon) = echo(&test);
    let accounts = under_traffic(&test, &daemon, &customers(), || {});
    let sessions = Cluster::sessions();
    let sessions = sessions.each_ref().map(String::as_str);
    assert_eq!(refused(&accounts, &sessions), [""; 0]);
    let slowest = slowest(&accounts, &sessions);
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
}
