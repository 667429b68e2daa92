//! Estimates how long a customer will wait for a person, from what the people of each team attend now. Pure arithmetic.
//!
//! A person attends several customers at once, so places become free as fast as these conversations end: how many there are by how
//! long they last (Little's law). Some people serve several lines, and take the oldest customer of all of them: then those who came
//! before in other lines are called first.

use std::time::Duration;

use crate::flow::line::estimate::{MEASURED_MIN, PATIENCE};

/// An agent who has a free place, and took nobody for this long while somebody waits, is at lunch, or busy with something else.
const RESTS_AFTER: Duration = Duration::from_secs(120);
/// The least that a customer waits, as a share of the time until the next place becomes free: a person needs a moment.
const A_MOMENT: f64 = 0.3;

/// The line of one team.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct PersonLine {
    /// How long a person has a customer of this team: the mean, as [`smoothed`](crate::flow::smoothed) updates it.
    pub handling: Duration,
    /// How many conversations the mean covers.
    pub measured: u64,
    /// Which share of the customers who were called was urgent (0 to 1). More such customers will come, and be called first.
    pub urgent_share: f64,
    /// How long ago somebody was called, if ever.
    pub called_ago: Option<Duration>,
}

/// Another line of the session, which people of this one serve too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OtherLine {
    /// Customers in it.
    pub waiting: u64,
    /// How long the first of them has waited.
    pub first_waited: Duration,
}

/// Which lines an agent takes customers from, as seen from one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Serves {
    /// Only this one.
    This,
    /// This and others.
    Both,
    /// Only others.
    Others,
}

/// An agent who is at work, or holds conversations.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AgentDesk {
    /// Which lines they serve.
    pub serves: Serves,
    /// How many of their conversations end in a second.
    pub ending: f64,
    /// How many more they would hold now, if they are at work: as many as they usually hold while others wait, without those that
    /// they hold.
    pub free: f64,
    /// How long they have taken nobody while somebody waits in their lines.
    pub idle_for: Duration,
}

/// A customer who waits for a person.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PersonCustomer {
    /// The place in line; 1 is next.
    pub position: u64,
    /// How long they have waited.
    pub waited: Duration,
    /// They stand before those who are not urgent.
    pub urgent: bool,
}

/// How long this customer waits until a person takes them. `None` while too little is known, or nobody of the team takes customers.
pub fn wait_for_person(
    line: &PersonLine,
    others: &[OtherLine],
    desks: &[AgentDesk],
    customer: &PersonCustomer,
) -> Option<Duration> {
    if line.measured < MEASURED_MIN {
        return None;
    }
    let stalled_for = line
        .called_ago
        .map_or(customer.waited, |ago| ago.min(customer.waited));
    let handling = line.handling.as_secs_f64().max(0.001);
    let places = |serves: Serves| {
        // The places of an agent who rests become free, too, but for nobody.
        let takes = |desk: &&AgentDesk| desk.free < 1.0 || desk.idle_for <= RESTS_AFTER;
        let desks = desks.iter().filter(|desk| desk.serves == serves);
        desks.filter(takes).fold(Places::default(), |sum, desk| {
            sum.and(Places {
                rate: desk.ending + desk.free / handling,
                free: desk.free,
            })
        })
    };
    let (own, shared) = (places(Serves::This), places(Serves::Both));
    let all = own.and(shared).and(places(Serves::Others));
    let place = customer.position as f64;
    let before_elsewhere: f64 = others.iter().map(|other| before(other, customer)).sum();
    // Those who serve both lines help here, but not before the older customers of the other lines are called, too. At worst they
    // help only there.
    let together = match shared.rate > 0.0 {
        true => all.until(place + before_elsewhere),
        false => 0.0,
    };
    let wait = own.and(shared).until(place).max(together);
    let wait = wait.min(own.until(place));
    let call = wait / place.max(1.0);
    let call = match customer.urgent {
        true => call,
        false => call / (1.0 - line.urgent_share.clamp(0.0, 0.9)),
    };
    // If nobody has been called for longer than expected, the rest of that time slows the estimate down.
    let call = call + (stalled_for.as_secs_f64() - call).max(0.0) / PATIENCE;
    Duration::try_from_secs_f64(call * place.max(1.0)).ok()
}

/// How many customers of another line came before this one, if they came evenly.
fn before(other: &OtherLine, customer: &PersonCustomer) -> f64 {
    let older = other.first_waited.saturating_sub(customer.waited);
    if customer.urgent || older.is_zero() {
        return 0.0;
    }
    other.waiting as f64 * older.as_secs_f64() / other.first_waited.as_secs_f64()
}

/// The places of several desks.
#[derive(Clone, Copy, Default)]
struct Places {
    /// How many become free in a second.
    rate: f64,
    /// How many are free now.
    free: f64,
}

