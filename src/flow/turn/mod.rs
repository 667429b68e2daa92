//! One turn: from a script, a state, an input and the present to a new state, replies and what comes next.

// Goes from step to step: `Script::advance`, `Script::answered`.
pub(crate) mod engine;
// What comes of a turn.
pub(crate) mod advance;
// Where a customer is in a flow, as it is kept in Redis.
pub(crate) mod state;

// A turn in progress, and the moves that all steps share.
pub(crate) mod flow_turn;
// `ask`: an answer, a command, or what does not fit.
pub(crate) mod answering;
// What answers a question, among all that a customer wrote.
pub(crate) mod question;
// `call`.
pub(crate) mod calling;
// `set` and `when`.
pub(crate) mod evaluate;
// `handoff`.
pub(crate) mod handoff;
// `wait`.
pub(crate) mod pausing;
// The reminder, and the close.
pub(crate) mod silence;

// When a customer has finished writing.
pub(crate) mod burst;
// What a call says.
pub(crate) mod call;
// What the shop may answer.
pub(crate) mod call_answer;
// Conversations that begin while it is closed.
pub(crate) mod outside_hours;

#[cfg(test)]
mod tests;
