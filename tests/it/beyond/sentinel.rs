//! A Sentinel group under faults: after each failover the daemon finds the new primary, and nothing is lost or doubled.

use super::customers::{Customer, under_traffic};
use crate::harness::{SESSION, TestSetup};
use crate::redis_nodes::SentinelGroup;

#[test]
fn failovers_planned_and_after_a_kill_lose_and_double_no_message() {
    let test = TestSetup::new();
    let mut group = SentinelGroup::start(&test.directory.path().join("group"), &[]).unwrap();
    let daemon = test
        .setup("all")
        .set("REDIS_URL", group.url())
        .set("FLOW_FILE", test.echo())
        .set("WORKERS", "20")
        .start();
    let customers: Vec<_> = (1..=4).map(|n| Customer::of(SESSION, n)).collect();
    under_traffic(&test, &daemon, &customers, || {
        group.kill(0).unwrap();
        group.wait_for_failover(0).unwrap();
    });
    group.restart(0).unwrap();
    group.wait_until_whole().unwrap();
    under_traffic(&test, &daemon, &customers, || {
        group.failover().unwrap();
    });
}
