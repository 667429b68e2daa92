//! The lookout is responsible for what is due by time in the sessions of this process: it looks when something is due next in each
//! of them, and then tells the agent that does it. Other agents need not ask about any session. A bell makes it look at once. If a
//! bell was lost, it finds out at its next thorough look.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::sleep_until;
use tokio_util::sync::CancellationToken;

use crate::clock::Millis;
use crate::flows::Flows;
use crate::ids::SessionName;
use crate::service::kit::backoff;
use crate::service::kit::duties::Duties;
use crate::service::kit::session_rounds::joined;
use crate::service::kit::store_error_log::StoreErrorLog;
use crate::store::{Bell, DueTimes, Store, StoreError};

/// How often it looks at a session where nothing is due, and rings again for what waits there: a bell may have been lost.
const THOROUGH_INTERVAL: Duration = Duration::from_secs(10);
/// How often it reads which sessions are busy. A bell in a new one is heard at once.
const LIST_INTERVAL: Duration = Duration::from_secs(2);
/// How soon it looks after a bell: many ring together.
const LOOK_AFTER_BELL: Duration = Duration::from_millis(10);
/// The shortest time between two looks at a session, however many bells ring.
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(500);
/// If something is still due, the agent works on it, or failed. It is told again after this time, and then less and less often.
const TELL_AGAIN_AFTER: Duration = Duration::from_secs(1);
/// How often the sender looks at a paused session: it asks WAHA whether the session works again.
const PROBE_INTERVAL: Duration = Duration::from_secs(3);
/// A session where the look failed is looked at again after this time, and then less and less often.
const RETRY_FIRST: Duration = Duration::from_secs(1);
const RETRY_LONGEST: Duration = Duration::from_secs(5);
/// How many sessions it looks at together.
const LOOKS_MAX: usize = 64;
/// How many of those where the last look failed: the server of these sessions may not answer for seconds.
const RETRIES_MAX: usize = 8;

/// See the module.
pub struct Lookout {
    /// Knows what is due.
    pub store: Store,
    /// Say which sessions this process looks after.
    pub duties: Arc<Duties>,
    /// Say how long a customer may wait for an agent's answer.
    pub flows: Arc<Flows>,
    /// [`Bell::Queue`], [`Bell::Announce`], [`Bell::Due`], [`Bell::SessionWorks`] and [`Bell::Missed`].
    pub bells: mpsc::UnboundedReceiver<Bell>,
    /// The agents that it tells.
    pub agents: ToldAgents,
}

/// The agents that do what is due.
pub struct ToldAgents {
    /// Takes lanes: [`Bell::Lanes`].
    pub sender: mpsc::UnboundedSender<Bell>,
    /// Looks at customers in line.
    pub announcer: mpsc::UnboundedSender<SessionName>,
    /// Ends takeovers and waits, and takes conversations back from agents.
    pub expiry: mpsc::UnboundedSender<SessionName>,
    /// Notifies the owner of customers who wait for a person.
    pub handoffs: mpsc::UnboundedSender<SessionName>,
    /// Notifies the owner of chats that are left alone.
    pub left_alone: mpsc::UnboundedSender<SessionName>,
    /// Asks WAHA for phone numbers.
    pub lid_lookup: mpsc::UnboundedSender<SessionName>,
}

/// One session of this process, as the lookout knows it.
struct WatchedSession {
    /// When to look next: its place among those that wait. `None` while it looks.
    at: Option<Instant>,
    /// When the last look began.
    looked: Option<Instant>,
    thorough_at: Instant,
    /// A bell rang while it looked.
    rang: bool,
    /// How many looks in a row failed.
    failures: u32,
    /// How many looks in a row found something due.
    dues: u32,
}

/// Something that the lookout waited for.
enum Learned {
    Busy(Result<Vec<SessionName>, StoreError>),
    Due(SessionName, Result<DueTimes, StoreError>),
}

struct LookoutState {
    store: Store,
    duties: Arc<Duties>,
    flows: Arc<Flows>,
    agents: ToldAgents,
    sessions: HashMap<SessionName, WatchedSession>,
    /// The sessions by when to look, those where the last look failed apart.
    waiting: BTreeSet<(Instant, SessionName)>,
    failed: BTreeSet<(Instant, SessionName)>,
    running: JoinSet<Learned>,
    /// How many of `running` are looks, and how many of these are at sessions where the last one failed.
    looks: usize,
    retries: usize,
    /// When to read the list; `None` while it is read.
    list_at: Option<Instant>,
    store_errors: StoreErrorLog,
}

impl Lookout {
    /// Runs until `shutdown`. Then other processes look after its sessions.
    pub async fn run(mut self, shutdown: CancellationToken) {
        let mut sharing = self.duties.changes();
        let mut state = LookoutState {
            store: self.store,
            duties: self.duties,
            flows: self.flows,
            agents: self.agents,
            sessions: HashMap::new(),
            waiting: BTreeSet::new(),
            failed: BTreeSet::new(),
            running: JoinSet::new(),
            looks: 0,
            retries: 0,
            list_at: Some(Instant::now()),
            store_errors: StoreErrorLog::default(),
        };
        loop {
            let next = state.start(Instant::now());
            tokio::select! {
                bell = self.bells.recv() => match bell {
                    Some(bell) => state.on_bell(bell),
                    None => return,
                },
                Some(learned) = state.running.join_next() => {
                    if let Some(learned) = joined(learned) {
                        state.on_learned(learned);
                    }
                }
                Ok(()) = sharing.changed() => state.look_everywhere(),
                () = sleep_until(next.into()) => {}
                () = shutdown.cancelled() => break,
            }
        }
        state.duties.leave();
    }
}

