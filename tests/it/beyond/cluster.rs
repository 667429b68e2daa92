//! A Redis Cluster under faults: the trouble of one shard stays its own, and nothing is lost or doubled.

use std::time::Duration;

use super::customers::{Customer, refused, slowest, under_traffic};
use crate::harness::{Daemon, TestSetup, eventually};
use crate::redis_nodes::Cluster;

/// How long a webhook of a shard that is well may take while another is not, on a busy machine.
pub(super) const AT_ONCE: Duration = Duration::from_millis(1_500);

/// A cluster, and a daemon on it that answers every message.
pub(super) fn echo(test: &TestSetup) -> (Cluster, Daemon) {
    let cluster = Cluster::start(&test.directory.path().join("cluster"), &[]).unwrap();
    let daemon = test
        .setup("all")
        .set("REDIS_URL", cluster.url())
        .set("FLOW_FILE", test.echo())
        .set("WORKERS", "20")
        .start();
    (cluster, daemon)
}

/// Two customers for each of these sessions.
pub(super) fn customers(sessions: &[&str]) -> Vec<Customer> {
    let of = |n: usize| Customer::of(sessions[n % sessions.len()], n + 1);
    (0..2 * sessions.len()).map(of).collect()
}

#[test]
fn while_a_master_is_dead_or_frozen_sessions_on_the_others_see_no_503_and_its_own_come_back() {
    let test = TestSetup::new();
    let (mut cluster, daemon) = echo(&test);
    let sessions = Cluster::sessions();
    let [dead, frozen, well] = sessions.each_ref().map(String::as_str);
    let all = customers(&[dead, frozen, well]);

    let accounts = under_traffic(&test, &daemon, &all, || {
        cluster.kill(0).unwrap();
        cluster.wait_for_failover(dead, 0).unwrap();
        cluster.restart(0).unwrap();
    });
    let others = [frozen, well];
    assert_eq!(refused(&accounts, &others), [""; 0]);
    let slowest_other = slowest(&accounts, &others);
    assert!(slowest_other < AT_ONCE, "{slowest_other:?}");
    cluster.wait_until_whole().unwrap();
    // So the others refuse everything for a moment, as they do by default. No customer must notice.
    for node in &cluster.nodes {
        let set = ["CONFIG", "SET", "cluster-require-full-coverage", "yes"];
        node.ask(&set).unwrap();
    }
    let accounts = under_traffic(&test, &daemon, &all, || {
        let master = cluster.master_of(frozen).unwrap();
        cluster.nodes[master].freeze().unwrap();
        cluster.wait_for_failover(frozen, master).unwrap();
        // It goes on with the commands that waited at it, as if nothing had happened.
        cluster.nodes[master].thaw().unwrap();
    });
    assert_eq!(refused(&accounts, &[dead, well]), [""; 0]);
}

#[test]
fn sessions_are_served_while_a_whole_shard_of_others_is_gone() {
    let test = TestSetup::new();
    let (mut cluster, daemon) = echo(&test);
    let sessions = Cluster::sessions();
    for gone in 0..3 {
        let others = [1, 2].map(|n| sessions[(gone + n) % 3].as_str());
        let nodes = [gone, gone + 3];
        let accounts = under_traffic(&test, &daemon, &customers(&others), || {
            for node in nodes {
                cluster.kill(node).unwrap();
            }
            // Longer than a process may be silent.
            let begun = std::time::Instant::now();
            eventually("the shard is gone for a while", || {
                (begun.elapsed() > Duration::from_secs(4)).then_some(())
            });
        });
        assert_eq!(refused(&accounts, &others), [""; 0]);
        let slowest = slowest(&accounts, &others);
        assert!(slowest < AT_ONCE, "without shard {gone}: {slowest:?}");
        for node in nodes {
            cluster.restart(node).unwrap();
        }
        cluster.wait_until_whole().unwrap();
    }
}
