//! See the room. The history is only read here: its archiver erases, in the order of the stream, so that nothing that was said before comes
//! back.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::clock::Millis;
use crate::history::{
    ChatNames, Conversation, History, HistoryError, Query, StoredErasure, StoredMessage,
};
use crate::ids::{AgentName, ChatId, SessionName};
use crate::store::{AuditKind, DeadLetter, Erasure, FilesWritten, Remembered, Store, StoreError};

/// How long we wait until a reply is sent that is on its way to the person.
const SENDING_MAX: Duration = Duration::from_secs(30);
/// After this time no echo comes of a reply that was just sent.
const ECHO_WITHIN: Duration = Duration::from_secs(3);
/// How often we look whether a notice about the person is still being sent. This reads all keys.
const NOTICE_INTERVAL: Duration = Duration::from_secs(1);
/// How often we look whether something is done.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);

/// How long to wait for the process that erases the history.
#[derive(Clone, Copy, Debug)]
pub struct ErasurePatience {
    /// While it is alive: writing a large file again takes a while, and so does a backup, which keeps it from that.
    pub alive: Duration,
    /// While it is not.
    pub gone: Duration,
}

/// A step of an erasure that is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErasureStep {
    /// Redis has nothing of the person; its files still may.
    Redis,
    /// The history and its file have nothing of the person.
    History,
    /// Redis has written its files again, if it may.
    RedisFiles,
}

/// Finds, exports and erases persons.
#[derive(Clone)]
pub struct Persons {
    /// Redis.
    pub store: Store,
    /// The file of the history; it may be missing.
    pub history: PathBuf,
}

/// Why something could not be done.
#[derive(Debug, thiserror::Error)]
pub enum PersonError {
    /// Redis.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The history.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// It is known nowhere, or was erased before.
    #[error("nothing is known of this person")]
    Unknown,
    /// A reply is on its way for too long.
    #[error(
        "a reply to this person, or a notice about them, is being sent. Their conversation is closed, but nothing is erased yet: try again"
    )]
    Sending,
    /// Another process keeps the history, in another file.
    #[error("this machine does not have the history, which is kept by {0}: do it there")]
    Elsewhere(String),
    /// The thread that reads the history ended.
    #[error("the history could not be read")]
    Thread,
}

/// Everything that we keep of a person.
#[derive(Debug, Serialize)]
pub struct PersonData {
    /// All ids of theirs.
    pub chats: Vec<ChatId>,
    /// What was said, oldest first.
    pub messages: Vec<StoredMessage>,
    /// Their conversations, with the notes and the ratings.
    pub conversations: Vec<Conversation>,
    /// What the flow remembers of them.
    pub remembered: Vec<Remembered>,
    /// Messages of theirs that nobody has read yet.
    pub unread: Vec<Value>,
    /// Replies to them that were not sent yet.
    pub unsent: Vec<Value>,
    /// Replies to them that were given up.
    pub dead: Vec<Value>,
}

/// A reply that was given up.
fn dead_reply(session: &SessionName, letter: &DeadLetter) -> Value {
    let (text, reply) = match &letter.reply {
        Ok(reply) => (json!(reply.text), json!(reply)),
        Err(unreadable) => (json!(unreadable), Value::Null),
    };
    json!({
        "session": session,
        "chat": letter.chat,
        "at": letter.at(),
        "reason": letter.reason,
        "text": text,
        "reply": reply,
    })
}

impl PersonData {
    fn is_empty(&self) -> bool {
        self.messages.is_empty()
            && self.conversations.is_empty()
            && self.remembered.is_empty()
            && self.unread.is_empty()
            && self.unsent.is_empty()
            && self.dead.is_empty()
    }
}

/// What came of an erasure.
#[derive(Debug)]
pub struct ErasedPerson {
    /// All ids of theirs.
    pub chats: Vec<ChatId>,
    /// The history has nothing of them any more, and no bytes of what it had. If not, it is erased as soon as its process can.
    pub history: bool,
    /// Whether the files of Redis still have bytes of them.
    pub redis: FilesWritten,
    /// They wrote while they were erased: they are a new customer.
    pub wrote_again: bool,
}

/// Where somebody is known.
struct KnownPerson {
    chats: Vec<ChatId>,
    /// The sessions in which the history has something of them.
    in_history: Vec<SessionName>,
    sessions: Vec<SessionName>,
}