impl LookoutState {
    /// Starts the looks that are due. Returns when the next one is.
    fn start(&mut self, now: Instant) -> Instant {
        if self.list_at.is_some_and(|at| at <= now) {
            self.list_at = None;
            let store = self.store.clone();
            self.running
                .spawn(async move { Learned::Busy(store.busy_sessions().await) });
        }
        while self.looks < LOOKS_MAX
            && let Some(session) = pop_due(&mut self.waiting, now)
        {
            self.look(session, now);
        }
        while self.retries < RETRIES_MAX
            && let Some(session) = pop_due(&mut self.failed, now)
        {
            self.retries += 1;
            self.look(session, now);
        }
        // If there is no room for a look, the end of another one comes first.
        let soonest = |sessions: &BTreeSet<(Instant, SessionName)>, has_room: bool| {
            let first = sessions.first().filter(|_| has_room);
            first.map(|(at, _)| *at)
        };
        let times = [
            self.list_at,
            soonest(&self.waiting, self.looks < LOOKS_MAX),
            soonest(&self.failed, self.retries < RETRIES_MAX),
        ];
        let next = times.into_iter().flatten().min();
        next.unwrap_or_else(|| now + LIST_INTERVAL)
    }

    fn look(&mut self, session: SessionName, now: Instant) {
        let Some(watched) = self.sessions.get_mut(&session) else {
            return;
        };
        let thorough = watched.thorough_at <= now;
        if thorough {
            // Not all at the same time.
            watched.thorough_at = now + THOROUGH_INTERVAL.mul_f64(0.9 + 0.2 * fastrand::f64());
        }
        (watched.at, watched.looked, watched.rang) = (None, Some(now), false);
        self.looks += 1;
        let store = self.store.clone();
        self.running.spawn(async move {
            let times = store.due_times(&session, thorough, Millis::now()).await;
            Learned::Due(session, times)
        });
    }

    fn on_bell(&mut self, bell: Bell) {
        match bell {
            Bell::Queue(session)
            | Bell::Announce(session)
            | Bell::Due(session)
            | Bell::SessionWorks(session) => self.look_soon(session),
            Bell::Missed => self.look_everywhere(),
            Bell::Inbox(..)
            | Bell::Message(..)
            | Bell::TakenOver(..)
            | Bell::AtDesk(..)
            | Bell::LeftAlone(..)
            | Bell::Lanes(_)
            | Bell::Flows(_) => {}
        }
    }

    /// A bell rang in this session.
    fn look_soon(&mut self, session: SessionName) {
        if !self.duties.is_ours(&session) {
            return;
        }
        let now = Instant::now();
        let watched = self.watched(&session, now + LOOK_AFTER_BELL);
        watched.rang = true;
        watched.dues = 0;
        let earliest = watched.looked.map(|at| at + LOOK_AGAIN_AFTER);
        let at = earliest.map_or(now + LOOK_AFTER_BELL, |at| at.max(now + LOOK_AFTER_BELL));
        if watched.at.is_some_and(|known| known > at) {
            self.plan(session, at);
        }
    }

    /// Looks at each session at once: bells were missed, or other processes share the duties than before.
    fn look_everywhere(&mut self) {
        let now = Instant::now();
        self.list_at = self.list_at.map(|_| now);
        let ours: Vec<SessionName> = self.sessions.keys().cloned().collect();
        for session in ours {
            let watched = self.watched(&session, now);
            (watched.thorough_at, watched.rang) = (now, true);
            if watched.at.is_some() {
                self.plan(session, now);
            }
        }
    }

    fn on_learned(&mut self, learned: Learned) {
        let now = Instant::now();
        match learned {
            Learned::Busy(Ok(busy)) => {
                self.list_at = Some(now + LIST_INTERVAL);
                self.replace(busy, now);
            }
            Learned::Busy(Err(error)) => {
                self.list_at = Some(now + RETRY_FIRST);
                self.store_errors
                    .log("could not read which sessions are busy", &error);
            }
            Learned::Due(session, times) => {
                self.looks -= 1;
                let Some(watched) = self.sessions.get_mut(&session) else {
                    return;
                };
                if watched.failures > 0 {
                    self.retries -= 1;
                }
                let at = match times {
                    Ok(times) => {
                        watched.failures = 0;
                        let ours = self.duties.is_ours(&session);
                        self.duties.note_attended(&session, ours && times.attended);
                        // It is in the list of busy sessions until somebody else has it.
                        match ours {
                            true => self.tell(&session, times, now),
                            false => now + THOROUGH_INTERVAL,
                        }
                    }
                    Err(error) => {
                        let at = now + backoff::delay(watched.failures, RETRY_FIRST, RETRY_LONGEST);
                        watched.failures = watched.failures.saturating_add(1);
                        let what = "could not look what is due";
                        self.store_errors.log_of(&session, what, &error);
                        at
                    }
                };
                self.plan(session, at);
            }
        }
    }

