//! A day of a line, in simulated time: customers arrive at random, and get notices by the real rules and with the real
//! estimates.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::Duration;

use waha_sm::clock::Millis;
use waha_sm::flow::{
    AnnouncedPosition, LinePace, Notice, NoticeRules, WaitingCustomer, decide, estimate, rounded,
    smoothed,
};

/// Customers who wait for a person.
#[path = "queue_day/people.rs"]
pub mod people;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
/// For how many hours the shop is open; customers in line at closing time are still served.
const HOURS: u64 = 10;
/// When the day begins.
const OPENING: Millis = Millis::new(0);

/// A kind of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Sometimes slightly more customers than the workers can serve.
    Steady,
    /// Quiet, except for two hours at noon.
    Lunch,
    /// Workers leave, come back, and leave again.
    Leaving,
    /// Most customers are quick; some take ten times as long.
    HeavyTail,
    /// Two sessions share the workers; the other is busy in the afternoon.
    Shared,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 5] = [
        Kind::Steady,
        Kind::Lunch,
        Kind::Leaving,
        Kind::HeavyTail,
        Kind::Shared,
    ];

    /// Its name in a table.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Steady => "steady",
            Kind::Lunch => "lunch peak",
            Kind::Leaving => "workers leave",
            Kind::HeavyTail => "heavy tail",
            Kind::Shared => "two sessions",
        }
    }

    /// Customers a minute for each session, at this time of the day.
    fn arrivals(self, now: Millis) -> [f64; 2] {
        let hour = hour(now);
        // Six workers of four minutes serve one and a half a minute.
        match self {
            Kind::Steady | Kind::HeavyTail => [if hour % 3 == 1 { 1.7 } else { 1.3 }, 0.0],
            Kind::Lunch => [if hour / 2 == 2 { 1.8 } else { 1.1 }, 0.0],
            Kind::Leaving => [1.25, 0.0],
            Kind::Shared => [0.9, if hour >= 5 { 0.8 } else { 0.3 }],
        }
    }

    /// How many workers there are at this time of the day.
    fn workers(self, now: Millis) -> usize {
        match self {
            Kind::Leaving => match hour(now) {
                2 | 6 => 4,
                4 => 5,
                _ => 6,
            },
            _ => 6,
        }
    }

    /// How much service times vary: the standard deviation of their logarithm. 0.6: most between two and eight minutes.
    fn spread(self) -> f64 {
        if self == Kind::HeavyTail { 0.85 } else { 0.6 }
    }
}

/// The hour of the day, from 0 on.
fn hour(now: Millis) -> u64 {
    now.since(OPENING).as_secs() / HOUR.as_secs()
}

const SERVICE_MEAN: Duration = Duration::from_secs(240);
/// The share of customers who give up if they wait too long.
const LEAVERS: f64 = 0.03;

/// A customer's wait, with its notices and estimates.
#[derive(Debug)]
pub struct Wait {
    /// When each notice came, and whether it was "you are next".
    pub notices: Vec<(Millis, bool)>,
    /// Each estimate, and how long the wait really was from then on.
    pub estimates: Vec<(Duration, Duration)>,
    /// How long they waited in total.
    pub waited: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Freed { session: usize, began: Millis },
    Look(usize),
    Arrives { session: usize },
    Leaves(usize),
    Shift,
}

struct Customer {
    session: usize,
    opened: Millis,
    announced: Option<AnnouncedPosition>,
    notices: Vec<(Millis, bool)>,
    /// When each estimate was given, and what it was.
    estimates: Vec<(Millis, Duration)>,
    waiting: bool,
}

#[derive(Default)]
struct Session {
    line: VecDeque<usize>,
    active: u64,
    handling: f64,
    measured: u64,
    last_call: Millis,
}

struct Day {
    kind: Kind,
    chance: fastrand::Rng,
    events: BinaryHeap<Reverse<(Millis, u64, Event)>>,
    number: u64,
    now: Millis,
    customers: Vec<Customer>,
    sessions: [Session; 2],
    /// The session whose turn it is.
    turn: usize,
    busy: usize,
    waits: Vec<Wait>,
}

/// Simulates a day. Returns the wait of every customer who got a notice and was served in the end.
pub fn pass(kind: Kind, seed: u64) -> Vec<Wait> {
    let mut day = Day {
        kind,
        chance: fastrand::Rng::with_seed(seed),
        events: BinaryHeap::new(),
        number: 0,
        now: OPENING,
        customers: Vec::new(),
        sessions: Default::default(),
        turn: 0,
        busy: 0,
        waits: Vec::new(),
    };
    for session in 0..2 {
        day.next_arrival(session);
    }
    for hour in 1..HOURS {
        day.at(OPENING + HOUR * hour as u32, Event::Shift);
    }
    while let Some(Reverse((now, _, event))) = day.events.pop() {
        day.now = now;
        day.happens(event);
    }
    day.waits
}