impl Persons {
    /// Everything that we keep of a person, and leaves an audit line.
    ///
    /// # Errors
    /// [`PersonError::Unknown`] if there is nothing, and those of Redis and the history.
    pub async fn export(
        &self,
        names: &ChatNames,
        by: &AgentName,
        now: Millis,
    ) -> Result<PersonData, PersonError> {
        let known = self.find(names).await?;
        let chats = known.chats.clone();
        let read = self.with_history(move |history| read_all(history, &chats));
        let (messages, conversations) = read.await?.unwrap_or_default();
        let mut data = PersonData {
            chats: known.chats,
            messages,
            conversations,
            remembered: Vec::new(),
            unread: Vec::new(),
            unsent: Vec::new(),
            dead: Vec::new(),
        };
        for session in &known.sessions {
            for chat in &data.chats {
                data.remembered
                    .extend(self.store.remembered(session, chat).await?);
                let (unread, unsent) = self.store.waiting_messages(session, chat).await?;
                data.unread.extend(unread);
                data.unsent.extend(unsent);
            }
            let letters = self.store.all_dead_letters(session).await?;
            let theirs = letters
                .iter()
                .filter(|letter| data.chats.contains(&letter.chat));
            data.dead
                .extend(theirs.map(|letter| dead_reply(session, letter)));
        }
        if data.is_empty() {
            return Err(PersonError::Unknown);
        }
        self.store
            .record_audit(AuditKind::Exported, by, "a customer's data", "", now)
            .await?;
        Ok(data)
    }

    /// Erases a person in all sessions. Their open conversation is closed first. The history says that somebody was erased, and by whom, but not
    /// who. It is erased by the archiver, which we wait for; then Redis writes its files again, without what was deleted. `done` is called after
    /// each step.
    ///
    /// # Errors
    /// [`PersonError::Unknown`] if there is nothing, and they were not erased before. [`PersonError::Sending`], and those of Redis and the
    /// history. Repeating it is safe, and does what an erasure that was interrupted left.
    pub async fn erase(
        &self,
        names: &ChatNames,
        by: &AgentName,
        now: Millis,
        patience: ErasurePatience,
        done: impl Fn(ErasureStep),
    ) -> Result<ErasedPerson, PersonError> {
        let known = self.find(names).await?;
        let began = Instant::now();
        // First, because the marks may name an id that only what is erased next can tell: this may be killed in between. A notice that is
        // being sent is noted in the history when it is sent, so that must be before the erasure.
        while self
            .store
            .forget_marks(&known.sessions, &known.chats, now + began.elapsed())
            .await?
            > 0
        {
            if began.elapsed() > SENDING_MAX {
                return Err(PersonError::Sending);
            }
            sleep(NOTICE_INTERVAL).await;
        }
        let asked = (by, now);
        let (mut found, mut echo_may_come) = (false, false);
        for session in &known.sessions {
            let in_history = known.in_history.contains(session);
            match self
                .erase_in(session, &known.chats, in_history, asked, began)
                .await?
            {
                Erasure::Unknown => {}
                erased => {
                    found = true;
                    echo_may_come |= erased == Erasure::Again;
                }
            }
        }
        if !found && self.was_erased(names).await?.is_empty() {
            return Err(PersonError::Unknown);
        }
        self.store
            .forget_marks(&known.sessions, &known.chats, now + began.elapsed())
            .await?;
        if echo_may_come {
            sleep(ECHO_WITHIN).await;
        }
        // What came while the marks still named them may have made them known again.
        let mut again = false;
        for session in &known.sessions {
            let erased = self
                .erase_in(session, &known.chats, false, asked, began)
                .await?;
            again |= erased != Erasure::Unknown;
        }
        if again {
            self.store
                .forget_marks(&known.sessions, &known.chats, now + began.elapsed())
                .await?;
        }
        done(ErasureStep::Redis);
        let has_entry = found || again;
        let history = self
            .is_erased(&known.chats, now, has_entry, patience)
            .await?
            && self
                .rewrite_streams(&known.sessions, (now, began), patience)
                .await?
            // The entry of another session may have come last.
            && self
                .is_erased(&known.chats, now, has_entry, patience)
                .await?;
        if history {
            done(ErasureStep::History);
        }
        let redis = self.store.write_files_again().await?;
        done(ErasureStep::RedisFiles);
        let chats = known.chats.clone();
        let since = self.with_history(move |history| history.sessions_of_person(&chats));
        let wrote_again = since.await?.is_some_and(|sessions| !sessions.is_empty());
        Ok(ErasedPerson {
            chats: known.chats,
            history,
            redis,
            wrote_again: history && wrote_again,
        })
    }

    /// Erases a person in one session, when no reply is on its way to them.
    async fn erase_in(
        &self,
        session: &SessionName,
        chats: &[ChatId],
        in_history: bool,
        asked: (&AgentName, Millis),
        began: Instant,
    ) -> Result<Erasure, PersonError> {
        let chats = self.store.ids_of_person(session, chats).await?;
        loop {
            let at = asked.1 + began.elapsed();
            match self
                .store
                .erase(session, &chats, in_history, asked, at)
                .await?
            {
                Erasure::Sending if began.elapsed() > SENDING_MAX => {
                    return Err(PersonError::Sending);
                }
                Erasure::Sending => sleep(LOOK_INTERVAL).await,
                erased => return Ok(erased),
            }
        }
    }

