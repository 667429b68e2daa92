//! One turn: takes a script, a state, messages and the time, and returns a new state, replies and what comes next.

// Runs step after step: `Script::advance`, `Script::answered`.
pub(crate) mod engine;
// The result of a turn.
pub(crate) mod advance;
// What is known of a customer from earlier conversations.
pub(crate) mod known;
// Where a customer is in a flow, as Redis stores it.
pub(crate) mod state;

// The variables for templates and expressions.
pub(crate) mod words;
// A turn in progress, and what all kinds of steps share.
pub(crate) mod flow_turn;
// `ask`: takes an answer or a command, or rejects the message.
pub(crate) mod answering;
// Words that lead to a step from every question.
pub(crate) mod going;
// Finds the answer to a question in what a customer wrote.
pub(crate) mod question;
// `call`.
pub(crate) mod calling;
// `set` and `when`.
pub(crate) mod evaluate;
// `handoff`.
pub(crate) mod handoff;
// `rating`.
pub(crate) mod rating;
// `wait`.
pub(crate) mod pausing;
// The reminder, and the close.
pub(crate) mod silence;

// When a customer has finished writing.
pub(crate) mod burst;
// The body of a call.
pub(crate) mod call;
// Reads the shop's answer.
pub(crate) mod call_answer;
// Conversations that begin outside opening hours.
pub(crate) mod outside_hours;

#[cfg(test)]
mod tests;
