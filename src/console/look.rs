//! What the console knows: the lines, the chats that are open on a screen, and the people; as they were at the last look.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::readers::Readers;

use crate::clock::Millis;
use crate::flow::{LinePace, Script, estimate};
use crate::flows::Flows;
use crate::history::{ChatNames, LastWords, Transcript, TranscriptPage};
use crate::ids::{AgentName, ChatId, SessionName};
use crate::service::kit::session_rounds::in_each;
use crate::service::kit::store_error_log::StoreErrorLog;
use crate::service::kit::touched::{Touched, TouchedChats};
use crate::store::{Agent, ConversationView, LineKind, LinePart, LineView, Store, StoreError};

/// How many sessions are shown at once. Anybody who has more chooses one.
pub(super) const SESSIONS_MAX: usize = 20;
/// How many rows of a section are shown at first.
pub(super) const ROWS: usize = 50;
/// How many messages of a chat are shown, and kept up to date. Older ones are loaded when somebody scrolls to them.
pub(super) const TRANSCRIPT: u32 = 60;
/// How many unread messages and unsent replies of a chat are read.
const PEEK: usize = 50;
/// Agents, workers and the list of sessions change rarely: they are read again after this time.
const AROUND_INTERVAL: Duration = Duration::from_secs(1);

/// A chat of a session.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct ChatPlace {
    pub(super) session: SessionName,
    pub(super) chat: ChatId,
}

impl ChatPlace {
    /// The chat that a path names.
    pub(super) fn parse(session: &str, chat: &str) -> Option<Self> {
        Some(Self {
            session: SessionName::parse(session)?,
            chat: ChatId::person(chat)?,
        })
    }
}

/// See the module.
#[derive(Default)]
pub(super) struct Look {
    /// The beginning of our paths.
    pub(super) prefix: Arc<str>,
    pub(super) agents: Vec<Agent>,
    /// When each agent was last seen at work.
    pub(super) seen: HashMap<AgentName, Millis>,
    /// The bot seats of all processes.
    pub(super) workers: u64,
    pub(super) dead_letters: u64,
    pub(super) lines: BTreeMap<SessionName, SessionLook>,
    pub(super) chats: HashMap<ChatPlace, ChatLook>,
    pub(super) redis_away: bool,
    pub(super) history_away: bool,
    around_at: Option<Instant>,
    number: u64,
}

/// The line of a session.
pub(super) struct SessionLook {
    pub(super) prefix: Arc<str>,
    pub(super) line: LineView,
    /// Its flow, which names the teams and the time zone.
    pub(super) script: Arc<Script>,
    /// The last author and the customer's last words in each attended chat; empty if the history can't be read.
    pub(super) words: HashMap<ChatId, LastWords>,
    /// How fast the line for the bot moves.
    pub(super) pace: LinePace,
    /// WhatsApp is not connected: what WAHA said last.
    pub(super) down: Option<String>,
    /// The number of the look at which it was read.
    pub(super) number: u64,
}

/// One chat.
pub(super) struct ChatLook {
    /// The conversation that is open now.
    pub(super) view: Option<ConversationView>,
    /// What was said last; `None` if the history can't be read.
    pub(super) transcript: Option<Transcript>,
    pub(super) script: Arc<Script>,
}

impl Look {
    /// How long the customer at this place of a session's line waits for the bot; `None` while too little is known.
    pub(super) fn wait(&self, session: &SessionName, place: u64) -> Option<Duration> {
        let line = self.lines.get(session)?;
        let others = self.lines.iter().filter(|(other, _)| *other != session);
        let others: Vec<LinePace> = others.map(|(_, other)| other.pace).collect();
        estimate(&line.pace, &others, self.workers, place)
    }

    /// The agent, as they are now.
    pub(super) fn agent(&self, name: &AgentName) -> Option<&Agent> {
        self.agents.iter().find(|agent| agent.name == *name)
    }
}

/// What has changed, by session.
pub(super) type ChangedSessions = HashMap<SessionName, TouchedChats>;

fn has_chat(changed: &ChangedSessions, place: &ChatPlace) -> bool {
    match changed.get(&place.session) {
        Some(TouchedChats::All) => true,
        Some(TouchedChats::These(chats)) => chats.contains(&place.chat),
        None => false,
    }
}

/// Looks. Cheap to clone.
#[derive(Clone)]
pub(super) struct Looker {
    /// The beginning of our paths.
    pub(super) prefix: Arc<str>,
    pub(super) store: Store,
    pub(super) readers: Readers,
    pub(super) flows: Arc<Flows>,
    pub(super) touched: Arc<Touched>,
    pub(super) store_errors: Arc<StoreErrorLog>,
}

impl Looker {
    /// Whether the history can't be written: then nothing tells us what has changed.
    pub(super) fn history_in_trouble(&self) -> bool {
        self.touched.is_in_trouble()
    }

    /// Looks again at what has changed (`None`: at everything) and is shown on some page.
    ///
    /// # Errors
    /// If Redis fails. What was read before stays.
    pub(super) async fn look_again(
        &self,
        look: &mut Look,
        changed: Option<&ChangedSessions>,
        (places, rows): (HashSet<ChatPlace>, usize),
        now: Millis,
    ) -> Result<(), StoreError> {
        look.chats.retain(|place, _| places.contains(place));
        self.look_around(look, changed.is_none()).await?;
        let all = look.lines.keys();
        let changed_lines =
            all.filter(|session| changed.is_none_or(|changed| changed.contains_key(*session)));
        let changed_lines: Vec<SessionName> = changed_lines.cloned().collect();
        self.look_at_lines(look, changed_lines, rows, now).await?;
        for place in places {
            if changed.is_none_or(|changed| has_chat(changed, &place)) {
                let session = place.session.clone();
                if let Err(error) = self.look_at_chat(look, place, now).await {
                    let what = "the console can't look at a chat";
                    self.store_errors.log_of(&session, what, &error);
                }
            }
        }
        look.redis_away = false;
        Ok(())
    }

