//! A process whose connections to Redis are lost one at a time, while the others live: it knows that it can't do all of its work.

use std::time::Duration;

use crate::harness::{TestSetup, chat, eventually};
use crate::redis_nodes::{self, Link};
use crate::webhook;

/// How many connections `waha-sm all` has.
const CONNECTIONS: usize = 5;

#[test]
fn a_process_that_lost_one_of_its_connections_is_not_ready_and_gives_up_its_leases() {
    std::thread::scope(|scope| {
        for n in 0..CONNECTIONS {
            scope.spawn(move || lose(n));
        }
    });
}

/// Another process continues while the `n`th connection is gone. Once it is back, the first one works again.
fn lose(n: usize) {
    let test = TestSetup::new();
    let node = redis_nodes::single(test.directory.path(), &["--save", ""]).unwrap();
    let link = Link::new(node.port(), Duration::ZERO).unwrap();
    let start = |role: &'static str, port: u16| {
        test.setup(role)
            .set("REDIS_URL", format!("redis://127.0.0.1:{port}"))
            .set("FLOW_FILE", test.echo())
            .start()
    };
    let daemon = start("all", link.port());
    let post =
        |text| daemon.posts_until_accepted(&webhook::message("default", &chat(1), "Ana", text));
    let is_ready = |wanted| {
        eventually(&format!("connection {n}: /ready answers {wanted}"), || {
            (daemon.get("/ready").0 == wanted).then_some(())
        });
    };
    post("before");
    test.texts(&chat(1), 1);
    assert_eq!(link.connections(), CONNECTIONS);
    let mut other = start("work", node.port());
    link.cut_one(n);
    is_ready(503);
    other.wait_for_log("claimed a conversation");
    link.mend();
    is_ready(200);
    post("during");
    test.texts(&chat(1), 2);
    other.kill();
    post("after");
    assert_eq!(test.texts(&chat(1), 3), ["before", "during", "after"]);
}
