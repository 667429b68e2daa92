//! Reads mutated input until the time is over: events, answers, flow files and templates. Nothing may panic or take too long, and
//! what is accepted keeps its promises.
//!
//! `FUZZ_SECONDS` is the time for each target (default 1), and `FUZZ_SEED` repeats a run. An input that fails is printed and
//! written to `target/fuzz`; after the mend it goes into `tests/fixtures/fuzz/<target>`, whose files every run reads first.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a helper of a test fails the test; it is no test function itself, as clippy.toml would allow"
)]

mod answers;
mod corpus;
mod events;
mod flows;
mod mutator;
mod run;
mod templates;
