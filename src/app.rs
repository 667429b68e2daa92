//! The composition root: builds what a role needs, starts it room by room, and stops it in order.
//!
//! There are two runtimes: one receives webhooks; the other handles, sends and archives at a lower priority, so that WAHA is
//! answered at once under any load. Each has its own connections to Redis.
//!
//! This file is the table of contents: `start` and `start_work` name every agent in the order of start, which is also the
//! order of stop. `daemon` runs and stops the agents, `redis` connects to Redis, `bells` passes bells to the agents, and
//! `checkup` looks at all of it, and
//! there is a file for each room of [`service`](crate::service) that builds its agents.

mod bells;
pub mod checkup;
mod console;
mod daemon;
mod deliver;
mod handle;
mod inlet;
mod line;
mod owner;
mod redis;
mod shared;
mod start_error;
mod upkeep;

use std::sync::{Arc, OnceLock};

use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tracing::{info, warn};

use crate::config::{CatchUpConfig, Config, HandlingConfig, KeepHistory};
use crate::data_dir::DataDir;
use crate::flows::{Flows, NO_DEFAULT_FLOW};
use crate::history;
use crate::ids::{NotifyChat, ProcessId};
use crate::logging;
use crate::panic_log;
use crate::runtime::{self, ReloadSignals};
use crate::secret::Secret;
use crate::service::handle::calls::CALLS_MAX;
use crate::service::inlet::listener::CONNECTIONS_MAX;
use crate::service::kit::duties::Duties;
use crate::service::kit::handover::Handover;
use crate::service::kit::lease::Lease;
use crate::service::kit::metrics::Metrics;
use crate::service::kit::touched::Touched;
use crate::service::kit::waha_access::WahaAccess;
use crate::service::owner::reachability::Reachability;
use crate::service::upkeep::health_agent::{HealthAgent, Vitals, WorkPulse};
use crate::service::upkeep::lookout::ToldAgents;
use crate::service::upkeep::reloader::ReloadRequest;
use crate::store::{self, Store};
use crate::version::VERSION;
use crate::waha::client::Client;

use checkup::KnownSettings;
use daemon::Daemon;
use redis::retry_at_start;
use shared::Shared;
use upkeep::OpenHistory;

pub use start_error::StartError;

/// Blocking threads in addition to those for a flow's calls: for questions to WAHA, and for files.
const BLOCKING_SPARE: usize = 16;
/// The lowest priority. During a burst of webhooks the work waits, and catches up afterwards.
const WORK_NICENESS: i32 = 19;

/// Runs a role until SIGTERM or SIGINT.
///
/// # Errors
/// Why it could not start, or that a part of it panicked.
pub fn run(config: Config) -> Result<(), StartError> {
    logging::start(config.log.clone());
    panic_log::start();
    for warning in &config.warnings {
        warn!("{warning}");
    }
    let connections_max = match config.role.serves() {
        true => runtime::allow_open_files(CONNECTIONS_MAX),
        false => 0,
    };
    let front = runtime::start("front", None, BLOCKING_SPARE)?;
    let back = runtime::start("back", Some(WORK_NICENESS), CALLS_MAX + BLOCKING_SPARE)?;
    let result = front.block_on(Daemon::run(async |daemon, reload_signals| {
        daemon
            .start(config, connections_max, back.handle(), reload_signals)
            .await
    }));
    // Don't wait for blocking threads: a request to WAHA may hang for longer than a stop may take.
    back.shutdown_background();
    front.shutdown_background();
    result
}

/// What the agents that handle conversations need, in addition to Redis.
struct Work {
    process: ProcessId,
    flows: Arc<Flows>,
    client: Arc<Client>,
    notify_chat: Option<NotifyChat>,
    handling: HandlingConfig,
    catch_up: CatchUpConfig,
    call_secret: Option<Secret>,
    /// Where the owner's browser finds the console, if that is known.
    console: Option<String>,
    to_reloader: mpsc::UnboundedSender<ReloadRequest>,
}

