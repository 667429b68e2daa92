//! The faults of a soak, when they strike and for how long. They are drawn from a deck of all faults, by a seed.

use std::error::Error;
use std::time::{Duration, Instant};

use super::world::World;
use crate::fake_waha::Behaviour;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const TICK: Duration = Duration::from_millis(10);
/// The time between two faults; some last longer and overlap.
const PAUSE_MS: std::ops::Range<u64> = 200..1_500;
const LASTS_MS: std::ops::Range<u64> = 100..2_500;
/// Longer than a process may be silent before it counts as dead.
const FREEZE: Duration = Duration::from_millis(4_500);
/// How late WAHA answers at most, except with [`TOO_LONG`].
pub(crate) const LATE_MAX: Duration = Duration::from_millis(1_500);
/// Longer than waha-sm waits for an answer. Used only in a long soak.
const TOO_LONG: Duration = Duration::from_secs(31);
const LONG_RUN: Duration = Duration::from_secs(120);

/// The name of the fault in which WAHA closes all connections and refuses new ones.
pub(crate) const WAHA_GONE: &str = "WAHA: gone";
pub(crate) const REDIS_KILLED: &str = "kill -9 of Redis";
/// The suffix of a frozen process's name.
pub(crate) const FROZEN: &str = " frozen";
pub(crate) const BELLS_CUT: &str = "bells cut";

/// One thing that goes wrong.
#[derive(Clone, Debug)]
enum Fault {
    /// kill -9 of the process with this number; it comes back.
    Killed(usize),
    /// It freezes until it counts as dead, and then continues.
    Frozen(usize),
    RedisKilled,
    /// Every bell in flight is lost.
    BellsCut,
    /// Every connection to Redis breaks, even in the middle of a command.
    ConnectionsCut,
    Waha(Behaviour),
    /// WAHA refuses connections.
    WahaGone,
}

impl Fault {
    fn name(&self, world: &World) -> String {
        let process = |index: &usize| world.processes[*index].name.clone();
        match self {
            Self::Killed(index) => format!("kill -9 of {}", process(index)),
            Self::Frozen(index) => format!("{}{FROZEN}", process(index)),
            Self::RedisKilled => REDIS_KILLED.to_owned(),
            Self::BellsCut => BELLS_CUT.to_owned(),
            Self::ConnectionsCut => "connections to Redis cut".to_owned(),
            Self::Waha(behaviour) => format!("WAHA: {}", name(behaviour)),
            Self::WahaGone => WAHA_GONE.to_owned(),
        }
    }

    /// Faults of one kind don't overlap: there is one WAHA, one Redis, and each process once.
    fn is_about_the_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Killed(one) | Self::Frozen(one), Self::Killed(two) | Self::Frozen(two)) => {
                one == two
            }
            (Self::RedisKilled, Self::RedisKilled) => true,
            (Self::Waha(_) | Self::WahaGone, Self::Waha(_) | Self::WahaGone) => true,
            _ => false,
        }
    }
}

/// The name of a behaviour, or of the first behaviour of [`Behaviour::Sometimes`].
fn name(behaviour: &Behaviour) -> &'static str {
    match behaviour {
        Behaviour::Sometimes(behaviours) => behaviours
            .first()
            .map_or("well", |(_, behaviour)| name(behaviour)),
        behaviour => behaviour.name(),
    }
}

/// A fault that happened.
pub(crate) struct FaultPeriod {
    pub(crate) name: String,
    pub(crate) from: Instant,
    pub(crate) to: Instant,
}

/// Which faults are left out, and which are added.
#[derive(Clone, Default)]
pub(crate) struct Choice {
    /// Faults whose names contain one of these words don't happen.
    pub(crate) without: Vec<String>,
    pub(crate) freeze: bool,
}

/// See the module documentation.
pub(crate) struct FaultRun {
    chance: fastrand::Rng,
    choice: Choice,
    lasts: Duration,
    deck: Vec<Fault>,
    under_way: Vec<(Fault, FaultPeriod)>,
    periods: Vec<FaultPeriod>,
}

impl FaultRun {
    pub(crate) fn new(seed: u64, choice: Choice, lasts: Duration) -> Self {
        Self {
            chance: fastrand::Rng::with_seed(seed),
            choice,
            lasts,
            deck: Vec::new(),
            under_way: Vec::new(),
            periods: Vec::new(),
        }
    }

    /// Runs all faults; afterwards everything works again. Returns what happened.
    pub(crate) fn run(mut self, world: &mut World) -> Result<Vec<FaultPeriod>> {
        world.waha.seed(self.chance.u64(..));
        let end = Instant::now() + self.lasts;
        let mut next = Instant::now() + self.pause();
        while Instant::now() < end {
            self.end_those_over(world, Instant::now())?;
            if Instant::now() >= next {
                self.strike(world)?;
                next = Instant::now() + self.pause();
            }
            supervise(world)?;
            std::thread::sleep(TICK);
        }
        self.end_those_over(world, end + FREEZE)?;
        self.periods.sort_by_key(|period| period.from);
        Ok(self.periods)
    }

