//! The metrics are responsible for the figures of `/metrics`. Events are counted here; figures that all processes share are
//! read from Redis on each request.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{
    EncodeLabelSet, EncodeLabelValue, EncodeMetric, LabelValueEncoder, MetricEncoder, NoLabelSet,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use rustix::process::{Resource, getrlimit};
use tokio::time::timeout;

use crate::clock::Millis;
use crate::ids::SessionName;
use crate::service::kit::session_rounds::in_each;
use crate::service::kit::store_error_log::StoreErrorLog;
use crate::store;
use crate::store::{Gauges, PICKUP_BOUNDS_MS, Store, StoreError};
use crate::version;

/// At most this many sessions have labels of their own: each costs Prometheus thirty series.
const LABELS_MAX: usize = 100;
/// The label of all other sessions together.
const REST: &str = "other";
/// A session is shown for this long after something happened in it, and while something is open.
const SHOWN_FOR: Duration = Duration::from_secs(7 * 24 * 3600);
/// How many of the sessions without a label one request reads.
const READ_MAX: usize = 50;
/// A session whose figures can't be read within this time is left out.
const READ_WITHIN: Duration = Duration::from_secs(1);

fn rest() -> SessionName {
    SessionName::stored(REST)
}

/// See the module.
#[derive(Debug, Default)]
pub struct Metrics {
    started: Started,
    events: Family<ByResult, Counter>,
    connections_closed: Counter,
    archive_error: Mutex<Option<String>>,
    pruned_conversations: Counter,
    pruned_messages: Counter,
    oldest_kept: Gauge<f64, AtomicU64>,
    sessions: Mutex<SessionFigures>,
    store_errors: StoreErrorLog,
}

/// When this process was started, more or less.
#[derive(Debug)]
struct Started(Millis);

impl Default for Started {
    fn default() -> Self {
        Self(Millis::now())
    }
}