    /// When a person with one of these names was erased, and by whom, oldest first.
    ///
    /// # Errors
    /// Those of the history.
    pub async fn was_erased(&self, names: &ChatNames) -> Result<Vec<StoredErasure>, PersonError> {
        let names = names.clone();
        let read = self.with_history(move |history| history.erasures(Some(&names)));
        Ok(read.await?.unwrap_or_default())
    }

    /// Whether it makes sense to wait on.
    async fn may_wait(
        &self,
        began: Instant,
        patience: ErasurePatience,
    ) -> Result<bool, PersonError> {
        let elapsed = began.elapsed();
        Ok(elapsed < patience.gone
            || elapsed < patience.alive
                && self
                    .store
                    .kept_history()
                    .await?
                    .is_some_and(|kept| kept.is_alive))
    }

    /// Waits, at most so long, until the history has nothing of a person from before `asked_at`, and no bytes of what it had. Returns whether that
    /// is so. `has_entry`: the history's stream has the entry by which they are erased.
    async fn is_erased(
        &self,
        chats: &[ChatId],
        asked_at: Millis,
        has_entry: bool,
        patience: ErasurePatience,
    ) -> Result<bool, PersonError> {
        let began = Instant::now();
        loop {
            let chats = chats.to_vec();
            let found = self.with_history(move |history| {
                let is_noted = !has_entry || history.has_erasure(&chats, asked_at)?;
                Ok(is_noted && !history.has_before(&chats, asked_at)? && history.is_clean()?)
            });
            if found.await?.unwrap_or(true) {
                return Ok(true);
            }
            if !self.may_wait(began, patience).await? {
                return Ok(false);
            }
            sleep(LOOK_INTERVAL).await;
        }
    }

    /// Removes what the archiver has read from the streams of these sessions, to the last byte. Waits for it at most so long, and returns whether it
    /// is done.
    async fn rewrite_streams(
        &self,
        sessions: &[SessionName],
        (now, began): (Millis, Instant),
        patience: ErasurePatience,
    ) -> Result<bool, PersonError> {
        for session in sessions {
            while !self
                .store
                .rewrite_history(session, now + began.elapsed())
                .await?
            {
                if !self.may_wait(began, patience).await? {
                    return Ok(false);
                }
                sleep(LOOK_INTERVAL).await;
            }
        }
        Ok(true)
    }

    /// Whether our file is the history's.
    async fn has_history(&self) -> Result<(), PersonError> {
        // Before the first process of this version there is no answer.
        let Some(kept) = self.store.kept_history().await? else {
            return Ok(());
        };
        match self.with_history(History::file_id).await? {
            Some(ours) if ours == kept.file => Ok(()),
            _ => Err(PersonError::Elsewhere(kept.label)),
        }
    }

    /// All ids of a person, and the sessions in which they may be known.
    async fn find(&self, names: &ChatNames) -> Result<KnownPerson, PersonError> {
        self.has_history().await?;
        let of_names = names.clone();
        let found = self.with_history(move |history| {
            let chats = history.ids_of_person(&of_names)?;
            let sessions = history.sessions_of_person(&chats)?;
            Ok((chats, sessions))
        });
        let (mut chats, in_history) = found.await?.unwrap_or_default();
        chats.extend(names.ids());
        let mut sessions = self.store.sessions().await?;
        sessions.extend(in_history.iter().cloned());
        sessions.sort();
        sessions.dedup();
        // Redis may know of another id that the history has not heard of yet.
        for session in &sessions {
            chats = self.store.ids_of_person(session, &chats).await?;
        }
        Ok(KnownPerson {
            chats,
            in_history,
            sessions,
        })
    }

    /// Reads the history; `None` if there is none.
    async fn with_history<T: Send + 'static>(
        &self,
        read: impl FnOnce(&History) -> Result<T, HistoryError> + Send + 'static,
    ) -> Result<Option<T>, PersonError> {
        let path = self.history.clone();
        let reading = tokio::task::spawn_blocking(move || match History::open_read_only(&path) {
            Ok(history) => read(&history).map(Some),
            Err(HistoryError::Missing { .. }) => Ok(None),
            Err(error) => Err(error),
        });
        Ok(reading.await.map_err(|_| PersonError::Thread)??)
    }
}

type HistoryOfPerson = (Vec<StoredMessage>, Vec<Conversation>);

/// The messages and the conversations of these chats.
fn read_all(history: &History, chats: &[ChatId]) -> Result<HistoryOfPerson, HistoryError> {
    let (mut messages, mut conversations) = (Vec::new(), Vec::new());
    for chat in chats {
        let query = Query {
            chat: Some(ChatNames::from(chat)),
            ..Query::default()
        };
        history.messages(&query, |message| {
            messages.push(message);
            ControlFlow::Continue(())
        })?;
        history.conversations(&query, |conversation| {
            conversations.push(conversation);
            ControlFlow::Continue(())
        })?;
    }
    Ok((messages, conversations))
}
