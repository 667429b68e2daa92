//! One step of a conversation, committed as a whole.

use std::time::Duration;

use crate::clock;
use crate::clock::Millis;
use crate::ids::{ChatId, ProcessId, SessionName};
use crate::store::lanes::lane::Lane;
use crate::store::lanes::reply::Reply;
use crate::store::scripts::answer::ScriptAnswer;
use crate::store::scripts::arguments::Arguments;
use crate::store::scripts::batch::Batch;
use crate::store::scripts::registry::StateChange;

/// One step of a conversation.
#[derive(Clone, Debug)]
pub struct StepCommit {
    /// The chat.
    pub chat: ChatId,
    /// The epoch of the claim, from `HeldConversation`.
    pub epoch: String,
    /// The number of steps before this one.
    pub rev: u64,
    /// The first messages of the inbox, which the step consumed, with those withdrawn. They may have changed since they were read or a
    /// bell brought them ([`NewMessage`](crate::store::NewMessage)); and if a server that was replaced rang it, they are not there.
    pub consumed: Vec<String>,
    /// The flow's state after the step, JSON.
    pub state: String,
    /// The outcome, if it closes the conversation.
    pub close: Option<Close>,
    /// If it is handed off: for whom it waits.
    pub handoff: Option<Handoff>,
    /// What the flow remembers of the customer from now on, JSON; `None`: as before.
    pub known: Option<String>,
    /// The replies to the customer.
    pub replies: Vec<Reply>,
    /// The process that sends them, unless another one sends from the lane of this chat already, or this one has
    /// to write back first what it sent before a failover; `None`: any process.
    pub sender: Option<ProcessId>,
    /// The current time.
    pub now: Millis,
}

/// How a conversation closes.
#[derive(Clone, Debug)]
pub struct Close {
    /// The outcome, as the flow names it.
    pub outcome: String,
    /// The variables that the flow saved, JSON.
    pub variables: String,
    /// How long its state is kept; zero if it can't be resumed.
    pub resume_within: Duration,
    /// The customer was asked to rate it: what they answer within a day is kept.
    pub asks_rating: bool,
}

/// A wait for a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handoff {
    /// How long; zero: without limit.
    pub within: Duration,
    /// The team in whose line it waits; empty: any person.
    pub team: String,
    /// It stands before those that are not urgent.
    pub urgent: bool,
    /// What the person should know.
    pub note: String,
}

/// The result of a [`StepCommit`].
#[derive(Clone, Debug)]
pub enum Committed {
    /// The step was committed.
    Done {
        /// How many messages in the inbox are not consumed yet.
        unread: u64,
        /// The lane, if the sender of the step got it.
        lane: Option<Box<Lane>>,
    },
    /// Refused: another process or the owner has the conversation now, or this step was committed before.
    Stale,
    /// Refused: the inbox does not begin with what the step consumed. It must be read.
    NotInInbox,
}

pub(crate) fn commit_batch(script: StateChange) -> Batch<StepCommit, Committed> {
    let weight = |step: &StepCommit| {
        let consumed: usize = step.consumed.iter().map(String::len).sum();
        step.state.len() + consumed
    };
    Batch::start(
        weight,
        move |session: SessionName, steps: Vec<StepCommit>| {
            let script = script.clone();
            async move {
                let now = steps.iter().map(|step| step.now).max().unwrap_or_default();
                let mut arguments = Arguments::new();
                for step in &steps {
                    push_step(&mut arguments, step);
                }
                let mut answer = ScriptAnswer::of(script.run(&session, now, arguments).await?)?;
                let mut next = |step: StepCommit| {
                    let unread = answer.number()?;
                    let (token, element) = (answer.text()?, answer.text()?);
                    let lane = Lane::from_answer(step.chat, element, token, &mut answer)?;
                    Ok(match u64::try_from(unread) {
                        Ok(unread) => Committed::Done {
                            unread,
                            lane: lane.map(Box::new),
                        },
                        Err(_) if unread == -2 => Committed::NotInInbox,
                        Err(_) => Committed::Stale,
                    })
                };
                steps.into_iter().map(&mut next).collect()
            }
        },
    )
}

fn push_step(arguments: &mut Arguments, step: &StepCommit) {
    let (outcome, variables, resume_within) = step
        .close
        .as_ref()
        .map_or(("", "", Duration::ZERO), |close| {
            (&close.outcome, &close.variables, close.resume_within)
        });
    arguments.push_text(&step.chat);
    arguments.push_text(&step.epoch);
    arguments.push_text(step.rev.to_string());
    arguments.push_number(step.consumed.len() as i64);
    // JSON has no line ends of its own.
    arguments.push_text(step.consumed.join("\n"));
    arguments.push_text(&step.state);
    arguments.push_text(outcome);
    arguments.push_text(variables);
    arguments.push_length(resume_within);
    let handoff = step.handoff.as_ref();
    arguments.push_text(handoff.map_or_else(String::new, lua_handoff));
    arguments.push_text(handoff.map_or("", |handoff| &handoff.note));
    arguments.push_text(step.known.as_deref().unwrap_or_default());
    let asks_rating = step.close.as_ref().is_some_and(|close| close.asks_rating);
    arguments.push_text(if asks_rating { "1" } else { "" });
    arguments.push_text(step.sender.as_ref().map_or("", ProcessId::as_str));
    arguments.push_number(step.replies.len() as i64);
    for reply in &step.replies {
        arguments.push_text(reply.element());
    }
}

/// As `hand_off` in the script reads it.
fn lua_handoff(handoff: &Handoff) -> String {
    let priority = if handoff.urgent { "urgent" } else { "normal" };
    format!(
        "{} {priority} {}",
        clock::millis(handoff.within),
        handoff.team
    )
}
