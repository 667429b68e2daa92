//! One step of a conversation, committed as a whole.

use crate::ids::{ChatId, SessionName};
use crate::store::error::StoreError;
use crate::store::lanes::reply::Reply;
use crate::store::scripts::answer::{Millis, ScriptAnswer};
use crate::store::scripts::arguments::Arguments;
use crate::store::scripts::batch::Batch;
use crate::store::scripts::registry::StateChange;

/// One step of a conversation.
#[derive(Clone, Debug)]
pub struct StepCommit {
    /// The chat, in its normal form.
    pub chat: ChatId,
    /// From [`Claimed`].
    pub epoch: String,
    /// The number of steps before this one.
    pub rev: u64,
    /// How many messages of the inbox it consumed.
    pub consumed: usize,
    /// The flow's state after it, JSON.
    pub state: String,
    /// The outcome, if it closes the conversation.
    pub close: Option<Close>,
    /// How long it waits for a person from now on, in ms, if it is handed to one; 0: for as long as it takes.
    pub handoff: Option<Millis>,
    /// What the customer is told.
    pub replies: Vec<Reply>,
    /// Now.
    pub now: Millis,
}

/// How a conversation closes.
#[derive(Clone, Debug)]
pub struct Close {
    /// In the flow's words.
    pub outcome: String,
    /// What was saved, JSON.
    pub variables: String,
    /// How long its state is kept, in ms; 0 where it can't be resumed.
    pub resume_within: i64,
}

/// What became of a [`StepCommit`].
#[derive(Clone, Debug)]
pub enum Committed {
    /// Done.
    Done {
        /// Messages in the inbox that are still to be consumed.
        unread: u64,
    },
    /// Refused: the conversation is another owner's by now, or this step was committed before.
    Stale,
}

pub(crate) fn commit_batch(script: StateChange) -> Batch<StepCommit, Committed> {
    Batch::start(move |session: SessionName, steps: Vec<StepCommit>| {
        let script = script.clone();
        async move {
            let now = steps.iter().map(|step| step.now).max().unwrap_or(0);
            let mut arguments = Arguments::new();
            for step in &steps {
                push_step(&mut arguments, step);
            }
            let mut answer = ScriptAnswer::of(script.run(&session, now, arguments).await?)?;
            steps.iter().map(|_| committed(answer.number()?)).collect()
        }
    })
}

fn push_step(arguments: &mut Arguments, step: &StepCommit) {
    let (outcome, variables, resume_within) = step.close.as_ref().map_or(("", "", 0), |close| {
        (&close.outcome, &close.variables, close.resume_within)
    });
    arguments.push_text(&step.chat);
    arguments.push_text(&step.epoch);
    arguments.push_text(step.rev.to_string());
    arguments.push_number(step.consumed as i64);
    arguments.push_text(&step.state);
    arguments.push_text(outcome);
    arguments.push_text(variables);
    arguments.push_number(resume_within);
    match step.handoff {
        Some(within) => arguments.push_number(within),
        None => arguments.push_text(""),
    }
    arguments.push_number(step.replies.len() as i64);
    for reply in &step.replies {
        arguments.push_text(reply.element());
    }
}

fn committed(unread: i64) -> Result<Committed, StoreError> {
    Ok(u64::try_from(unread).map_or(Committed::Stale, |unread| Committed::Done { unread }))
}