impl Daemon {
    /// Starts what the role needs. What starts first stops first: agents that create work stop before agents that do it.
    async fn start(
        &mut self,
        config: Config,
        connections_max: usize,
        back: &Handle,
        reload_signals: ReloadSignals,
    ) -> Result<(), StartError> {
        let front = Handle::current();
        let (role, listen) = (config.role, config.webhook.listen);
        let workers = config.handling.workers;
        // Before everything that may take long, so that whoever asks hears that this process starts.
        let vitals = Arc::<OnceLock<Vitals>>::default();
        if let Some(socket) = upkeep::health_socket() {
            let agent = HealthAgent {
                vitals: vitals.clone(),
            };
            self.listener(tokio::spawn(agent.run(socket)));
        }
        // First of all, because two daemons can share neither a directory nor a port.
        let keeps_history = config.history != KeepHistory::Off;
        let data_dir = if keeps_history {
            Some(self.take_data_dir(&config.redis.data_dir)?)
        } else {
            None
        };
        let bound = if role.serves() {
            Some(inlet::bind(listen)?)
        } else {
            None
        };
        let console = match config.console {
            Some(console) => Some((console::bind(console.listen)?, console)),
            None => None,
        };
        let console_at = console.as_ref().map(|(_, console)| console.reached_at());
        let flows = Arc::new(config.flow.flows);
        let at_start = flows.loaded();
        let redis = self
            .find_redis(&config.redis, data_dir.as_deref(), flows.clone())
            .await?;
        let ack_replicas = config.redis.ack_replicas;
        redis::check_server(&redis, ack_replicas).await?;
        let known = KnownSettings::of(
            &config.warnings,
            &config.redis,
            &config.webhook,
            &config.waha,
        );
        let client = Arc::new(deliver::client(config.waha)?);
        let metrics = Arc::new(Metrics::default());
        let touched = Arc::<Touched>::default();
        let process = upkeep::new_process_name()?;
        let (to_reloader, reload_requests) = mpsc::unbounded_channel();

        let acknowledged = store::StoreConfig {
            connections: redis.connections.acknowledged_by(ack_replicas),
            ..redis.clone()
        };
        let front_store = match bound {
            Some(_) => Some(self.connect(&acknowledged, &front).await?),
            None => None,
        };
        // Before anything is received: a process that may not keep the history shall not run for a moment and end.
        let history = match &data_dir {
            Some(data_dir) => {
                let store = self.connect(&redis, back).await?;
                let how = (role, config.history);
                Some(OpenHistory::open(&redis, store, data_dir, &process, how, back).await?)
            }
            None => None,
        };

        let mut readiness = None;
        if let (Some(bound), Some(store)) = (bound, front_store) {
            let checks = upkeep::readiness(self, store.clone(), Some(metrics.clone()));
            readiness = Some(checks.clone());
            if !keeps_history {
                let watch = upkeep::history_watch(store.clone(), metrics.clone());
                self.stage(&front, "history-watch", |stop| watch.run(stop));
            }
            let notifier = owner::notifier(&store, config.notify_chat.clone(), &flows);
            let intake = inlet::intake(&store, &flows, notifier, &config.catch_up);
            let listener = inlet::listener(
                &config.webhook,
                intake,
                store,
                &metrics,
                connections_max,
                checks,
            );
            self.stage(&front, "listener", |stop| listener.run(bound, stop));
        }
        let mut pulse = None;
        if role.works() {
            let work = Work {
                process: process.clone(),
                flows: flows.clone(),
                client: client.clone(),
                notify_chat: config.notify_chat,
                handling: config.handling,
                catch_up: config.catch_up,
                call_secret: config.flow.call_secret,
                console: config.console_url.map(|url| url.link("")),
                to_reloader: to_reloader.clone(),
            };
            let (store, lease) = self
                .start_work(&redis, back, data_dir.as_deref(), work)
                .await?;
            readiness.get_or_insert_with(|| upkeep::readiness(self, store, None));
            pulse = Some(WorkPulse {
                lease,
                back: back.clone(),
            });
        } else {
            let listening = bells::listen_for_reloads(&redis, to_reloader.clone()).await?;
            self.listener(listening);
        }
        if let Some(store) = self.stores.first().cloned() {
            self.listener(tokio::spawn(bells::forward(reload_signals, to_reloader)));
            let warning = config.flow.warning_of_calls;
            let reloader = upkeep::reloader(
                flows.clone(),
                store,
                process,
                role,
                warning,
                reload_requests,
            );
            self.stage(&front, "reloader", |stop| reloader.run(stop));
        }
        if let (Some((bound, console)), Some(data_dir)) = (console, &data_dir) {
            let store = self.connect(&redis, back).await?;
            let path = data_dir.path().join(history::FILE_NAME);
            let checkup = known.checkup(store.clone(), flows.clone(), data_dir.path().to_owned());
            let console = console::console(
                console,
                store,
                flows,
                client,
                (metrics.clone(), touched.clone()),
                path,
                checkup,
            );
            self.stage(back, "console", |stop| console.run(bound, stop));
        }
        if let Some(history) = history {
            let archiver = history.archiver(metrics, touched, config.keep_for);
            // Last, because it archives what the others write while they stop.
            self.stage(back, daemon::ARCHIVER, |stop| archiver.run(stop));
        }
        if let Some(readiness) = readiness {
            let _ = vitals.set(Vitals {
                readiness,
                work: pulse,
            });
        }
        self.started.cancel();
        if at_start.has_no_default() {
            info!("{NO_DEFAULT_FLOW}");
        }
        info!(
            version = VERSION,
            %role,
            listen = role.serves().then(|| listen.to_string()),
            workers = role.works().then_some(workers),
            flows = %at_start,
            console = console_at.map(|address| address.to_string()),
            "ready"
        );
        Ok(())
    }

