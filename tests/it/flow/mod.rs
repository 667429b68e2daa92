//! Flows as customers meet them, and the tools for people who write flows.

mod answers;
mod days;
mod dialogue;
mod faults;
mod hours;
mod polls;
mod tools;
