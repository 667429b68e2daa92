//! The whole system from outside: the real binary, a real Redis, a WAHA that behaves like WAHA.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a helper of a test fails the test; it is no test function itself, as clippy.toml would allow"
)]

#[path = "../../examples/support/crowd.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "shared with the examples, which use other parts"
)]
mod crowd;
#[path = "../../examples/support/queue_day.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "shared with the examples, which use other parts"
)]
mod day;
#[path = "../../examples/support/fake_waha.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "shared with the examples, which use other parts"
)]
mod fake_waha;
#[path = "../../examples/support/traffic.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "shared with the examples, which use other parts"
)]
mod traffic;
#[path = "../../examples/support/volley.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "shared with the examples, which use other parts"
)]
mod volley;
#[path = "../../examples/support/webhook.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "shared with the examples, which use other parts"
)]
mod webhook;
#[path = "../../examples/support/wire.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "shared with the examples, which use other parts"
)]
mod wire;

mod before;
mod burst;
mod calls;
mod catch_up;
mod command_line;
mod dead_letters;
mod disk_faults;
mod documents;
mod doubt;
mod fake;
mod fixtures;
mod flow;
mod flow_faults;
mod flow_tools;
mod handoff;
mod harness;
mod history;
mod hostile;
mod hours;
mod listener;
mod log;
mod media;
mod owner;
mod people;
mod phone;
mod polls;
mod private_redis;
mod queue;
mod queue_day;
mod recovery;
mod redis_faults;
mod reload;
mod sender;
mod sessions;
mod store;
mod store_model;
mod tidy;