impl Day {
    fn at(&mut self, then: Millis, event: Event) {
        self.number += 1;
        self.events.push(Reverse((then, self.number, event)));
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::Arrives { session } => {
                self.arrives(session);
                self.next_arrival(session);
            }
            Event::Freed { session, began } => {
                self.busy -= 1;
                let session = &mut self.sessions[session];
                session.active -= 1;
                session.measured += 1;
                let handling = self.now.since(began).as_millis() as f64;
                session.handling = smoothed(session.handling, handling, session.measured);
            }
            Event::Look(customer) => self.look(customer),
            Event::Leaves(customer) => {
                let one = &mut self.customers[customer];
                if std::mem::take(&mut one.waiting) {
                    self.sessions[one.session].line.retain(|c| *c != customer);
                }
            }
            Event::Shift => {}
        }
        self.call();
    }

    fn next_arrival(&mut self, session: usize) {
        let kind = self.kind;
        let rate = |now| kind.arrivals(now)[session];
        if let Some(then) = next_arrival(self.now, &mut self.chance, rate) {
            self.at(then, Event::Arrives { session });
        }
    }

    fn arrives(&mut self, session: usize) {
        let customer = self.customers.len();
        self.customers.push(Customer {
            session,
            opened: self.now,
            announced: None,
            notices: Vec::new(),
            estimates: Vec::new(),
            waiting: true,
        });
        self.sessions[session].line.push_back(customer);
        self.at(self.now + rules().first_after, Event::Look(customer));
        if self.chance.f64() < LEAVERS {
            let patience = self.chance.u64(60_000..20 * 60_000);
            self.at(
                self.now + Duration::from_millis(patience),
                Event::Leaves(customer),
            );
        }
    }

    /// Does what the announcer does.
    fn look(&mut self, customer: usize) {
        let one = &self.customers[customer];
        let session = &self.sessions[one.session];
        let place = session.line.iter().position(|c| *c == customer);
        let Some(place) = place.filter(|_| one.waiting) else {
            return;
        };
        let position = place as u64 + 1;
        let waiting = WaitingCustomer {
            position,
            opened_at: one.opened,
            announced: one.announced,
            moved: false,
        };
        let decision = decide(&rules(), &waiting, self.now);
        let wait = decision.notice.and_then(|_| {
            let stalled_for = self.now.since(session.last_call.max(one.opened));
            let line = LinePace {
                stalled_for,
                ..self.pace(one.session)
            };
            let other = self.pace(1 - one.session);
            estimate(
                &line,
                &[other],
                self.kind.workers(self.now) as u64,
                position,
            )
        });
        let (now, check_at) = (self.now, decision.check_at);
        let one = &mut self.customers[customer];
        if let Some(notice) = decision.notice {
            one.notices.push((now, notice == Notice::Next));
            one.announced = Some(AnnouncedPosition { position, at: now });
            if let (Some(wait), Notice::Position | Notice::StillWaiting) = (wait, notice) {
                one.estimates.push((now, rounded(wait)));
            }
        }
        self.at(check_at, Event::Look(customer));
    }

    fn pace(&self, session: usize) -> LinePace {
        let session = &self.sessions[session];
        LinePace {
            handling: Duration::from_millis(session.handling as u64),
            measured: session.measured,
            active: session.active,
            waiting: session.line.len() as u64,
            stalled_for: Duration::ZERO,
        }
    }

    /// Each idle worker takes the customer who has waited longest; sessions take turns.
    fn call(&mut self) {
        while self.busy < self.kind.workers(self.now) {
            let turn = self.turn;
            let Some(session) = [turn, 1 - turn]
                .into_iter()
                .find(|session| !self.sessions[*session].line.is_empty())
            else {
                return;
            };
            self.turn = 1 - session;
            let Some(customer) = self.sessions[session].line.pop_front() else {
                return;
            };
            self.sessions[session].active += 1;
            self.sessions[session].last_call = self.now;
            self.busy += 1;
            let service = self.service();
            let began = self.now;
            self.at(self.now + service, Event::Freed { session, began });
            // The line moved: the customer who is next now gets a notice.
            if let Some(head) = self.sessions[session].line.front().copied() {
                self.at(self.now, Event::Look(head));
            }
            self.called(customer);
        }
    }

    fn called(&mut self, customer: usize) {
        let one = &mut self.customers[customer];
        one.waiting = false;
        if one.notices.is_empty() {
            return;
        }
        let estimates = one.estimates.iter();
        self.waits.push(Wait {
            notices: std::mem::take(&mut one.notices),
            estimates: estimates
                .map(|(at, said)| (*said, self.now.since(*at)))
                .collect(),
            waited: self.now.since(one.opened),
        });
    }

    fn service(&mut self) -> Duration {
        log_normal(SERVICE_MEAN, self.kind.spread(), &mut self.chance)
    }
}

