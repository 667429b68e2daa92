//! A day of lines in which customers wait for a person: agents attend several customers at once, serve one team or all, go to lunch,
//! and take urgent customers first.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::time::Duration;

use waha_sm::clock::Millis;
use waha_sm::flow::{
    AgentDesk, AnnouncedPosition, Notice, NoticeRules, OtherLine, PersonCustomer, PersonLine,
    Serves, WaitingCustomer, decide, rounded, smoothed, wait_for_person,
};

use super::{OPENING, Wait, hour, log_normal, next_arrival};

/// A kind of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Two teams, and agents who serve both.
    Teams,
    /// The same, and the agents go to lunch one after the other.
    Breaks,
    /// The same, and every sixth customer is urgent.
    Urgent,
    /// One line, and two people who attend four customers each.
    SmallShop,
}

/// Who is at the desk: the team (`None`: all), and how many customers they attend at once.
type Seat = (Option<usize>, usize);

const SHOP: [Seat; 6] = [
    (Some(0), 4),
    (Some(0), 6),
    (Some(1), 4),
    (Some(1), 3),
    (None, 8),
    (None, 2),
];
const SMALL_SHOP: [Seat; 2] = [(None, 4), (None, 4)];

/// How long customers need for their own part of a conversation, and agents for theirs. Agents who attend several at once
/// let each of them wait for their turn.
const CUSTOMER_MEAN: Duration = Duration::from_secs(360);
const AGENT_MEAN: Duration = Duration::from_secs(120);
/// The standard deviation of the logarithm of these times.
const SPREAD: f64 = 0.6;
/// An agent takes the next customer this long after a place is free, at most.
const REACTION_MAX: Duration = Duration::from_secs(60);
/// An agent counts as at work for this long after they were last seen.
const SEEN_FOR: Duration = Duration::from_secs(300);
/// The weights of the newest in what `take.lua` smooths.
const URGENT_NEWEST: f64 = 0.02;
const PARALLEL_NEWEST: f64 = 0.2;
/// The share of customers who give up if they wait too long.
const LEAVERS: f64 = 0.03;

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 4] = [Kind::Teams, Kind::Breaks, Kind::Urgent, Kind::SmallShop];

    /// Its name in a table.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Teams => "two teams",
            Kind::Breaks => "lunch breaks",
            Kind::Urgent => "urgent ones",
            Kind::SmallShop => "small shop",
        }
    }

    fn seats(self) -> &'static [Seat] {
        match self {
            Kind::SmallShop => &SMALL_SHOP,
            _ => &SHOP,
        }
    }

    /// Customers a minute for each team, at this time of the day. The six agents attend about 1.7 a minute, the two 0.55.
    fn arrivals(self, now: Millis) -> [f64; 2] {
        let busy = hour(now) % 3 == 1;
        match self {
            Kind::SmallShop => [if busy { 0.65 } else { 0.5 }, 0.0],
            Kind::Breaks => [0.8, 0.65],
            _ => match busy {
                true => [1.1, 0.85],
                false => [0.9, 0.65],
            },
        }
    }

    fn urgent(self) -> f64 {
        match self {
            Kind::Urgent => 1.0 / 6.0,
            Kind::SmallShop => 0.0,
            _ => 0.03,
        }
    }

    /// Whether this agent is at the desk. Lunch is an hour.
    fn is_at_desk(self, agent: usize, now: Millis) -> bool {
        self != Kind::Breaks || hour(now) != 3 + agent as u64
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Ends {
        agent: usize,
        customer: usize,
    },
    Looks(usize),
    Arrives {
        team: usize,
    },
    Leaves(usize),
    /// An agent takes the next customer, if there is one and they have a place.
    Takes(usize),
}

struct Customer {
    team: usize,
    urgent: bool,
    opened: Millis,
    taken: Millis,
    announced: Option<AnnouncedPosition>,
    notices: Vec<(Millis, bool)>,
    estimates: Vec<(Millis, Duration)>,
    waits: bool,
}

#[derive(Default)]
struct Team {
    /// Urgent customers first, then by ticket.
    line: BTreeSet<(bool, usize)>,
    handling: f64,
    measured: u64,
    last_call: Millis,
    urgent_share: f64,
}

#[derive(Clone, Copy, Default)]
struct Agent {
    /// How many customers of each team.
    holds: [usize; 2],
    /// They are about to take somebody.
    reaches: bool,
    seen: Millis,
    took: Millis,
    /// How many they hold at once while others wait, smoothed.
    parallel: f64,
}

