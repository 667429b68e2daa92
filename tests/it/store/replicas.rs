//! A Redis with replicas: what waits for them, and what the start says about it.

use serde_json::Value;

use std::path::Path;

use crate::harness::{SESSION, TestSetup, chat, eventually};
use crate::redis_nodes::{Node, single};
use crate::webhook;

/// Its first copy goes out at once.
const PRIMARY: [&str; 6] = [
    "--save",
    "",
    "--appendonly",
    "yes",
    "--repl-diskless-sync-delay",
    "0",
];

fn replica_of(primary: &Node, directory: &Path) -> Node {
    let address = primary.address();
    let (host, port) = address.split_once(':').unwrap();
    let replica = single(directory, &["--save", "", "--replicaof", host, port]).unwrap();
    eventually("the replica is complete", || {
        (primary.replicas().ok()? == 1).then_some(())
    });
    replica
}

#[test]
fn a_webhook_is_answered_when_enough_replicas_have_its_event() {
    let test = TestSetup::new();
    let primary = single(&test.directory.path().join("primary"), &PRIMARY).unwrap();
    let daemon = test
        .setup("all")
        .set("REDIS_URL", format!("redis://{}", primary.address()))
        .set("FLOW_FILE", test.echo())
        .set("ACK_REPLICAS", "1")
        .start();
    daemon.wait_for_log("ACK_REPLICAS is 1, and Redis has 0 replicas");
    let event = webhook::message(SESSION, &chat(1), "Ana", "one");
    daemon.refuses(&event);
    daemon.wait_for_log("of the 1 replicas that ACK_REPLICAS demands, 0 had the event");
    let _replica = replica_of(&primary, &test.directory.path().join("replica"));
    // WAHA repeats it: it was stored all the same, and does nothing twice.
    let post = |event| daemon.posts_until_accepted(event)["result"].clone();
    assert_eq!(post(&event), "duplicate");
    let two = webhook::message(SESSION, &chat(1), "Ana", "two");
    // A repetition, if the replica was slow.
    assert!(
        ["active", "duplicate"]
            .map(Value::from)
            .contains(&post(&two))
    );
    assert_eq!(test.texts(&chat(1), 2), ["one", "two"]);
}

#[test]
fn a_primary_that_waits_for_no_replica_causes_a_warning_at_the_start() {
    let test = TestSetup::new();
    let primary = single(&test.directory.path().join("primary"), &PRIMARY).unwrap();
    let _replica = replica_of(&primary, &test.directory.path().join("replica"));
    let warns = |min_replicas: &str, ack_replicas: &str| {
        let command = format!("CONFIG SET min-replicas-to-write {min_replicas}");
        primary.tell(&command).unwrap();
        let daemon = test
            .setup("all")
            .set("REDIS_URL", format!("redis://{}", primary.address()))
            .set("ACK_REPLICAS", ack_replicas)
            .start();
        daemon.log().contains("set min-replicas-to-write 1")
    };
    assert!(warns("0", "0"));
    assert!(!warns("1", "0"));
    assert!(!warns("0", "1"));
}
