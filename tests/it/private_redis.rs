//! The private Redis: started, adopted, started again, and missed with a word of advice.

use crate::harness::{Corner, ask, chat, eventually};

#[test]
fn one_that_dies_is_started_again_and_has_lost_nothing() {
    let corner = Corner::new();
    let daemon = corner.setup("all").set("FLOW_FILE", corner.echo()).start();
    daemon.says(&chat(1), "before");
    corner.texts(&chat(1), 1);
    let socket = corner.directory.path().join("data/redis/redis.sock");
    // It says nothing when it goes.
    let _ = ask(&socket, "SHUTDOWN NOSAVE");
    daemon.wait_for_log("the private Redis ended");
    eventually("it takes messages again", || {
        let event = crate::webhook::message(crate::harness::SESSION, &chat(1), "Ana", "after");
        (daemon.poster.post(&event).ok()?.0 == 200).then_some(())
    });
    assert_eq!(corner.texts(&chat(1), 2), ["before", "after"]);
}

#[test]
fn a_data_directory_deeper_than_a_socket_may_lie_works_too() {
    let corner = Corner::new();
    let mut setup = corner.setup("all").set("FLOW_FILE", corner.echo());
    setup.data_dir = corner
        .directory
        .path()
        .join("a directory with spaces/".to_owned() + &"x".repeat(100));
    let mut daemon = setup.start();
    daemon.says(&chat(1), "hello");
    assert_eq!(corner.texts(&chat(1), 1), ["hello"]);
    assert_eq!(daemon.terminate().0.code(), Some(0));
}