    /// Tells the agents what is due now. Returns when to look again.
    fn tell(&mut self, session: &SessionName, times: DueTimes, now: Instant) -> Instant {
        let Some(watched) = self.sessions.get_mut(session) else {
            return now + THOROUGH_INTERVAL;
        };
        let clock = Millis::now();
        let quiet = self.flows.of(session).agent_quiet();
        // While a session is paused, customers can't be reached, so nothing else is due.
        let while_it_works = |at: Option<Millis>| at.filter(|_| !times.paused);
        let lane = while_it_works(times.lane);
        let notice = while_it_works(times.notice);
        let unanswered = times.unanswered_since.map(|since| since + quiet);
        let ends = while_it_works(times.ends.into_iter().chain(unanswered).min());
        let is_due = |at: Option<Millis>| at.is_some_and(|at| at <= clock);
        let due = [
            is_due(lane),
            is_due(notice),
            is_due(ends),
            is_due(times.lid),
            times.unnotified_handoffs,
            times.unnotified_left_alone,
        ];
        let [lanes, notices, ends_now, lids, handoffs, left_alone] = due;
        let agents = &self.agents;
        let tell = |agent: &mpsc::UnboundedSender<SessionName>| {
            // If the receiver is gone, its agent has stopped.
            drop(agent.send(session.clone()));
        };
        if lanes || times.paused {
            drop(agents.sender.send(Bell::Lanes(session.clone())));
        }
        if notices {
            tell(&agents.announcer);
        }
        // It watches which agents are gone.
        if ends_now || times.held {
            tell(&agents.expiry);
        }
        if lids {
            tell(&agents.lid_lookup);
        }
        if handoffs {
            tell(&agents.handoffs);
        }
        if left_alone {
            tell(&agents.left_alone);
        }
        let again = due.contains(&true).then(|| {
            let after = backoff::delay(watched.dues, TELL_AGAIN_AFTER, THOROUGH_INTERVAL);
            watched.dues = watched.dues.saturating_add(1);
            now + after
        });
        if again.is_none() {
            watched.dues = 0;
        }
        let probe = times.paused.then(|| now + PROBE_INTERVAL);
        let rang = watched.rang.then(|| now + LOOK_AGAIN_AFTER);
        let soon = clock..clock + THOROUGH_INTERVAL;
        let coming = [lane, notice, ends, times.lid].into_iter().flatten();
        let coming = coming.filter(|at| *at > clock && soon.contains(at)).min();
        let coming = coming.map(|at| now + clock.until(at));
        let next = [again, probe, rang, coming].into_iter().flatten().min();
        next.map_or(watched.thorough_at, |at| at.min(watched.thorough_at))
    }

    /// Takes the sessions of this process from the list of all that are busy, and forgets the others.
    fn replace(&mut self, busy: Vec<SessionName>, now: Instant) {
        let mut before: Vec<SessionName> = self.sessions.keys().cloned().collect();
        let ours = busy.into_iter().filter(|one| self.duties.is_ours(one));
        let ours: BTreeSet<SessionName> = ours.collect();
        before.retain(|session| !ours.contains(session));
        for session in before {
            // One that is being looked at is forgotten afterwards.
            let Some(watched) = self.sessions.get(&session) else {
                continue;
            };
            if let Some(at) = watched.at {
                let place = (at, session.clone());
                self.waiting.remove(&place);
                self.failed.remove(&place);
                self.sessions.remove(&session);
            }
            self.duties.note_attended(&session, false);
        }
        for session in ours {
            self.watched(&session, now);
        }
    }

    /// The session, which is looked at for the first time at `at` if it is new.
    fn watched(&mut self, session: &SessionName, at: Instant) -> &mut WatchedSession {
        let waiting = &mut self.waiting;
        self.sessions.entry(session.clone()).or_insert_with(|| {
            waiting.insert((at, session.clone()));
            WatchedSession {
                at: Some(at),
                looked: None,
                thorough_at: at,
                rang: false,
                failures: 0,
                dues: 0,
            }
        })
    }

    fn plan(&mut self, session: SessionName, at: Instant) {
        let Some(watched) = self.sessions.get_mut(&session) else {
            return;
        };
        let waiting = match watched.failures {
            0 => &mut self.waiting,
            _ => &mut self.failed,
        };
        if let Some(before) = watched.at.replace(at) {
            waiting.remove(&(before, session.clone()));
        }
        waiting.insert((at, session));
    }
}

/// Takes the first session whose time has come.
fn pop_due(sessions: &mut BTreeSet<(Instant, SessionName)>, now: Instant) -> Option<SessionName> {
    let due = sessions.first().is_some_and(|(at, _)| *at <= now);
    due.then(|| sessions.pop_first())
        .flatten()
        .map(|(_, session)| session)
}
