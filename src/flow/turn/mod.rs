//! One turn: from a flow, a state, an input and the present to a new state, replies and what comes next.

pub(crate) mod burst;
pub(crate) mod engine;
pub(crate) mod evaluate;
pub(crate) mod handoff;
pub(crate) mod state;
