//! The faults of a soak, when they strike and for how long. They are drawn from a deck of all faults, by a seed.

use std::error::Error;
use std::time::{Duration, Instant};

use super::customers::SESSIONS;
use super::redis::RedisKind;
use super::world::World;
use crate::fake_waha::Behaviour;
use crate::redis_nodes::Migration;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const TICK: Duration = Duration::from_millis(10);
/// The time between two faults; some last longer and overlap.
const PAUSE_MS: std::ops::Range<u64> = 200..1_500;
const LASTS_MS: std::ops::Range<u64> = 100..2_500;
/// Where there are replicas, a fault of Redis may last until one takes over, or end before.
const REDIS_LASTS_MS: std::ops::Range<u64> = 100..4_000;
/// Between two looks whether Redis is whole again, and between two parts of a slot that move.
const REDIS_INTERVAL: Duration = Duration::from_millis(100);
/// How long Redis may take to be whole again.
const REDIS_PATIENCE: Duration = Duration::from_secs(60);
/// Longer than a process may be silent before it counts as dead.
const FREEZE: Duration = Duration::from_millis(4_500);
/// How late WAHA answers at most, except with [`TOO_LONG`].
pub(crate) const LATE_MAX: Duration = Duration::from_millis(1_500);
/// Longer than waha-sm waits for an answer. Used only in a long soak.
const TOO_LONG: Duration = Duration::from_secs(31);
const LONG_RUN: Duration = Duration::from_secs(120);

/// The name of the fault in which WAHA closes all connections and refuses new ones.
pub(crate) const WAHA_GONE: &str = "WAHA: gone";
/// The names of the faults that keep Redis from taking writes.
pub(crate) const REDIS_KILLED: &str = "kill -9 of Redis";
pub(crate) const REDIS_FROZEN: &str = "Redis frozen";
pub(crate) const REDIS_CUT_OFF: &str = "Redis cut off";
pub(crate) const REDIS_FAILED_OVER: &str = "failover of Redis";
pub(crate) const SLOT_MOVED: &str = "slot of Redis moved";
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
    /// kill -9 of the Redis that has a session; it comes back.
    RedisKilled,
    /// The Redis that has a session freezes, perhaps until a replica takes over, and then continues.
    RedisFrozen,
    /// Nobody reaches the Redis that has a session.
    RedisCutOff,
    /// A replica takes over while its primary lives.
    RedisFailedOver,
    /// The slot of a session moves to another master, a few keys at a time.
    SlotMoved,
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
            Self::RedisFrozen => REDIS_FROZEN.to_owned(),
            Self::RedisCutOff => REDIS_CUT_OFF.to_owned(),
            Self::RedisFailedOver => REDIS_FAILED_OVER.to_owned(),
            Self::SlotMoved => SLOT_MOVED.to_owned(),
            Self::BellsCut => BELLS_CUT.to_owned(),
            Self::ConnectionsCut => "connections to Redis cut".to_owned(),
            Self::Waha(behaviour) => format!("WAHA: {}", name(behaviour)),
            Self::WahaGone => WAHA_GONE.to_owned(),
        }
    }

    /// Whether it changes which node of Redis is in charge of what, so that the next must wait until Redis is whole again.
    fn shakes_redis(&self) -> bool {
        matches!(
            self,
            Self::RedisKilled
                | Self::RedisFrozen
                | Self::RedisCutOff
                | Self::RedisFailedOver
                | Self::SlotMoved
        )
    }

    /// Faults of one kind don't overlap: there is one WAHA, one Redis, and each process once.
    fn is_about_the_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Killed(one) | Self::Frozen(one), Self::Killed(two) | Self::Frozen(two)) => {
                one == two
            }
            (one, two) if one.shakes_redis() => two.shakes_redis(),
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
    /// When we ended it; a Redis needs some time after that.
    pub(crate) mended: Instant,
    pub(crate) to: Instant,
}

/// Which faults are left out, and which are added.
#[derive(Clone, Default)]
pub(crate) struct Choice {
    /// Faults whose names contain one of these words don't happen.
    pub(crate) without: Vec<String>,
    pub(crate) freeze: bool,
}

/// What a fault of Redis struck.
enum Struck {
    Node(usize),
    Slot(Migration),
    Nothing,
}

/// A fault of Redis that is over, but Redis is not whole yet.
struct Recovery {
    period: FaultPeriod,
    began: Instant,
}

