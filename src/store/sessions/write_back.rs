//! After a failover or a restart, Redis may have forgotten what was written last. Each process then writes back what it sent lately.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::clock::Millis;
use crate::ids::{ChatId, MessageId, ProcessId, SessionName};
use crate::store::connection::contact::ContactState;
use crate::store::error::StoreError;
use crate::store::lanes::lane::Settlement;
use crate::store::scripts::answer::ScriptAnswer;
use crate::store::scripts::arguments::Arguments;
use crate::store::scripts::keys::SEEN_TTL;
use crate::store::store::Store;

/// How many messages one call writes back.
const MESSAGES_MAX: usize = 500;

/// How long others are waited for. A process that does not write back in this time is dead, or never will.
const WAIT_MAX: Duration = Duration::from_secs(10);

/// The pause between two looks whether the others have written back.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// Tells when this process loses a connection or makes one: then the server of a session may be another one.
#[derive(Debug, Clone)]
pub struct ConnectionChanges(watch::Receiver<ContactState>);

impl ConnectionChanges {
    /// Waits for the next one. Returns false if there will be none.
    pub async fn next(&mut self) -> bool {
        self.0.changed().await.is_ok()
    }
}

/// What a call says besides the messages that it writes back.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Says {
    Nothing,
    /// With these messages this process has written back all.
    Last,
    /// All processes are told that the server is another one.
    Told,
}

/// The answer of Redis about a session.
struct WriteBackAnswer {
    /// The server is another one, and the processes must be told.
    is_untold: bool,
    /// This process has written back all before.
    was_back: bool,
    changed_at: Millis,
    back: HashSet<ProcessId>,
}

impl Store {
    /// The changes from now on.
    pub fn connection_changes(&self) -> ConnectionChanges {
        ConnectionChanges(self.inner.connections.contact.subscribe())
    }

    /// Writes back what this process sent lately in a session, if the server may be another one than before. A process that notices
    /// this tells all others to look for lost work and lost messages.
    ///
    /// # Errors
    /// See [`StoreError`]. It is done again at the next call.
    pub async fn write_back(&self, session: &SessionName) -> Result<(), StoreError> {
        let changes = self.inner.connections.contact.state().changes;
        if self.has_written_back(session) {
            return Ok(());
        }
        self.write_back_now(session).await?;
        if let Ok(mut done) = self.inner.written_back.lock() {
            done.insert(session.clone(), changes);
        }
        Ok(())
    }

    /// Whether nothing has to be written back since the last connection was made or lost.
    pub(crate) fn has_written_back(&self, session: &SessionName) -> bool {
        let changes = self.inner.connections.contact.state().changes;
        // Poisoned only if a thread panicked while it held the lock, which no line here can.
        let done = self.inner.written_back.lock();
        done.is_ok_and(|done| done.get(session) == Some(&changes))
    }

    /// Waits until each living process has written back what it sent in a session, but not for long.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn all_written_back(&self, session: &SessionName) -> Result<(), StoreError> {
        let begun = Instant::now();
        self.write_back(session).await?;
        while begun.elapsed() < WAIT_MAX {
            let answer = self.ask_written_back(session, &[], Says::Nothing).await?;
            if Millis::now().since(answer.changed_at) > WAIT_MAX {
                return Ok(());
            }
            let living = self.living_processes().await?;
            if living.iter().all(|process| answer.back.contains(process)) {
                return Ok(());
            }
            sleep(LOOK_INTERVAL).await;
        }
        Ok(())
    }

    /// The same even if this process did it before: Redis says that the server is another one.
    pub(crate) async fn write_back_now(&self, session: &SessionName) -> Result<(), StoreError> {
        let answer = self.ask_written_back(session, &[], Says::Nothing).await?;
        if !answer.was_back {
            let sent = &self.inner.connections.sent;
            // The replies first: a lane that has them still must not send them again.
            for (settlement, at) in sent.settled(session) {
                self.inner
                    .settle
                    .call(session, (Arc::new(without_lane(settlement)), at))
                    .await?;
            }
            let messages = sent.messages(session);
            for some in messages.chunks(MESSAGES_MAX) {
                self.ask_written_back(session, some, Says::Nothing).await?;
            }
            self.ask_written_back(session, &[], Says::Last).await?;
        }
        // A process that has just started looks everywhere, and catches up, all the same.
        let has_just_started = self.inner.connections.contact.state().lost_at == Millis::default();
        if answer.is_untold && !has_just_started {
            self.ring_session_works(session).await?;
            self.ask_written_back(session, &[], Says::Told).await?;
        }
        Ok(())
    }

    async fn ask_written_back(
        &self,
        session: &SessionName,
        messages: &[(MessageId, ChatId)],
        says: Says,
    ) -> Result<WriteBackAnswer, StoreError> {
        let contact = self.inner.connections.contact.state();
        let process = self.inner.connections.process.get();
        let mut arguments = Arguments::new()
            .length(SEEN_TTL)
            .text(process.map_or("", ProcessId::as_str))
            .time(contact.lost_at)
            .time(contact.made_at)
            .text(if says == Says::Last { "1" } else { "" })
            .text(if says == Says::Told { "1" } else { "" });
        for (message, chat) in messages {
            arguments.push_text(message);
            arguments.push_text(chat);
        }
        let script = &self.inner.scripts.write_back;
        let mut answer = ScriptAnswer::of(script.run(session, Millis::now(), arguments).await?)?;
        let (is_untold, was_back) = (answer.number()? == 1, answer.number()? == 1);
        let changed_at = answer.time()?;
        let mut back = HashSet::new();
        while answer.more() {
            back.insert(ProcessId::stored(answer.text()?));
        }
        Ok(WriteBackAnswer {
            is_untold,
            was_back,
            changed_at,
            back,
        })
    }
}

/// The same settlement by a process that does not hold the lane: it gets no next reply.
fn without_lane(settlement: Settlement) -> Settlement {
    Settlement {
        token: String::new(),
        ..settlement
    }
}
