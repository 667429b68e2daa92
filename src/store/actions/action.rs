//! An action, and what came of it.

use crate::clock::Millis;
use crate::ids::{AgentName, ChatId, ConversationId, SessionName};
use crate::store::conversations::held_by::HeldBy;
use crate::store::error::StoreError;
use crate::store::scripts::answer::ScriptAnswer;
use crate::store::scripts::arguments::Arguments;
use crate::store::store::Store;
use crate::store::views::line_view::{LinePause, pause};

/// What kind of action it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionKind {
    /// An agent takes a conversation.
    Take,
    /// An agent says something.
    Say,
    /// A person notes something.
    Note,
    /// A person gives a conversation away.
    Give,
    /// A person closes a conversation.
    Close,
    /// The owner moves a customer in line.
    Move,
    /// The owner pauses a line.
    Pause,
    /// The owner ends a pause.
    Resume,
}

impl ActionKind {
    /// The name under which the answer to an action is kept: an id that is used again for something else is another action. `of`
    /// is the chat or the team.
    pub(super) fn key(self, of: &str, id: &str) -> String {
        let kind = match self {
            Self::Take => "take",
            Self::Say => "say",
            Self::Note => "note",
            Self::Give => "give",
            Self::Close => "close",
            Self::Move => "move",
            Self::Pause => "pause",
            Self::Resume => "resume",
        };
        format!("{kind}:{of}:{id}")
    }
}

/// Something that a person does to a conversation. It is only done if the conversation is as they saw it.
#[derive(Clone, Debug)]
pub struct Action {
    /// Unique for this action: repeating it within a day does nothing, and has the same answer.
    pub id: String,
    /// Who acts.
    pub by: AgentName,
    /// The chat.
    pub chat: ChatId,
    /// The conversation that they saw; `None`: whichever is open.
    pub conversation: Option<ConversationId>,
    /// The revision that they saw; `None`: any.
    pub rev: Option<u64>,
    /// Who has it, as they saw it.
    pub holder: HeldBy,
}

/// What came of an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Acted {
    /// It was done, or was done before under the same id.
    Done(Standing),
    /// They have this conversation already.
    Yours(Standing),
    /// Nobody waits in their lines.
    NobodyWaits,
    /// Somebody else has it, or nobody: see its holder.
    Held(Standing),
    /// It is another conversation by now, or has gone on.
    Changed(Standing),
    /// The chat has no open conversation.
    NotOpen(ChatId),
    /// The agent holds as many conversations as they may.
    TooMany,
    /// The line is paused.
    Paused(LinePause),
}

/// A conversation after an action, or as it is in place of what the person expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The chat.
    pub chat: ChatId,
    /// Its conversation.
    pub conversation: ConversationId,
    /// Who has it now.
    pub holder: HeldBy,
    /// Since when.
    pub since: Option<Millis>,
    /// What it was taken from (`line`, `bot`, `phone`, or `agent` and the name), or its place after a move; else empty.
    pub more: String,
}

impl Action {
    /// The arguments that every action begins with.
    pub(super) fn arguments(&self, kind: ActionKind) -> Arguments {
        action_arguments(self, kind, self.chat.as_str())
    }

    /// The same for the next conversation in line, whichever it is.
    pub(super) fn arguments_for_the_next(&self) -> Arguments {
        action_arguments(self, ActionKind::Take, "")
    }
}

fn action_arguments(action: &Action, kind: ActionKind, chat: &str) -> Arguments {
    let conversation = action.conversation.as_ref();
    let rev = action.rev.map(|rev| rev.to_string());
    Arguments::new()
        .text(kind.key(chat, &action.id))
        .text(&action.by)
        .text(chat)
        .text(conversation.map_or("", ConversationId::as_str))
        .text(rev.unwrap_or_default())
        .text(action.holder.name())
}

impl Store {
    /// What came of an action on a conversation that was done within the last day; `None` if there was none under this id. `chat` is
    /// the one that it named, or empty.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn acted_before(
        &self,
        session: &SessionName,
        (kind, chat): (ActionKind, &str),
        id: &str,
    ) -> Result<Option<Acted>, StoreError> {
        let key = self.inner.keys.action(session, &kind.key(chat, id));
        let stored: Option<String> = self.inner.client.get(key).await?;
        let texts = stored.and_then(|stored| serde_json::from_str::<Vec<String>>(&stored).ok());
        texts
            .map(|texts| acted(ScriptAnswer::of_texts(texts)))
            .transpose()
    }
}

/// Reads an answer as `answer_of` in the scripts makes it.
pub(super) fn acted(mut answer: ScriptAnswer) -> Result<Acted, StoreError> {
    let (result, chat) = (answer.text()?, ChatId::stored(answer.text()?));
    let conversation = ConversationId::stored(answer.text()?);
    let (holder, since, more) = (answer.text()?, answer.text()?, answer.text()?);
    let case = Standing {
        chat,
        conversation,
        holder: HeldBy::of(&holder),
        since: since.parse().ok().map(Millis::new),
        more,
    };
    Ok(match result.as_str() {
        "taken" | "said" | "noted" | "given" | "done" | "moved" => Acted::Done(case),
        "yours" => Acted::Yours(case),
        "nobody" => Acted::NobodyWaits,
        "held" => Acted::Held(case),
        "changed" => Acted::Changed(case),
        "closed" => Acted::NotOpen(case.chat),
        "many" => Acted::TooMany,
        "paused" => Acted::Paused(
            pause(&case.more).ok_or(StoreError::UnexpectedAnswer("why the line is paused"))?,
        ),
        _ => return Err(StoreError::UnexpectedAnswer("a known result")),
    })
}
