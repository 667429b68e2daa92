//! A Sentinel group under faults: after each failover the daemon finds the new primary, and nothing is lost or doubled.

use super::customers::{Customer, under_traffic};
use crate::harness::{Daemon, SESSION, TestSetup};
use crate::redis_nodes::SentinelGroup;

/// A group, whose nodes have these arguments, and a daemon on it that answers every message.
fn echo(test: &TestSetup, arguments: &[&str]) -> (SentinelGroup, Daemon) {
    let group = SentinelGroup::start(&test.directory.path().join("group"), arguments).unwrap();
    let daemon = test
        .setup("all")
        .set("REDIS_URL", group.url())
        .set("FLOW_FILE", test.echo())
        .set("WORKERS", "20")
        .start();
    (group, daemon)
}

fn customers() -> Vec<Customer> {
    (1..=4).map(|n| Customer::of(SESSION, n)).collect()
}

#[test]
fn failovers_planned_and_after_a_kill_lose_and_double_no_message() {
    let test = TestSetup::new();
    let (mut group, daemon) = echo(&test, &["--min-replicas-to-write", "1"]);
    under_traffic(&test, &daemon, &customers(), || {
        group.wait_until_replicated().unwrap();
        group.kill(0).unwrap();
        group.wait_for_failover(0).unwrap();
    });
    group.restart(0).unwrap();
    group.wait_until_whole().unwrap();
    under_traffic(&test, &daemon, &customers(), || {
        group.failover().unwrap();
    });
}

#[test]
fn what_a_frozen_primary_takes_when_it_goes_on_after_a_failover_does_not_count() {
    let test = TestSetup::new();
    let (group, daemon) = echo(&test, &[]);
    under_traffic(&test, &daemon, &customers(), || {
        group.wait_until_replicated().unwrap();
        group.nodes[0].freeze().unwrap();
        group.wait_for_failover(0).unwrap();
        // It goes on with the commands that waited at it, as if nothing had happened.
        group.nodes[0].thaw().unwrap();
        group.wait_until_whole().unwrap();
    });
}
