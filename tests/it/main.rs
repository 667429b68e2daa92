//! The whole system from outside: the real binary, a real Redis, a WAHA that behaves like WAHA.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
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
#[path = "../../examples/support/hostile.rs"]
mod hostile;
#[path = "../../examples/support/redis_nodes.rs"]
#[allow(
    dead_code,
    unused_imports,
    reason = "shared with the examples, which use other parts"
)]
mod redis_nodes;
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

mod accounts;
mod beyond;
mod cli;
mod console;
mod deliver;
mod desk;
mod flow;
mod handle;
mod harness;
mod inlet;
mod line;
mod owner;
mod store;
mod tidy;
mod upkeep;