    /// Starts the agents that handle conversations, and this process's heartbeat. Returns the heartbeat's connections, and the lease that it
    /// renews.
    async fn start_work(
        &mut self,
        redis: &store::StoreConfig,
        back: &Handle,
        data_dir: Option<&DataDir>,
        work: Work,
    ) -> Result<(Store, Arc<Lease>), StartError> {
        let store = self.connect(redis, back).await?;
        // Heartbeats run at the listener's priority, because they must be sent under any load.
        let front = Handle::current();
        let heart = self.connect(redis, &front).await?;
        let (client, process) = (work.client, work.process);
        let shared = Shared {
            duties: Arc::new(Duties::new(process.clone())),
            process,
            notifier: owner::notifier(&store, work.notify_chat, &work.flows),
            flows: work.flows,
            reachability: Arc::new(Reachability::new(client.clone())),
            access: Arc::new(WahaAccess::new(client.clone())),
            client,
            lease: Arc::default(),
            pickup_latency: Arc::default(),
            store,
        };
        if let Some(data_dir) = data_dir {
            upkeep::take_back(redis, data_dir, &shared).await?;
        }
        let workers = work.handling.workers;
        let (lease, heart_of) = (shared.lease.clone(), heart.clone());
        let recoverer = upkeep::recoverer(&shared, workers, heart);
        retry_at_start(redis, async || recoverer.announce().await).await?;
        let (bells, listening) = bells::listen(redis, &shared, back, work.to_reloader).await?;
        self.listener(listening);

        let (to_expiry, expiry_sessions) = mpsc::unbounded_channel();
        let (to_handoffs, handoff_sessions) = mpsc::unbounded_channel();
        let (to_left_alone, left_alone_sessions) = mpsc::unbounded_channel();
        let (to_lid_lookup, lid_sessions) = mpsc::unbounded_channel();
        let agents = ToldAgents {
            sender: bells.to_sender.clone(),
            announcer: bells.to_announcer,
            expiry: to_expiry,
            handoffs: to_handoffs,
            left_alone: to_left_alone,
            lid_lookup: to_lid_lookup,
        };
        // First, so that other processes look after its sessions before the agents stop.
        let agent = upkeep::lookout(&shared, bells.lookout, agents);
        self.stage(back, "lookout", |stop| agent.run(stop));
        let agent = upkeep::write_back(&shared);
        self.stage(back, "write-back", |stop| agent.run(stop));
        let agent = owner::waha_monitor(&shared);
        self.stage(back, "waha-monitor", |stop| agent.run(stop));
        let agent = inlet::catch_up(&shared, &work.catch_up, bells.catch_up);
        self.stage(back, "catch-up", |stop| agent.run(stop));
        let agent = inlet::lid_lookup(&shared);
        self.stage(back, "lid-lookup", |stop| agent.run(lid_sessions, stop));
        let agent = owner::reachability(&shared);
        self.stage(back, "reachability", |stop| agent.run(stop));
        let agent = line::announcer(&shared);
        self.stage(back, "announcer", |stop| agent.run(bells.announcer, stop));
        let agent = owner::handoffs(&shared, work.console);
        self.stage(back, "handoffs", |stop| agent.run(handoff_sessions, stop));
        let agent = owner::left_alone(&shared);
        self.stage(back, "left-alone", |stop| {
            agent.run(left_alone_sessions, stop)
        });
        let agent = line::expiry(&shared, expiry_sessions);
        self.stage(back, "expiry", |stop| agent.run(stop));
        let agent = upkeep::sweeper(&shared);
        self.stage(back, "sweeper", |stop| agent.run(stop));
        let (handover, given) = Handover::new(bells.to_sender, shared.access.clone());
        let agent = handle::dispatcher(
            &shared,
            workers,
            work.call_secret,
            handover,
            bells.dispatcher,
        );
        self.stage(back, "dispatcher", |stop| agent.run(stop));
        let agent = deliver::sender(&shared, &work.handling, bells.sender, given);
        self.stage(back, "sender", |stop| agent.run(stop));
        // After the others, because its heartbeats keep their leases.
        self.stage(&front, "recoverer", |stop| recoverer.run(stop));
        self.leases = Some((shared.process, shared.store));
        Ok((heart_of, lease))
    }
}
