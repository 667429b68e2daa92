//! The agents of a soak: they take customers, answer each message with its own words, note, give away, close, leave without a
//! word, and the owner moves customers and pauses lines. They work through the same desk as the command line.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::time::sleep;
use waha_sm::clock::Millis;
use waha_sm::ids::{AgentName, ChatId, SessionName};
use waha_sm::service::desk::desk::{Desk, Doing, GiveAway, Seen};
use waha_sm::service::desk::refusal::Refusal;
use waha_sm::store::{
    Acted, Agent, Connections, ConversationView, LineKind, LinePart, MoveTo, RedisServer, Store,
    StoreConfig,
};

use super::customers::{SESSIONS, customer};

/// Who works. The owner also moves and pauses; dora often leaves without a word.
const NAMES: [&str; 4] = ["owner", "ana", "bia", "dora"];
/// The teams of the soak's flow.
pub(crate) const TEAMS: [&str; 2] = ["sales", "support"];
/// How many customers each may hold.
const MAX_CHATS: u32 = 12;
/// How long dora stays away: longer than `agent_gone` in [`TIMEOUTS`].
const AWAY: Duration = Duration::from_secs(5);
/// Between two actions of one agent.
const PAUSE_MS: std::ops::Range<u64> = 5..50;
/// How long an action is tried again while Redis is away.
const TRY_AGAIN: Duration = Duration::from_millis(200);
const CONNECT_PATIENCE: Duration = Duration::from_secs(30);
/// More than any customer of the soak has unread.
const ALL: usize = 10_000;

/// What customers read who write while a line is paused.
pub(crate) const PAUSED: &str = "We are back soon.";

/// What the flow needs for them: teams, no notices, and those words.
pub(crate) fn flow() -> String {
    format!(
        "[team.sales]\n[team.support]\n[notices]\nfirst_after = \"8d\"\n[texts]\npaused = \"{PAUSED}\"\n"
    )
}

/// What its timeouts need: little patience with agents who are away.
pub(crate) const TIMEOUTS: &str = "[timeouts]\nagent_quiet = \"6s\"\nagent_gone = \"4s\"\n";

/// What agents do, from the beginning to the end.
const WORK: u8 = 0;
/// They give everybody back to the bot.
const GIVE_BACK: u8 = 1;
const GO_HOME: u8 = 2;

/// How often each thing was done or refused.
pub(crate) type Counts = BTreeMap<&'static str, usize>;

/// See the module documentation.
pub(crate) struct Agents {
    phase: Arc<AtomicU8>,
    counts: Arc<Mutex<Counts>>,
    threads: Vec<JoinHandle<()>>,
}

impl Agents {
    /// They begin at once, each on their own thread with their own connections.
    pub(crate) fn start(url: &str, chats: usize, seed: u64) -> std::io::Result<Self> {
        let mut agents = Self {
            phase: Arc::default(),
            counts: Arc::default(),
            threads: Vec::new(),
        };
        for (n, name) in NAMES.into_iter().enumerate() {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            let (phase, counts) = (agents.phase.clone(), agents.counts.clone());
            let (chance, url) = (
                fastrand::Rng::with_seed(seed ^ (n as u64 + 1)),
                url.to_owned(),
            );
            let work = async move || {
                let Ok(name) = name.parse() else { return };
                let Ok(store) = connect(url).await else {
                    return;
                };
                let person = Person {
                    name,
                    store,
                    chance,
                    chats,
                    phase,
                    counts,
                };
                person.work().await;
            };
            let thread = std::thread::Builder::new()
                .name(name.to_owned())
                .spawn(move || runtime.block_on(work()))?;
            agents.threads.push(thread);
        }
        Ok(agents)
    }

    /// From now on they give everybody whom they hold, and everybody who waits for a person, back to the bot.
    pub(crate) fn give_back(&self) {
        self.phase.store(GIVE_BACK, Ordering::Relaxed);
    }

    /// Returns what they did.
    pub(crate) fn end(self) -> Counts {
        self.phase.store(GO_HOME, Ordering::Relaxed);
        for thread in self.threads {
            let _ = thread.join();
        }
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.clone()
    }
}

async fn connect(url: String) -> Result<Store, waha_sm::store::StoreError> {
    let config = StoreConfig {
        server: RedisServer::Url(url),
        prefix: "waha-sm:".to_owned(),
        first_notice_after: Duration::from_secs(3_600).into(),
        connections: Connections::default(),
    };
    Store::connect(&config, CONNECT_PATIENCE).await
}