/// When the next customer comes, who come at this rate a minute; `None`: the day is over before. Thinning: candidates come at the
/// highest rate, and some are dropped so that the hour's rate is left.
fn next_arrival(
    now: Millis,
    chance: &mut fastrand::Rng,
    rate: impl Fn(Millis) -> f64,
) -> Option<Millis> {
    const HIGHEST: f64 = 2.5;
    let mut then = now;
    loop {
        let gap = -(1.0 - chance.f64()).ln() / HIGHEST * MINUTE.as_millis() as f64;
        then += Duration::from_millis(gap as u64 + 1);
        if hour(then) >= HOURS {
            return None;
        }
        if chance.f64() * HIGHEST < rate(then) {
            return Some(then);
        }
    }
}

/// A time with this mean. Log-normal, as handling times of call centres are (Brown et al., 2005).
fn log_normal(mean: Duration, spread: f64, chance: &mut fastrand::Rng) -> Duration {
    let (one, other) = (1.0 - chance.f64(), chance.f64());
    let normal = (-2.0 * one.ln()).sqrt() * (std::f64::consts::TAU * other).cos();
    let mean = (mean.as_millis() as f64).ln() - spread * spread / 2.0;
    Duration::from_millis((mean + spread * normal).exp() as u64 + 1)
}

fn rules() -> NoticeRules {
    NoticeRules::default()
}

/// The results of a number of days.
#[derive(Debug, Default, PartialEq)]
pub struct Account {
    /// Customers who got a notice while they waited.
    pub waits: usize,
    /// Of those, customers who got an estimate.
    pub estimated: usize,
    /// Of those, the share whose first estimate was right: within 30 % or 2 minutes (0 to 1).
    pub right: f64,
    /// The share of all estimates that were right.
    pub right_of_all: f64,
    /// The median error of the first estimates (minutes).
    pub median_off: f64,
    /// The longest wait (minutes).
    pub longest: f64,
    /// Notices per wait, median and maximum.
    pub notices: (usize, usize),
    /// Notices that came within a minute of the one before, except "you are next".
    pub hasty: usize,
}

impl Account {
    /// The results of these waits.
    pub fn of(waits: &[Wait]) -> Self {
        let is_right = |(said, was): &(Duration, Duration)| {
            let off = said.abs_diff(*was);
            off <= 2 * MINUTE || off.as_millis() as f64 <= 0.3 * was.as_millis() as f64
        };
        let share = |some: usize, all: usize| {
            if all == 0 {
                1.0
            } else {
                some as f64 / all as f64
            }
        };
        let firsts: Vec<_> = waits
            .iter()
            .filter_map(|wait| wait.estimates.first())
            .collect();
        let all: Vec<_> = waits.iter().flat_map(|wait| &wait.estimates).collect();
        let mut offs: Vec<Duration> = firsts
            .iter()
            .map(|(said, was)| said.abs_diff(*was))
            .collect();
        offs.sort_unstable();
        let mut notices: Vec<usize> = waits.iter().map(|wait| wait.notices.len()).collect();
        notices.sort_unstable();
        let gaps = waits.iter().flat_map(|wait| wait.notices.windows(2));
        let minutes = |time: Duration| time.as_millis() as f64 / MINUTE.as_millis() as f64;
        Self {
            waits: waits.len(),
            estimated: firsts.len(),
            right: share(
                firsts.iter().filter(|one| is_right(one)).count(),
                firsts.len(),
            ),
            right_of_all: share(all.iter().filter(|one| is_right(one)).count(), all.len()),
            median_off: minutes(offs.get(offs.len() / 2).copied().unwrap_or_default()),
            longest: minutes(
                waits
                    .iter()
                    .map(|wait| wait.waited)
                    .max()
                    .unwrap_or_default(),
            ),
            notices: (
                notices.get(notices.len() / 2).copied().unwrap_or(0),
                notices.last().copied().unwrap_or(0),
            ),
            hasty: gaps
                .filter(|pair| pair[1].0.since(pair[0].0) < MINUTE && !pair[1].1)
                .count(),
        }
    }

    /// Whether estimates were reliable and notices few.
    pub fn is_good(&self) -> bool {
        self.right >= 0.8 && self.hasty == 0 && self.notices.0 <= 4
    }
}