/// Which sessions `/metrics` shows.
#[derive(Debug, Default)]
struct SessionFigures {
    /// Those with labels of their own.
    shown: BTreeSet<SessionName>,
    /// What was last read of the others, which are shown as one sum.
    others: HashMap<SessionName, Gauges>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByResult {
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfBuild {
    version: &'static str,
    commit: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BySession {
    session: SessionName,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BySessionAndResult {
    session: SessionName,
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BySessionAndStatus {
    session: SessionName,
    status: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BySessionAndTeam {
    session: SessionName,
    team: String,
}

impl EncodeLabelValue for SessionName {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), fmt::Error> {
        EncodeLabelValue::encode(&self.as_str(), encoder)
    }
}

type Seconds = Gauge<f64, AtomicU64>;

impl Metrics {
    /// Counts a webhook under its result.
    pub fn count_event(&self, result: &'static str) {
        self.events.get_or_create(&ByResult { result }).inc();
    }

    /// Counts a connection that was closed to make room for another.
    pub(crate) fn count_closed_connection(&self) {
        self.connections_closed.inc();
    }

    /// Stores why the history can't be written; `None` if it can.
    pub fn set_archive_error(&self, reason: Option<String>) {
        // Poisoned only if a thread panicked while it held the lock, which no line here can.
        if let Ok(mut error) = self.archive_error.lock() {
            *error = reason;
        }
    }

    /// Counts what was removed from the history because it was too old.
    pub(crate) fn count_pruned(&self, conversations: usize, messages: usize) {
        self.pruned_conversations.inc_by(conversations as u64);
        self.pruned_messages.inc_by(messages as u64);
    }

    /// Stores when the oldest message was said that the history has; `None`: it has none.
    pub(crate) fn set_oldest_kept(&self, at: Option<Millis>) {
        self.oldest_kept
            .set(at.map_or(0.0, |at| at.as_i64() as f64 / 1_000.0));
    }

    /// Why the history can't be written; `None` if it can.
    pub fn archive_error(&self) -> Option<String> {
        self.archive_error
            .lock()
            .ok()
            .and_then(|error| error.clone())
    }

    /// The sessions that get labels of their own, and the others: those in which something happened lately, or is open. A
    /// session keeps its label as long as it is among them, however many new ones come.
    async fn choose(
        &self,
        store: &Store,
        now: Millis,
    ) -> Result<(Vec<SessionName>, Vec<SessionName>), store::StoreError> {
        let mut recent = store.sessions_seen_since(now - SHOWN_FOR).await?;
        let busy = store.busy_sessions().await?;
        let mut known: HashSet<SessionName> = recent.iter().cloned().collect();
        recent.extend(busy.into_iter().filter(|one| known.insert(one.clone())));
        // Poisoned only if a thread panicked while it held the lock, which no line here can.
        let Ok(mut sessions) = self.sessions.lock() else {
            return Ok((Vec::new(), Vec::new()));
        };
        let SessionFigures { shown, others } = &mut *sessions;
        shown.retain(|one| known.contains(one));
        others.retain(|one, _| known.contains(one));
        for session in &recent {
            if shown.len() < LABELS_MAX && *session != rest() {
                shown.insert(session.clone());
            }
        }
        recent.retain(|session| !shown.contains(session));
        others.retain(|one, _| !shown.contains(one));
        Ok((shown.iter().cloned().collect(), recent))
    }

    /// The sum of the figures of these sessions. Each call reads some of them, the ones not read yet first, so that it costs the
    /// same with thousands of sessions.
    async fn sum(&self, store: &Store, mut sessions: Vec<SessionName>) -> Gauges {
        fastrand::shuffle(&mut sessions);
        if let Ok(known) = self.sessions.lock() {
            sessions.sort_by_key(|session| known.others.contains_key(session));
        }
        sessions.truncate(READ_MAX);
        let read = self.read(store, sessions).await;
        let mut sum = Gauges::default();
        if let Ok(mut known) = self.sessions.lock() {
            known.others.extend(read);
            known.others.values().for_each(|gauges| sum.add(gauges));
        }
        sum
    }

    /// The figures of these sessions. One whose figures can't be read is left out: the others are shown.
    async fn read(&self, store: &Store, sessions: Vec<SessionName>) -> Vec<(SessionName, Gauges)> {
        let reading = in_each(sessions, |session| {
            let store = store.clone();
            async move {
                let reading = timeout(READ_WITHIN, store.gauges(&session));
                reading.await.unwrap_or(Err(StoreError::Disconnected))
            }
        });
        let mut read = Vec::new();
        for (session, gauges) in reading.await {
            match gauges {
                Ok(gauges) => read.push((session, gauges)),
                Err(error) => {
                    let what = "could not read the figures for /metrics";
                    self.store_errors.log_of(&session, what, &error);
                }
            }
        }
        read
    }

    /// All figures in Prometheus' text format (OpenMetrics).
    ///
    /// # Errors
    /// The store's, because most figures are in Redis.
    pub async fn render(&self, store: &Store, now: Millis) -> Result<String, store::StoreError> {
        let mut figures = Figures::default();
        let (shown, others) = self.choose(store, now).await?;
        for (session, gauges) in self.read(store, shown).await {
            figures.add(&session, &gauges, now);
        }
        if !others.is_empty() {
            figures.add(&rest(), &self.sum(store, others).await, now);
        }
        let workers: Gauge = Gauge::default();
        workers.set(store.workers().await?.cast_signed());
        let reports = store.waha_reports().await?;
        let waha: Gauge = Gauge::default();
        waha.set(i64::from(
            !reports.is_empty() && reports.iter().all(|report| report.reason().is_none()),
        ));
        let (files, files_max) = (Gauge::<i64>::default(), Gauge::<i64>::default());
        files.set(open_files());
        // No limit is more than anybody needs.
        let limit = getrlimit(Resource::Nofile).current;
        files_max.set(
            limit
                .and_then(|max| i64::try_from(max).ok())
                .unwrap_or(i64::MAX),
        );
        let (counts, sum_micros) = store.pickup_latency().await?;

        let mut registry = Registry::with_prefix("waha_sm");
        registry.register(
            "events",
            "Webhooks by result, since this process started",
            self.events.clone(),
        );
        registry.register(
            "connections_closed",
            "Connections closed to make room for others, since this process started",
            self.connections_closed.clone(),
        );
        registry.register(
            "history_pruned_conversations",
            "Conversations removed from the history because they were too old, since this process started",
            self.pruned_conversations.clone(),
        );
        registry.register(
            "history_pruned_messages",
            "Messages removed from the history because they were too old, since this process started",
            self.pruned_messages.clone(),
        );
        registry.register(
            "history_oldest_timestamp_seconds",
            "When the oldest message was said that the history has; 0: none, or another process keeps it",
            self.oldest_kept.clone(),
        );
        registry.register(
            "waha_up",
            "1 while WAHA answers all processes that send, and accepts their keys",
            waha,
        );
        let started: Gauge<f64, AtomicU64> = Gauge::default();
        started.set(self.started.0.as_i64() as f64 / 1_000.0);
        registry.register(
            "start_timestamp_seconds",
            "When this process was started (Unix time)",
            started,
        );
        registry.register("open_files", "Files that this process has open", files);
        registry.register(
            "open_files_max",
            "Files that this process may open",
            files_max,
        );
        registry.register("workers", "Workers of all living processes", workers);
        let build: Family<OfBuild, Gauge> = Family::default();
        let (version, commit) = version::PARTS;
        build.get_or_create(&OfBuild { version, commit }).set(1);
        registry.register(
            "build_info",
            "The version and the commit of this process",
            build,
        );
        registry.register(
            "wake_up_seconds",
            "Time from a customer's message until its worker reads it",
            PickupHistogram { counts, sum_micros },
        );
        figures.register(&mut registry);
        let mut text = String::new();
        // Writing to a string fails only if a metric's own encoder fails, and ours can't.
        let _ = encode(&mut text, &registry);
        Ok(text)
    }
}

/// The figures from Redis, by session.
#[derive(Default)]
struct Figures {
    conversations: Family<BySessionAndStatus, Gauge>,
    closed: Family<BySession, Counter>,
    queue_length: Family<BySession, Gauge>,
    waiting_for_person: Family<BySession, Gauge>,
    waiting_for_team: Family<BySessionAndTeam, Gauge>,
    with_agent: Family<BySession, Gauge>,
    line_paused: Family<BySessionAndTeam, Gauge>,
    with_phone: Family<BySession, Gauge>,
    queue_age: Family<BySession, Seconds>,
    handling: Family<BySession, Seconds>,
    replies: Family<BySessionAndResult, Counter>,
    lanes: Family<BySessionAndStatus, Gauge>,
    lane_age: Family<BySession, Seconds>,
    paused: Family<BySession, Gauge>,
    calls: Family<BySessionAndResult, Counter>,
    caught_up: Family<BySession, Counter>,
    dead_letters: Family<BySession, Gauge>,
    archiver_lag: Family<BySession, Seconds>,
    archiver_entries: Family<BySession, Gauge>,
    last_inbound: Family<BySession, Seconds>,
}

impl Figures {
    fn add(&mut self, session: &SessionName, gauges: &Gauges, now: Millis) {
        let session = session.clone();
        let only = BySession {
            session: session.clone(),
        };
        let and = |status| BySessionAndStatus {
            session: session.clone(),
            status,
        };
        let age = |since: Option<Millis>| since.map_or(0.0, |since| seconds(now.since(since)));

        self.conversations
            .get_or_create(&and("waiting"))
            .set(gauges.waiting.cast_signed());
        self.conversations
            .get_or_create(&and("active"))
            .set(gauges.active.cast_signed());
        self.closed.get_or_create(&only).inc_by(gauges.closed);
        self.caught_up.get_or_create(&only).inc_by(gauges.caught_up);
        self.queue_length
            .get_or_create(&only)
            .set(gauges.waiting.cast_signed());
        self.waiting_for_person
            .get_or_create(&only)
            .set(gauges.waiting_for_person.cast_signed());
        let of_team = |team: &String| BySessionAndTeam {
            session: session.clone(),
            team: team.clone(),
        };
        for (team, waiting) in &gauges.waiting_for_team {
            self.waiting_for_team
                .get_or_create(&of_team(team))
                .set(waiting.cast_signed());
        }
        self.with_agent
            .get_or_create(&only)
            .set(gauges.with_agent.cast_signed());
        for (team, paused) in &gauges.line_paused {
            self.line_paused
                .get_or_create(&of_team(team))
                .set(i64::from(*paused));
        }
        self.with_phone
            .get_or_create(&only)
            .set(gauges.with_phone.cast_signed());
        self.queue_age
            .get_or_create(&only)
            .set(age(gauges.oldest_opened_at));
        self.handling
            .get_or_create(&only)
            .set(seconds(gauges.handling.unwrap_or_default()));
        for (family, counts) in [
            (&self.replies, &gauges.replies),
            (&self.calls, &gauges.calls),
        ] {
            for (result, count) in counts {
                family
                    .get_or_create(&BySessionAndResult {
                        session: session.clone(),
                        result,
                    })
                    .inc_by(*count);
            }
        }
        self.lanes
            .get_or_create(&and("due"))
            .set(gauges.lanes_due.cast_signed());
        self.lanes
            .get_or_create(&and("sending"))
            .set(gauges.lanes_sending.cast_signed());
        self.lane_age
            .get_or_create(&only)
            .set(age(gauges.oldest_lane_due_at));
        self.paused
            .get_or_create(&only)
            .set(i64::from(gauges.paused));
        self.dead_letters
            .get_or_create(&only)
            .set(gauges.dead_letters.cast_signed());
        self.archiver_lag
            .get_or_create(&only)
            .set(age(gauges.oldest_history_at));
        self.archiver_entries
            .get_or_create(&only)
            .set(gauges.history_entries.cast_signed());
        if let Some(heard_at) = gauges.heard_at {
            self.last_inbound
                .get_or_create(&only)
                .set(heard_at.as_i64() as f64 / 1_000.0);
        }
    }

    fn register(self, registry: &mut Registry) {
        registry.register(
            "conversations",
            "Open conversations by status",
            self.conversations,
        );
        registry.register(
            "conversations_closed",
            "Conversations closed so far",
            self.closed,
        );
        registry.register("queue_length", "Conversations in line", self.queue_length);
        registry.register(
            "waiting_for_person",
            "Conversations that wait for a person",
            self.waiting_for_person,
        );
        registry.register(
            "waiting_for_team",
            "Conversations that wait for a person, by team (empty: of no team)",
            self.waiting_for_team,
        );
        registry.register(
            "with_agent",
            "Conversations that agents hold",
            self.with_agent,
        );
        registry.register(
            "line_paused",
            "1 while you have paused the line of a team (empty: the whole session)",
            self.line_paused,
        );
        registry.register(
            "with_phone",
            "Chats that the owner answers from their own phone",
            self.with_phone,
        );
        registry.register(
            "queue_age_seconds",
            "How long the first in line has waited",
            self.queue_age,
        );
        registry.register(
            "handling_seconds",
            "How long it takes to handle a conversation, smoothed",
            self.handling,
        );
        registry.register("replies", "Replies by result so far", self.replies);
        registry.register(
            "calls",
            "Calls to the shop's own system by result so far",
            self.calls,
        );
        registry.register(
            "lanes",
            "Chats with replies not yet taken by WAHA",
            self.lanes,
        );
        registry.register(
            "lane_age_seconds",
            "How long the oldest due lane has been due",
            self.lane_age,
        );
        registry.register(
            "session_paused",
            "1 while the session can't send",
            self.paused,
        );
        registry.register(
            "caught_up_messages",
            "Messages found by catching up with WAHA, whose webhooks were lost",
            self.caught_up,
        );
        registry.register(
            "dead_letters",
            "Dead replies (see `waha-sm dead list`)",
            self.dead_letters,
        );
        registry.register(
            "archiver_lag_seconds",
            "Age of the oldest entry not archived",
            self.archiver_lag,
        );
        registry.register(
            "archiver_entries",
            "Entries not archived",
            self.archiver_entries,
        );
        registry.register(
            "last_inbound_timestamp_seconds",
            "When WAHA last posted a customer's message (Unix time); not there if it never did",
            self.last_inbound,
        );
    }
}

/// How many files this process has open; 0 if the system does not tell.
fn open_files() -> i64 {
    let files = std::fs::read_dir("/proc/self/fd");
    files.map_or(0, |files| files.count() as i64)
}

fn seconds(length: Duration) -> f64 {
    length.as_millis() as f64 / 1_000.0
}

/// A histogram that all processes count together in Redis.
#[derive(Debug)]
struct PickupHistogram {
    counts: Vec<u64>,
    sum_micros: u64,
}

impl EncodeMetric for PickupHistogram {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), fmt::Error> {
        let bounds = PICKUP_BOUNDS_MS
            .iter()
            .map(|bound| *bound as f64 / 1_000.0)
            .chain([f64::INFINITY]);
        let buckets: Vec<(f64, u64)> = bounds.zip(self.counts.iter().copied()).collect();
        let sum = self.sum_micros as f64 / 1e6;
        encoder.encode_histogram::<NoLabelSet>(sum, self.counts.iter().sum(), &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}