impl Agent {
    fn holds(&self) -> usize {
        self.holds.iter().sum()
    }
}

struct Day {
    kind: Kind,
    chance: fastrand::Rng,
    events: BinaryHeap<Reverse<(Millis, u64, Event)>>,
    number: u64,
    now: Millis,
    customers: Vec<Customer>,
    teams: [Team; 2],
    agents: Vec<Agent>,
    waits: Vec<Wait>,
}

/// Simulates a day. Returns the wait of every customer who got a notice and was attended in the end.
pub fn pass(kind: Kind, seed: u64) -> Vec<Wait> {
    let mut day = Day {
        kind,
        chance: fastrand::Rng::with_seed(seed),
        events: BinaryHeap::new(),
        number: 0,
        now: OPENING,
        customers: Vec::new(),
        teams: Default::default(),
        agents: vec![Agent::default(); kind.seats().len()],
        waits: Vec::new(),
    };
    for team in 0..2 {
        day.next_arrival(team);
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
            Event::Arrives { team } => {
                self.arrives(team);
                self.next_arrival(team);
            }
            Event::Ends { agent, customer } => {
                let one = &self.customers[customer];
                self.agents[agent].holds[one.team] -= 1;
                self.agents[agent].seen = self.now;
                let team = &mut self.teams[one.team];
                team.measured += 1;
                let handling = self.now.since(one.taken).as_millis() as f64;
                team.handling = smoothed(team.handling, handling, team.measured);
            }
            Event::Looks(customer) => self.look(customer),
            Event::Leaves(customer) => {
                let one = &mut self.customers[customer];
                if std::mem::take(&mut one.waits) {
                    self.teams[one.team].line.remove(&(!one.urgent, customer));
                }
            }
            Event::Takes(agent) => self.takes(agent),
        }
        self.reach();
    }

    fn next_arrival(&mut self, team: usize) {
        let kind = self.kind;
        let rate = |now| kind.arrivals(now)[team];
        if let Some(then) = next_arrival(self.now, &mut self.chance, rate) {
            self.at(then, Event::Arrives { team });
        }
    }

    fn arrives(&mut self, team: usize) {
        let customer = self.customers.len();
        let urgent = self.chance.f64() < self.kind.urgent();
        self.customers.push(Customer {
            team,
            urgent,
            opened: self.now,
            taken: self.now,
            announced: None,
            notices: Vec::new(),
            estimates: Vec::new(),
            waits: true,
        });
        self.teams[team].line.insert((!urgent, customer));
        let rules = NoticeRules::default();
        self.at(self.now + rules.first_after, Event::Looks(customer));
        if self.chance.f64() < LEAVERS {
            let patience = Duration::from_millis(self.chance.u64(60_000..20 * 60_000));
            self.at(self.now + patience, Event::Leaves(customer));
        }
    }

    /// Does what the announcer does.
    fn look(&mut self, customer: usize) {
        let one = &self.customers[customer];
        if !one.waits {
            return;
        }
        let team = &self.teams[one.team];
        let position = team.line.range(..(!one.urgent, customer)).count() as u64 + 1;
        let waiting = WaitingCustomer {
            position,
            opened_at: one.opened,
            announced: one.announced,
            moved: false,
        };
        let decision = decide(&NoticeRules::default(), &waiting, self.now);
        let wait = decision
            .notice
            .and_then(|_| self.estimate(customer, position));
        let (now, check_at) = (self.now, decision.check_at);
        let one = &mut self.customers[customer];
        if let Some(notice) = decision.notice {
            one.notices.push((now, notice == Notice::Next));
            one.announced = Some(AnnouncedPosition { position, at: now });
            if let Some(wait) = wait {
                one.estimates.push((now, rounded(wait)));
            }
        }
        self.at(check_at, Event::Looks(customer));
    }

    /// Estimates as the announcer does.
    fn estimate(&self, customer: usize, position: u64) -> Option<Duration> {
        let one = &self.customers[customer];
        let (team, other) = (&self.teams[one.team], &self.teams[1 - one.team]);
        let line = PersonLine {
            handling: Duration::from_millis(team.handling as u64),
            measured: team.measured,
            urgent_share: team.urgent_share,
            called_ago: Some(self.now.since(team.last_call)),
        };
        let first = other
            .line
            .first()
            .map(|(_, first)| self.customers[*first].opened);
        let other = OtherLine {
            waiting: other.line.len() as u64,
            first_waited: self.now.since(first.unwrap_or(self.now)),
        };
        let desks = (0..self.agents.len()).filter_map(|agent| self.desk(agent, one.team));
        let desks: Vec<AgentDesk> = desks.collect();
        let customer = PersonCustomer {
            position,
            waited: self.now.since(one.opened),
            urgent: one.urgent,
        };
        wait_for_person(&line, &[other], &desks, &customer)
    }

    /// What an agent attends, as far as anybody can tell.
    fn desk(&self, number: usize, team: usize) -> Option<AgentDesk> {
        let agent = &self.agents[number];
        let at_work =
            self.kind.is_at_desk(number, self.now) || self.now.since(agent.seen) < SEEN_FOR;
        if !at_work && agent.holds() == 0 {
            return None;
        }
        let known =
            |team: usize| (self.teams[team].measured > 0).then_some(self.teams[team].handling);
        let ending = (0..2).map(|of| {
            let handling = known(of).or(known(team)).unwrap_or_default();
            agent.holds[of] as f64 / (handling / 1_000.0).max(0.001)
        });
        Some(AgentDesk {
            serves: match self.kind.seats()[number].0 {
                Some(own) if own == team => Serves::This,
                Some(_) => Serves::Others,
                None => Serves::Both,
            },
            ending: ending.sum(),
            free: match at_work {
                true => (agent.parallel.max(1.0) - agent.holds() as f64).max(0.0),
                false => 0.0,
            },
            idle_for: {
                let first = self.next_of(number);
                let opened = first.map_or(self.now, |first| self.customers[first].opened);
                self.now.since(opened.max(agent.took))
            },
        })
    }

    /// Each agent who has a free place, and somebody to take, takes them soon.
    fn reach(&mut self) {
        for agent in 0..self.agents.len() {
            let (_, places) = self.kind.seats()[agent];
            let at_desk = self.kind.is_at_desk(agent, self.now);
            let one = &self.agents[agent];
            let can = at_desk && !one.reaches && one.holds() < places;
            if can && self.next_of(agent).is_some() {
                self.agents[agent].reaches = true;
                let reaction =
                    Duration::from_millis(self.chance.u64(1..REACTION_MAX.as_millis() as u64));
                self.at(self.now + reaction, Event::Takes(agent));
            }
        }
    }

    /// The customer whom an agent takes next: of all their lines the first urgent one, or else the one with the lowest ticket.
    fn next_of(&self, agent: usize) -> Option<usize> {
        let (own, _) = self.kind.seats()[agent];
        let lines = self.teams.iter().enumerate();
        let lines = lines.filter(|(team, _)| own.is_none_or(|own| own == *team));
        let heads = lines.filter_map(|(_, team)| team.line.first());
        heads.min().map(|(_, customer)| *customer)
    }

    fn takes(&mut self, agent: usize) {
        self.agents[agent].reaches = false;
        self.agents[agent].seen = self.now;
        let Some(customer) = self.next_of(agent) else {
            return;
        };
        self.agents[agent].took = self.now;
        self.agents[agent].holds[self.customers[customer].team] += 1;
        let share = self.agents[agent].holds() as f64;
        let (theirs, ours) = (
            log_normal(CUSTOMER_MEAN, SPREAD, &mut self.chance),
            log_normal(AGENT_MEAN, SPREAD, &mut self.chance),
        );
        self.at(
            self.now + theirs + ours.mul_f64(share),
            Event::Ends { agent, customer },
        );
        let now = self.now;
        let one = &mut self.customers[customer];
        one.waits = false;
        one.taken = now;
        let team = &mut self.teams[one.team];
        team.line.remove(&(!one.urgent, customer));
        team.last_call = now;
        let urgent = f64::from(u8::from(one.urgent));
        team.urgent_share += (urgent - team.urgent_share) * URGENT_NEWEST;
        if !one.notices.is_empty() {
            let estimates = one.estimates.iter();
            self.waits.push(Wait {
                notices: std::mem::take(&mut one.notices),
                estimates: estimates
                    .map(|(at, said)| (*said, now.since(*at)))
                    .collect(),
                waited: now.since(one.opened),
            });
        }
        if self.next_of(agent).is_some() {
            let agent = &mut self.agents[agent];
            agent.parallel += match agent.parallel {
                0.0 => share,
                parallel => (share - parallel) * PARALLEL_NEWEST,
            };
        }
        // The line moved: the customer who is next now gets a notice.
        if let Some((_, head)) = self.teams[self.customers[customer].team]
            .line
            .first()
            .copied()
        {
            self.at(now, Event::Looks(head));
        }
    }
}