/// One agent.
struct Person {
    name: AgentName,
    store: Store,
    chance: fastrand::Rng,
    chats: usize,
    phase: Arc<AtomicU8>,
    counts: Arc<Mutex<Counts>>,
}

/// A conversation that they look at.
struct Case {
    session: SessionName,
    view: ConversationView,
}

impl Person {
    fn phase(&self) -> u8 {
        self.phase.load(Ordering::Relaxed)
    }

    fn count(&self, what: &'static str) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(what).or_default() += 1;
    }

    async fn work(mut self) {
        let mut agent = Agent::new(self.name.clone());
        agent.max_chats = MAX_CHATS;
        if self.name.as_str() == "ana" {
            agent.teams = vec![TEAMS[0].to_owned()];
        }
        while self.phase() != GO_HOME && self.store.save_agent(&agent).await.is_err() {
            sleep(TRY_AGAIN).await;
        }
        while self.phase() != GO_HOME {
            match self.phase() {
                WORK => self.acts().await,
                _ => self.gives_all_back().await,
            }
            sleep(Duration::from_millis(self.chance.u64(PAUSE_MS))).await;
        }
        self.store.close().await;
    }

    /// One thing that people do.
    async fn acts(&mut self) {
        let is_owner = self.name.is_owner();
        match self.chance.u32(..40) {
            0..2 => self.takes_next().await,
            2..4 => self.takes_any().await,
            4 if is_owner => self.pauses().await,
            5 if is_owner => self.moves().await,
            6 if self.name.as_str() == "dora" && self.chance.u32(..6) == 0 => {
                self.count("left without a word");
                sleep(AWAY).await;
            }
            _ => {
                if let Some(case) = self.one_of_mine().await {
                    self.serves(&case).await;
                }
            }
        }
    }

    async fn serves(&mut self, case: &Case) {
        let unread = case.view.unread.first().map(|one| one.text.clone());
        match (self.chance.u32(..24), unread) {
            (0, _) => self.gives(case, GiveAway::Bot, "gave to the bot").await,
            (1, _) => {
                let team = TEAMS[self.chance.usize(..TEAMS.len())].to_owned();
                self.gives(case, GiveAway::Team(team), "gave to a team")
                    .await;
            }
            (2, _) => {
                let name = NAMES[self.chance.usize(..NAMES.len())].parse();
                if let Ok(name) = name {
                    self.gives(case, GiveAway::Agent(name), "gave to a colleague")
                        .await;
                }
            }
            (3, _) => {
                let doing = self.doing(case, Some(0));
                self.does("closed", async |desk| {
                    desk.close(&doing, "solved", Millis::now()).await
                })
                .await;
            }
            (4, _) => {
                let doing = self.doing(case, None);
                self.does("noted", async |desk| {
                    desk.note(&doing, "wants the parcel", Millis::now()).await
                })
                .await;
            }
            (_, Some(text)) => {
                let doing = self.doing(case, Some(1));
                self.does("said", async |desk| {
                    desk.say(&doing, &text, Millis::now()).await
                })
                .await;
            }
            (_, None) => {}
        }
    }

    async fn takes_next(&mut self) {
        let id = self.new_id();
        self.does("took the next", async |desk| {
            let taken = desk.take_next(&id, None, Millis::now()).await?;
            Ok(taken.1)
        })
        .await;
    }

    /// Anybody, wherever they are: with the bot, or in a line.
    async fn takes_any(&mut self) {
        let (session, chat) = customer(self.chance.usize(..self.chats));
        let doing = Doing {
            id: self.new_id(),
            session: SessionName::stored(session),
            chat: ChatId::stored(chat),
            seen: None,
        };
        self.does("took one by name", async |desk| {
            desk.take(&doing, None, Millis::now()).await
        })
        .await;
    }

    async fn gives(&mut self, case: &Case, to: GiveAway, what: &'static str) {
        // What is not answered yet is for whoever gets them.
        let doing = self.doing(case, Some(0));
        self.does(what, async |desk| {
            desk.give(&doing, &to, Millis::now()).await
        })
        .await;
    }