    /// Looks at what a page shows.
    ///
    /// # Errors
    /// If Redis fails.
    pub(super) async fn look_at_page(
        &self,
        look: &mut Look,
        (agent, place, rows): (&AgentName, Option<ChatPlace>, usize),
        now: Millis,
    ) -> Result<(), StoreError> {
        self.look_around(look, true).await?;
        let all = look.lines.keys();
        let served = all.filter(|session| {
            let agent = look.agent(agent);
            agent.is_some_and(|agent| agent.serves(session))
        });
        let served: Vec<SessionName> = served.cloned().collect();
        self.look_at_lines(look, served, rows, now).await?;
        if let Some(place) = place {
            self.look_at_chat(look, place, now).await?;
        }
        look.redis_away = false;
        Ok(())
    }

    /// Reads what is not about one session.
    async fn look_around(&self, look: &mut Look, at_once: bool) -> Result<(), StoreError> {
        let is_fresh = look
            .around_at
            .is_some_and(|at| at.elapsed() < AROUND_INTERVAL);
        look.prefix.clone_from(&self.prefix);
        look.history_away = self.history_in_trouble();
        if is_fresh && !at_once {
            return Ok(());
        }
        look.agents = self.store.agents().await?;
        look.seen = self.store.agents_seen().await?;
        look.workers = self.store.workers().await?;
        let mut sessions = self.store.sessions().await?;
        if sessions.len() > SESSIONS_MAX {
            sessions = self.store.busy_sessions().await?;
        }
        sessions.sort();
        sessions.truncate(SESSIONS_MAX);
        look.lines.retain(|session, _| sessions.contains(session));
        sessions.retain(|session| !look.lines.contains_key(session));
        self.look_at_lines(look, sessions, ROWS, Millis::now())
            .await?;
        let counting = in_each(look.lines.keys().cloned(), |session| {
            let store = self.store.clone();
            async move { store.dead_count(&session).await }
        });
        let counts = counting.await.into_iter();
        look.dead_letters = counts.filter_map(|(_, count)| count.ok()).sum();
        look.around_at = Some(Instant::now());
        Ok(())
    }

    /// Looks at the lines of these sessions. One that can't be read stays as it was, and the others are shown.
    ///
    /// # Errors
    /// If none of them can be read.
    async fn look_at_lines(
        &self,
        look: &mut Look,
        sessions: Vec<SessionName>,
        rows: usize,
        now: Millis,
    ) -> Result<(), StoreError> {
        let looking = in_each(sessions, |session| {
            let looker = self.clone();
            async move { looker.look_at_line(&session, rows, now).await }
        });
        let (mut read, mut failed) = (false, None);
        for (session, line) in looking.await {
            match line {
                Ok(line) => {
                    read = true;
                    look.number += 1;
                    let number = look.number;
                    look.lines.insert(session, SessionLook { number, ..line });
                }
                Err(error) => {
                    let what = "the console can't look at the line";
                    self.store_errors.log_of(&session, what, &error);
                    failed = Some(error);
                }
            }
        }
        failed.filter(|_| !read).map_or(Ok(()), Err)
    }

    async fn look_at_line(
        &self,
        session: &SessionName,
        rows: usize,
        now: Millis,
    ) -> Result<SessionLook, StoreError> {
        let line = self
            .store
            .line_view(session, LinePart::Everything, rows, now)
            .await?;
        let words = self.last_words(session, &line).await;
        let paused = self.store.paused_status(session).await?;
        let pace = self.store.pace(session).await?;
        Ok(SessionLook {
            prefix: self.prefix.clone(),
            line,
            script: self.flows.of(session),
            words,
            pace: LinePace {
                handling: pace.handling,
                measured: pace.measured,
                active: pace.active,
                waiting: pace.waiting,
                stalled_for: Duration::ZERO,
            },
            down: paused.map(|paused| paused.status),
            number: 0,
        })
    }

    /// The last words in the chats that are attended, or whose customers wrote nothing since they wait.
    async fn last_words(
        &self,
        session: &SessionName,
        line: &LineView,
    ) -> HashMap<ChatId, LastWords> {
        let attended = |kind: &LineKind| matches!(kind, LineKind::ByAgent | LineKind::ByBot);
        let sections = line.sections.iter();
        let chats: Vec<ChatId> = sections
            .flat_map(|section| section.rows.iter().map(move |row| (&section.kind, row)))
            .filter(|(kind, row)| attended(kind) || row.last.is_none())
            .map(|(_, row)| row.chat.clone())
            .collect();
        if chats.is_empty() {
            return HashMap::new();
        }
        let session = session.clone();
        let read = self
            .readers
            .read(move |history| history.last_words(&session, &chats));
        read.await.unwrap_or_default()
    }

    async fn look_at_chat(
        &self,
        look: &mut Look,
        place: ChatPlace,
        now: Millis,
    ) -> Result<(), StoreError> {
        let ChatPlace { session, chat } = &place;
        let view = self
            .store
            .conversation_view(session, chat, PEEK, now)
            .await?;
        let of = (session.clone(), ChatNames::from(chat));
        let read = move |history: &crate::history::History| {
            history.transcript(&of.0, &of.1, &TranscriptPage::Newest, TRANSCRIPT)
        };
        let transcript = self.readers.read(read).await.ok();
        let script = self.flows.of(session);
        let read = ChatLook {
            view,
            transcript,
            script,
        };
        look.chats.insert(place, read);
        Ok(())
    }
}