/// See the module documentation.
pub(crate) struct FaultRun {
    chance: fastrand::Rng,
    choice: Choice,
    lasts: Duration,
    deck: Vec<Fault>,
    under_way: Vec<(Fault, FaultPeriod)>,
    struck: Struck,
    recovery: Option<Recovery>,
    next_look: Instant,
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
            struck: Struck::Nothing,
            recovery: None,
            next_look: Instant::now(),
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
            self.look_after_redis(world)?;
            if Instant::now() >= next {
                self.strike(world)?;
                next = Instant::now() + self.pause();
            }
            supervise(world)?;
            std::thread::sleep(TICK);
        }
        self.end_those_over(world, end + FREEZE)?;
        while self.recovery.is_some() {
            self.look_after_redis(world)?;
            supervise(world)?;
            std::thread::sleep(TICK);
        }
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
        if world.redis.kind() != RedisKind::Single {
            // Most of what such a soak is for.
            for _ in 0..2 {
                self.deck.extend([
                    Fault::RedisKilled,
                    Fault::RedisFrozen,
                    Fault::RedisCutOff,
                    Fault::RedisFailedOver,
                ]);
            }
        }
        if world.redis.kind() == RedisKind::Cluster {
            self.deck.extend([Fault::SlotMoved, Fault::SlotMoved]);
        }
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
            let recovers = self.recovery.is_some() && fault.shakes_redis();
            !recovers && !under_way.any(|(other, _)| fault.is_about_the_same(other))
        };
        let Some(index) = self.deck.iter().position(free) else {
            return Ok(());
        };
        let fault = self.deck.remove(index);
        let lasts = match fault {
            Fault::Frozen(_) => FREEZE,
            Fault::BellsCut | Fault::ConnectionsCut | Fault::RedisFailedOver => Duration::ZERO,
            ref fault if fault.shakes_redis() && world.redis.kind() != RedisKind::Single => {
                Duration::from_millis(self.chance.u64(REDIS_LASTS_MS))
            }
            _ => Duration::from_millis(self.chance.u64(LASTS_MS)),
        };
        let from = Instant::now();
        let name = fault.name(world);
        let session = SESSIONS[self.chance.usize(..SESSIONS.len())];
        match &fault {
            Fault::Killed(index) => world.processes[*index].kill()?,
            Fault::Frozen(index) => world.processes[*index].freeze(true)?,
            Fault::RedisKilled | Fault::RedisFrozen | Fault::RedisCutOff => {
                let node = world.redis.node_of(session)?;
                match fault {
                    Fault::RedisKilled => world.redis.kill(node)?,
                    Fault::RedisFrozen => world.redis.freeze(node, true)?,
                    _ => world.redis.cut_off(node, true),
                }
                self.struck = Struck::Node(node);
            }
            Fault::RedisFailedOver => world.redis.fail_over(session)?,
            Fault::SlotMoved => {
                if let Some(migration) = world.redis.begin_migration(session)? {
                    self.struck = Struck::Slot(migration);
                }
            }
            Fault::BellsCut => world.redis.cut("pubsub"),
            Fault::ConnectionsCut => world.redis.cut("normal"),
            Fault::Waha(behaviour) => world.waha.behave(behaviour.clone()),
            Fault::WahaGone => world.waha.go_away(),
        }
        let to = from + lasts;
        let mended = to;
        let period = FaultPeriod {
            name,
            from,
            mended,
            to,
        };
        self.under_way.push((fault, period));
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
                Fault::Waha(_) => world.calm(),
                Fault::WahaGone => world.waha.come_back()?,
                Fault::BellsCut | Fault::ConnectionsCut => {}
                fault => {
                    self.mend_redis(world, &fault)?;
                    let began = Instant::now();
                    period.mended = began;
                    self.recovery = Some(Recovery { period, began });
                    continue;
                }
            }
            period.to = Instant::now();
            self.periods.push(period);
        }
        Ok(())
    }

    fn mend_redis(&mut self, world: &mut World, fault: &Fault) -> Result<()> {
        match std::mem::replace(&mut self.struck, Struck::Nothing) {
            Struck::Node(node) => match fault {
                Fault::RedisKilled => world.redis.start_again(node)?,
                Fault::RedisFrozen => world.redis.freeze(node, false)?,
                _ => world.redis.cut_off(node, false),
            },
            Struck::Slot(migration) => world.redis.finish_migration(migration)?,
            Struck::Nothing => {}
        }
        Ok(())
    }

    /// A slot moves on, or Redis is whole again.
    fn look_after_redis(&mut self, world: &World) -> Result<()> {
        if Instant::now() < self.next_look {
            return Ok(());
        }
        self.next_look = Instant::now() + REDIS_INTERVAL;
        if let Struck::Slot(migration) = &self.struck {
            world.redis.continue_migration(migration)?;
        }
        let Some(recovery) = self.recovery.take() else {
            return Ok(());
        };
        if world.redis.is_whole() {
            let mut period = recovery.period;
            period.to = Instant::now();
            self.periods.push(period);
        } else if recovery.began.elapsed() > REDIS_PATIENCE {
            return Err("Redis itself did not recover".into());
        } else {
            self.recovery = Some(recovery);
        }
        Ok(())
    }
}

/// Restarts processes that ended.
pub(crate) fn supervise(world: &mut World) -> Result<()> {
    for process in &mut world.processes {
        process.supervise()?;
    }
    Ok(())
}