    /// A line is paused for a moment.
    async fn pauses(&mut self) {
        let session = SessionName::stored(SESSIONS[self.chance.usize(..SESSIONS.len())]);
        let team = ["", TEAMS[0], TEAMS[1]][self.chance.usize(..3)];
        let (begin, end) = (self.new_id(), self.new_id());
        self.does_to_a_line("paused a line", async |desk| {
            let line = (&session, team);
            desk.pause(&begin, line, "back soon", Millis::now()).await
        })
        .await;
        sleep(Duration::from_millis(self.chance.u64(100..1_500))).await;
        self.does_to_a_line("ended a pause", async |desk| {
            desk.resume(&end, (&session, team), Millis::now()).await
        })
        .await;
    }

    async fn moves(&mut self) {
        let session = SessionName::stored(SESSIONS[self.chance.usize(..SESSIONS.len())]);
        let team = [TEAMS[self.chance.usize(..TEAMS.len())].to_owned()];
        let head = self.store.head_of_line(&session, &team).await;
        let Ok(Some(head)) = head else { return };
        let to = [MoveTo::First, MoveTo::Urgent, MoveTo::Last][self.chance.usize(..3)];
        let doing = Doing {
            id: self.new_id(),
            session,
            chat: head.chat,
            seen: None,
        };
        self.does("moved", async |desk| {
            desk.move_to(&doing, to, Millis::now()).await
        })
        .await;
    }

    async fn gives_all_back(&mut self) {
        if let Some(case) = self.one_of_mine().await {
            self.gives(&case, GiveAway::Bot, "gave to the bot").await;
        }
        self.takes_next().await;
    }

    /// One of the conversations that they hold.
    async fn one_of_mine(&mut self) -> Option<Case> {
        let mut mine = Vec::new();
        for session in SESSIONS {
            let session = SessionName::stored(session);
            let line = self
                .store
                .line_view(&session, LinePart::Everything, ALL, Millis::now());
            let sections = line.await.ok()?.sections.into_iter();
            let held = sections.filter(|section| section.kind == LineKind::ByAgent);
            let rows = held.flat_map(|section| section.rows);
            let rows = rows.filter(|row| row.holder.as_ref() == Some(&self.name));
            mine.extend(rows.map(|row| (session.clone(), row.chat)));
        }
        let (session, chat) = self.chance.choice(mine)?;
        let view = self
            .store
            .conversation_view(&session, &chat, ALL, Millis::now())
            .await;
        // They may have lost it just now.
        let view = view
            .ok()?
            .filter(|view| view.holder.as_ref() == Some(&self.name))?;
        Some(Case { session, view })
    }

    fn new_id(&mut self) -> String {
        format!("{:032x}", self.chance.u128(..))
    }

    fn doing(&mut self, case: &Case, seen: Option<u64>) -> Doing {
        let seen = seen.zip(case.view.id.clone());
        Doing {
            id: self.new_id(),
            session: case.session.clone(),
            chat: case.view.chat.clone(),
            seen: seen.map(|(unread, conversation)| Seen {
                conversation,
                unread: Some((case.view.rev, unread)),
            }),
        }
    }

    /// Does it, and repeats it under the same id until Redis has answered.
    async fn does(
        &self,
        what: &'static str,
        action: impl AsyncFn(&Desk) -> Result<Acted, Refusal>,
    ) {
        let done = self.repeats(async |desk| action(desk).await).await;
        match done {
            Some(Acted::Done(_)) => self.count(what),
            Some(Acted::NobodyWaits) => self.count("found nobody in line"),
            Some(Acted::TooMany) => self.count("had no room"),
            Some(Acted::Paused(_)) => self.count("met a pause"),
            Some(_) => self.count("came too late"),
            None => {}
        }
    }

    async fn does_to_a_line(
        &self,
        what: &'static str,
        action: impl AsyncFn(&Desk) -> Result<bool, Refusal>,
    ) {
        if self.repeats(action).await.is_some() {
            self.count(what);
        }
    }

    async fn repeats<T>(&self, action: impl AsyncFn(&Desk) -> Result<T, Refusal>) -> Option<T> {
        while self.phase() != GO_HOME {
            let done = match Desk::of(&self.store, None, &self.name).await {
                Ok(desk) => action(&desk).await,
                Err(error) => Err(error),
            };
            match done {
                Ok(done) => return Some(done),
                Err(Refusal::Redis(_)) => sleep(TRY_AGAIN).await,
                Err(_) => return None,
            }
        }
        None
    }
}