impl Places {
    fn and(self, other: Self) -> Self {
        Self {
            rate: self.rate + other.rate,
            free: self.free + other.free,
        }
    }

    /// How long (s) until so many customers are called.
    fn until(self, customers: f64) -> f64 {
        match self.rate > 0.0 {
            true => (customers - self.free).max(A_MOMENT) / self.rate,
            false => f64::INFINITY,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: PersonLine = PersonLine {
        handling: Duration::from_secs(300),
        measured: 50,
        urgent_share: 0.0,
        called_ago: Some(Duration::ZERO),
    };

    fn desk(serves: Serves, holds: u32, free: f64) -> AgentDesk {
        AgentDesk {
            serves,
            ending: f64::from(holds) / 300.0,
            free,
            idle_for: Duration::ZERO,
        }
    }

    fn seconds(others: &[OtherLine], desks: &[AgentDesk], position: u64) -> Option<u64> {
        let customer = PersonCustomer {
            position,
            ..PersonCustomer::default()
        };
        let wait = wait_for_person(&LINE, others, desks, &customer);
        wait.map(|wait| wait.as_secs_f64().round() as u64)
    }

    #[test]
    fn people_attend_several_customers_at_once() {
        let [three, one] = [8, 1].map(|holds| [desk(Serves::This, holds, 0.0); 3]);
        assert_eq!(seconds(&[], &three, 8), Some(100));
        assert_eq!(seconds(&[], &one, 8), Some(800));
        // Places that are free now are taken first; after that it goes as fast as all of them become free.
        let half = [desk(Serves::This, 4, 4.0)];
        assert_eq!(seconds(&[], &half, 8), Some(150));
        assert_eq!(seconds(&[], &half, 2), Some(11));
    }

    #[test]
    fn nobody_is_promised_anything_while_the_people_of_the_team_are_away() {
        assert_eq!(seconds(&[], &[], 1), None);
        assert_eq!(seconds(&[], &[desk(Serves::Others, 8, 0.0)], 1), None);
        let few = PersonLine {
            measured: 2,
            ..LINE
        };
        let customer = PersonCustomer::default();
        let desks = [desk(Serves::This, 1, 0.0)];
        assert_eq!(wait_for_person(&few, &[], &desks, &customer), None);
    }

    #[test]
    fn who_serves_several_lines_takes_the_oldest_customer_of_all() {
        let other = |waiting| OtherLine {
            waiting,
            first_waited: Duration::from_secs(600),
        };
        let shared = [desk(Serves::Both, 6, 0.0)];
        assert_eq!(seconds(&[other(0)], &shared, 6), Some(300));
        assert_eq!(seconds(&[other(6)], &shared, 6), Some(600));
        // The other line has people of its own: those who serve both help here.
        let with_others = [shared[0], desk(Serves::Others, 6, 0.0)];
        assert_eq!(seconds(&[other(6)], &with_others, 6), Some(300));
        // The other line is endless: only this line's own people are left.
        let with_own = [shared[0], desk(Serves::This, 3, 0.0)];
        assert_eq!(seconds(&[other(500)], &with_own, 6), Some(600));
        // Half of those who wait there came later.
        let customer = PersonCustomer {
            position: 6,
            waited: Duration::from_secs(300),
            urgent: false,
        };
        let wait = |urgent| {
            let customer = PersonCustomer { urgent, ..customer };
            wait_for_person(&LINE, &[other(6)], &shared, &customer).unwrap()
        };
        assert_eq!(wait(false), Duration::from_secs(450));
        assert_eq!(wait(true), Duration::from_secs(300));
    }

    #[test]
    fn urgent_customers_who_will_come_and_a_line_that_stands_still_slow_it_down() {
        let desks = [desk(Serves::This, 3, 3.0)];
        let wait = |urgent_share, called_ago: u64, waited: u64| {
            let line = PersonLine {
                urgent_share,
                called_ago: Some(Duration::from_secs(called_ago)),
                ..LINE
            };
            let customer = PersonCustomer {
                position: 6,
                waited: Duration::from_secs(waited),
                urgent: false,
            };
            wait_for_person(&line, &[], &desks, &customer).map(|wait| wait.as_secs())
        };
        assert_eq!(wait(0.0, 1, 0), Some(150));
        assert_eq!(wait(0.25, 1, 0), Some(200));
        assert_eq!(wait(0.0, 600, 300), Some(480));
    }

    #[test]
    fn an_agent_who_has_a_place_and_takes_nobody_does_not_count() {
        let idle = |holds, free| AgentDesk {
            idle_for: Duration::from_secs(600),
            ..desk(Serves::This, holds, free)
        };
        assert_eq!(seconds(&[], &[idle(3, 3.0)], 1), None);
        assert_eq!(seconds(&[], &[idle(3, 3.0), idle(6, 0.0)], 6), Some(300));
    }
}