    fn pause(&mut self) -> Duration {
        Duration::from_millis(self.chance.u64(PAUSE_MS))
    }

    fn deal(&mut self, world: &World) {
        let starting = r#"{"message":"starting","statusCode":503}"#.to_owned();
        let hang = LATE_MAX.mul_f64(0.2 + 0.8 * self.chance.f64());
        let mut behaviours = vec![
            Behaviour::Fails,
            Behaviour::TakesAndFails,
            Behaviour::HangsUp,
            Behaviour::TakesAndHangsUp,
            Behaviour::Answers(503, starting, Vec::new()),
            Behaviour::TakesAndHangs(hang),
            Behaviour::Hesitates(hang),
            Behaviour::SessionIs("STOPPED"),
        ];
        for behaviour in &mut behaviours {
            // Half of the time, so that some replies of a chat fail and others go through.
            if self.chance.bool() {
                *behaviour = Behaviour::Sometimes(vec![(0.5, behaviour.clone())]);
            }
        }
        if self.lasts >= LONG_RUN {
            behaviours.push(Behaviour::Sometimes(vec![(
                0.05,
                Behaviour::TakesAndHangs(TOO_LONG),
            )]));
        }
        let processes = 0..world.processes.len();
        self.deck = behaviours.into_iter().map(Fault::Waha).collect();
        self.deck.extend(processes.clone().map(Fault::Killed));
        self.deck.extend([
            Fault::WahaGone,
            Fault::RedisKilled,
            Fault::BellsCut,
            Fault::ConnectionsCut,
        ]);
        if self.choice.freeze {
            self.deck.extend(processes.map(Fault::Frozen));
        }
        let without = &self.choice.without;
        self.deck.retain(|fault| {
            let name = fault.name(world).to_lowercase();
            !without
                .iter()
                .any(|word| name.contains(&word.to_lowercase()))
        });
        self.chance.shuffle(&mut self.deck);
    }

    fn strike(&mut self, world: &mut World) -> Result<()> {
        if self.deck.is_empty() {
            self.deal(world);
        }
        let free = |fault: &Fault| {
            let mut under_way = self.under_way.iter();
            !under_way.any(|(other, _)| fault.is_about_the_same(other))
        };
        let Some(index) = self.deck.iter().position(free) else {
            return Ok(());
        };
        let fault = self.deck.remove(index);
        let lasts = match fault {
            Fault::Frozen(_) => FREEZE,
            Fault::BellsCut | Fault::ConnectionsCut => Duration::ZERO,
            _ => Duration::from_millis(self.chance.u64(LASTS_MS)),
        };
        let from = Instant::now();
        let name = fault.name(world);
        match &fault {
            Fault::Killed(index) => world.processes[*index].kill()?,
            Fault::Frozen(index) => world.processes[*index].freeze(true)?,
            Fault::RedisKilled => world.redis.kill()?,
            Fault::BellsCut => cut(world, "pubsub"),
            Fault::ConnectionsCut => cut(world, "normal"),
            Fault::Waha(behaviour) => world.waha.behave(behaviour.clone()),
            Fault::WahaGone => world.waha.go_away(),
        }
        let to = from + lasts;
        self.under_way.push((fault, FaultPeriod { name, from, to }));
        Ok(())
    }

    fn end_those_over(&mut self, world: &mut World, now: Instant) -> Result<()> {
        let (over, under_way) = std::mem::take(&mut self.under_way)
            .into_iter()
            .partition(|(_, period)| period.to <= now);
        self.under_way = under_way;
        let over: Vec<(Fault, FaultPeriod)> = over;
        for (fault, mut period) in over {
            match fault {
                Fault::Killed(index) => world.processes[index].start()?,
                Fault::Frozen(index) => world.processes[index].freeze(false)?,
                Fault::RedisKilled => world.redis.start_again()?,
                Fault::Waha(_) => world.calm(),
                Fault::WahaGone => world.waha.come_back()?,
                Fault::BellsCut | Fault::ConnectionsCut => {}
            }
            period.to = Instant::now();
            self.periods.push(period);
        }
        Ok(())
    }
}

fn cut(world: &World, kind: &str) {
    // While Redis is down, there is nothing to cut.
    let _ = world.redis.ask(&["CLIENT", "KILL", "TYPE", kind]);
}

/// Restarts processes that ended.
pub(crate) fn supervise(world: &mut World) -> Result<()> {
    for process in &mut world.processes {
        process.supervise()?;
    }
    Ok(())
}
