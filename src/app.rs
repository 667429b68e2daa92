//! The composition root: builds what a role needs, starts it, and stops it in order.
//!
//! Two runtimes: one takes webhooks, the other attends, sends and archives at a lower priority, so that WAHA is
//! answered at once however much there is to do. Each has its own connection to Redis.

mod work;

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use crate::config::{Config, RedisConfig, Role};
use crate::data_dir::{DataDir, DataDirError};
use crate::flows::{FALLS_BACK, Flows};
use crate::history;
use crate::logging;
use crate::runtime;
use crate::runtime::{Hangups, Signals};
use crate::service::handle::calls::{CALLS_MAX, Calls};
use crate::service::inlet::intake::Intake;
use crate::service::inlet::listener::{CONNECTIONS_MAX, Listener};
use crate::service::owner::notifier::Owner;
use crate::service::upkeep::archiver;
use crate::service::upkeep::archiver::Archiver;
use crate::service::upkeep::metrics::Metrics;
use crate::service::upkeep::recoverer::release;
use crate::service::upkeep::reloader::{Asked, Reloader};
use crate::store;
use crate::store::{Bell, Bells, FirstNotice, PrivateRedis, PrivateRedisError, Server, Store};
use crate::waha::client::{BadConfig, Client, ClientConfig};
use crate::waha::signature::Verifier;

use crate::app::work::Work;

/// Requests to WAHA under way at once, each on a thread of its own while it lasts.
const REQUESTS_MAX: usize = 64;
/// Blocking threads beside the requests': archive, look-ups of host names.
const BLOCKING_SPARE: usize = 16;
/// WAHA itself waits up to 15 s for a session before it answers (its source, `waitUntilStatus`).
const WAHA_TIMEOUT: Duration = Duration::from_secs(30);
/// At start Redis may still be reading its files.
const REDIS_PATIENCE: Duration = Duration::from_secs(30);
/// Between two tries at the start.
const REDIS_RETRY_AFTER: Duration = Duration::from_millis(50);
/// The lowest there is: beside a burst of webhooks the work waits, and catches up.
const WORK_NICENESS: i32 = 19;
/// The whole stop: supervisors kill after ten seconds.
const STOP_TIMEOUT: Duration = Duration::from_millis(9_500);

/// The stage before which leases are handed back: it archives what that writes.
const ARCHIVER: &str = "archiver";

/// Why the daemon ended, if it was not told to.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// See [`DataDirError`].
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// See [`PrivateRedisError`].
    #[error(transparent)]
    PrivateRedis(#[from] PrivateRedisError),
    /// Redis can't be used.
    #[error("can't use Redis{}: {source}{}", at.as_deref().unwrap_or_default(), advice(source))]
    Store {
        /// Where, without its password.
        at: Option<String>,
        /// Why.
        source: store::Error,
    },
    /// WAHA can't be called that way.
    #[error(transparent)]
    Client(#[from] BadConfig),
    /// The history can't be opened.
    #[error(transparent)]
    History(#[from] history::Error),
    /// The address is taken or not ours.
    #[error("can't listen on {address}: {source}; set LISTEN to another address or port")]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// A part of it panicked.
    #[error(
        "a part of the daemon failed and the rest stopped; nothing is lost: start it again. Please report the lines above that \
         say `panicked at`"
    )]
    Broken,
    /// The operating system refused something basic.
    #[error("can't start: {0}")]
    System(#[from] io::Error),
}

/// Runs a role until it is told to stop (SIGTERM, SIGINT).
///
/// # Errors
/// Why it could not start.
pub fn run(config: Config) -> Result<(), Error> {
    logging::start(config.log.clone());
    config
        .warnings
        .iter()
        .for_each(|warning| warn!("{warning}"));
    if config.role.serves() {
        runtime::allow_open_files(CONNECTIONS_MAX);
    }
    let front = runtime::start("front", None, BLOCKING_SPARE)?;
    let blocking = REQUESTS_MAX + CALLS_MAX + BLOCKING_SPARE;
    let back = runtime::start("back", Some(WORK_NICENESS), blocking)?;
    let result = front.block_on(Daemon::run(config, back.handle()));
    // A request to WAHA may hang for longer than a stop may last.
    back.shutdown_background();
    front.shutdown_background();
    result
}

/// What runs, in the order in which it is stopped.
#[derive(Default)]
struct Daemon {
    started: CancellationToken,
    stopping: CancellationToken,
    /// Cancelled when a stage panicked: without it nothing would be whole.
    broken: CancellationToken,
    /// Producers first: each stage ends before the next is told to.
    stages: Vec<Stage>,
    bells: Vec<JoinHandle<()>>,
    stores: Vec<Store>,
    /// Who holds leases, and where; they are handed back once nobody works on them.
    leases: Option<(String, Store)>,
    private_redis: Option<PrivateRedis>,
    /// Last: the lock goes when everything else has.
    data_dir: Option<Arc<DataDir>>,
}

/// Tells when the stage that it is dropped with panics.
struct Broken(CancellationToken);

impl Drop for Broken {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.cancel();
        }
    }
}

struct Stage {
    name: &'static str,
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

impl Daemon {
    async fn run(config: Config, back: &Handle) -> Result<(), Error> {
        // Before anything starts, so that no signal is missed.
        let mut signals = Signals::new()?;
        let hangups = Hangups::new()?;
        let mut daemon = Self::default();
        let result = tokio::select! {
            started = daemon.start(config, back, hangups) => match started {
                Ok(()) => tokio::select! {
                    () = signals.next() => Ok(()),
                    () = daemon.broken.cancelled() => Err(Error::Broken),
                },
                Err(error) => Err(error),
            },
            () = signals.next() => Ok(()),
        };
        if result.is_ok() {
            info!("stopping; a second signal stops at once");
        }
        daemon.stopping.cancel();
        // Also after a start that failed half-way: nothing of ours stays behind.
        tokio::select! {
            () = daemon.stop() => {}
            () = tokio::time::sleep(STOP_TIMEOUT) => {
                warn!("not everything ended in time; nothing is lost: it goes on at the next start");
            }
            () = signals.next() => warn!("stopped at once; nothing is lost: it goes on at the next start"),
        }
        result.inspect(|()| info!("stopped"))
    }

    async fn start(
        &mut self,
        config: Config,
        back: &Handle,
        hangups: Hangups,
    ) -> Result<(), Error> {
        let role = config.role;
        let listen = config.webhook.listen;
        let verifier = Verifier::new(&config.webhook.secrets());
        let data_dir = if role.serves() {
            Some(Arc::new(DataDir::take(&config.redis.data_dir)?))
        } else {
            None
        };
        self.data_dir.clone_from(&data_dir);
        // Bound first: two daemons on one port should not touch anything.
        let listener = if role.serves() {
            let bound = TcpListener::bind(listen).await;
            Some(bound.map_err(|source| Error::Listen {
                address: listen,
                source,
            })?)
        } else {
            None
        };
        let flows = Arc::new(config.flow.flows);
        let warning_of_calls = config.flow.warning_of_calls;
        let redis = self
            .redis(&config.redis, data_dir.as_deref(), flows.clone())
            .await?;
        inspect(&redis).await?;
        let metrics = Arc::new(Metrics::default());
        let notify_chat = config.notify_chat;
        let loaded = flows.loaded();
        let process = work::new_process_name()?;
        let (to_reloader, asked) = mpsc::unbounded_channel();
        let settings = Work {
            process: process.clone(),
            flows: flows.clone(),
            to_reloader: to_reloader.clone(),
            workers: config.handling.workers,
            pacing: config.handling.pacing,
            in_doubt: config.handling.in_doubt,
            notify_chat: notify_chat.clone(),
            calls: Calls::new(config.flow.call_secret),
            catch_up_interval: config.catch_up.interval,
            catch_up_max_age: config.catch_up.max_age,
            client: Client::new(ClientConfig {
                base_url: config.waha.url,
                api_key: config
                    .waha
                    .api_key
                    .as_ref()
                    .map(|key| key.reveal().to_owned()),
                timeout: WAHA_TIMEOUT,
                connections: REQUESTS_MAX,
            })?,
        };
        if let Some(listener) = listener {
            let locale = flows.loaded().locale();
            let owner = |store| Owner::new(store, notify_chat, locale);
            let intake = |store: Store| Intake::new(store.clone(), flows.clone(), owner(store));
            self.listen(&redis, listener, verifier, metrics.clone(), intake)
                .await?;
        }
        if role.works() {
            self.work(&redis, back, settings, data_dir.as_deref())
                .await?;
        } else {
            let bells = patiently(&redis, async || Bells::subscribe_to_flows(&redis).await).await?;
            let asking = to_reloader.clone();
            self.bells.push(tokio::spawn(bells.run(move |bell| {
                ask(&asking, bell);
                Vec::new()
            })));
        }
        if let Some(store) = self.stores.first().cloned() {
            self.bells.push(tokio::spawn(forward(hangups, to_reloader)));
            self.stage(&Handle::current(), "reloader", |shutdown| {
                Reloader {
                    flows,
                    store,
                    process,
                    who: who(role),
                    warning_of_calls,
                    asked,
                }
                .run(shutdown)
            });
        }
        if let Some(data_dir) = &data_dir {
            let path = data_dir.path().join(history::FILE_NAME);
            // Bringing it up to date may take a while.
            let opening = {
                let path = path.clone();
                back.spawn_blocking(move || archiver::open(&path))
            };
            let archive = opening.await.map_err(io::Error::from)??;
            let store = self.connect(&redis, back).await?;
            self.stage(back, ARCHIVER, |shutdown| {
                Archiver {
                    store,
                    archive,
                    path,
                    metrics,
                }
                .run(shutdown)
            });
        }
        self.started.cancel();
        if loaded.falls_back() {
            info!("{FALLS_BACK}");
        }
        info!(
            %role,
            listen = role.serves().then(|| listen.to_string()),
            workers = role.works().then_some(config.handling.workers),
            flows = %loaded,
            "ready"
        );
        Ok(())
    }

    async fn redis(
        &mut self,
        config: &RedisConfig,
        data_dir: Option<&DataDir>,
        flows: Arc<Flows>,
    ) -> Result<store::Config, Error> {
        let server = match (&config.url, data_dir) {
            (Some(url), _) => Server::Url(url.reveal().to_owned()),
            (None, Some(data_dir)) => {
                let private = PrivateRedis::start(data_dir.path()).await?;
                let socket = private.socket().to_owned();
                self.private_redis = Some(private);
                Server::Socket(socket)
            }
            // The settings allow this for no role.
            (None, None) => return Err(PrivateRedisError::NotFound.into()),
        };
        Ok(store::Config {
            server,
            prefix: config.prefix.clone(),
            first_notice_after: FirstNotice::new(move |session| {
                flows.of(session).notice_rules().first_after
            }),
            connections: store::Connections::default(),
        })
    }

    /// A connection whose tasks run on `runtime`.
    async fn connect(&mut self, redis: &store::Config, runtime: &Handle) -> Result<Store, Error> {
        let connecting = {
            let redis = redis.clone();
            runtime.spawn(async move { Store::connect(&redis, REDIS_PATIENCE).await })
        };
        let connected = connecting.await.map_err(io::Error::from)?;
        let store = connected.map_err(|source| Error::Store {
            at: redis.server.shown(),
            source,
        })?;
        self.stores.push(store.clone());
        Ok(store)
    }

    async fn listen(
        &mut self,
        redis: &store::Config,
        listener: TcpListener,
        verifier: Verifier,
        metrics: Arc<Metrics>,
        intake: impl FnOnce(Store) -> Intake,
    ) -> Result<(), Error> {
        let front = Handle::current();
        let store = self.connect(redis, &front).await?;
        let service = Listener {
            verifier,
            intake: intake(store.clone()),
            store,
            metrics,
            started: self.started.clone(),
            stopping: self.stopping.clone(),
        };
        self.stage(&front, "listener", |shutdown| {
            service.run(listener, shutdown)
        });
        Ok(())
    }

    fn stage<Run>(
        &mut self,
        runtime: &Handle,
        name: &'static str,
        start: impl FnOnce(CancellationToken) -> Run,
    ) where
        Run: Future<Output = ()> + Send + 'static,
    {
        let shutdown = CancellationToken::new();
        let running = start(shutdown.clone());
        let broken = Broken(self.broken.clone());
        let task = runtime.spawn(async move {
            // Moved in here, so that it is dropped, and tells, when something below panics.
            let _broken = broken;
            running.await;
        });
        self.stages.push(Stage {
            name,
            shutdown,
            task,
        });
    }

    /// Listener, announcer, workers (the step in hand), senders (to a deadline), the heartbeat; then what is left is
    /// handed back; the archiver (last flush), connections, the private Redis.
    async fn stop(mut self) {
        let mut leases = self.leases.take();
        for stage in self.stages {
            if stage.name == ARCHIVER {
                hand_back(leases.take()).await;
            }
            stage.shutdown.cancel();
            if let Err(error) = stage.task.await {
                error!(stage = stage.name, %error, "ended early");
            }
        }
        hand_back(leases).await;
        self.bells.iter().for_each(JoinHandle::abort);
        for store in &self.stores {
            store.close().await;
        }
        if let Some(private_redis) = self.private_redis
            && let Err(error) = private_redis.stop().await
        {
            warn!(%error, "it may still be writing; the next start adopts it");
        }
    }
}

/// Hands on a bell that asks for the flows to be loaded anew. The receiver is gone when we stop.
fn ask(reloader: &mpsc::UnboundedSender<Asked>, bell: &Bell) {
    if let Bell::Flows(request) = bell {
        let _ = reloader.send(Asked::ByBell(request.clone()));
    }
}

/// This process, for a person who runs several, perhaps in containers.
fn who(role: Role) -> String {
    let machine = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let (process, machine) = (std::process::id(), machine.trim());
    format!("{role} (process {process} on {machine})")
}

/// Hands on the signals that ask for it.
async fn forward(mut hangups: Hangups, reloader: mpsc::UnboundedSender<Asked>) {
    while let Some(()) = hangups.next().await {
        let _ = reloader.send(Asked::BySignal);
    }
}

/// Does something with Redis at the start, again and again where that fails: a connection may be cut in any moment.
async fn patiently<T>(
    redis: &store::Config,
    mut attempt: impl AsyncFnMut() -> Result<T, store::Error>,
) -> Result<T, Error> {
    let deadline = Instant::now() + REDIS_PATIENCE;
    loop {
        match attempt().await {
            Ok(done) => return Ok(done),
            Err(source) if Instant::now() >= deadline => {
                return Err(Error::Store {
                    at: redis.server.shown(),
                    source,
                });
            }
            Err(error) => debug!(%error, "Redis did not do something at the start; will again"),
        }
        tokio::time::sleep(REDIS_RETRY_AFTER).await;
    }
}

/// Whether Redis can be used, and what about it is dangerous: once, before anything is done with it.
async fn inspect(redis: &store::Config) -> Result<(), Error> {
    let begun = Instant::now();
    let failed = |source| Error::Store {
        at: redis.server.shown(),
        source,
    };
    let store = Store::connect(redis, REDIS_PATIENCE)
        .await
        .map_err(failed)?;
    let left = REDIS_PATIENCE.saturating_sub(begun.elapsed());
    let inspected = store.inspect(left).await;
    store.close().await;
    inspected
        .map_err(failed)?
        .iter()
        .for_each(|warning| warn!("{warning}"));
    Ok(())
}

fn advice(error: &store::Error) -> &'static str {
    match error {
        store::Error::TooOld { .. } => "",
        _ => "; is it running, and is REDIS_URL right?",
    }
}

/// Whatever is still held goes back, for others or for the next start.
async fn hand_back(leases: Option<(String, Store)>) {
    let Some((process, store)) = leases else {
        return;
    };
    match release(&store, &process).await {
        Ok((conversations, lanes)) => info!(conversations, lanes, "handed back"),
        Err(error) => warn!(%error, "could not hand back; it is taken over within seconds"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stage_that_panics_is_told_of_and_one_that_ends_is_not() {
        let mut daemon = Daemon::default();
        let here = Handle::current();
        daemon.stage(&here, "ends", |_| async {});
        daemon.stages.remove(0).task.await.unwrap();
        assert!(!daemon.broken.is_cancelled());
        daemon.stage(&here, "panics", |_| async {
            panic!("as the test wants it")
        });
        assert!(daemon.stages.remove(0).task.await.is_err());
        assert!(daemon.broken.is_cancelled());
    }
}
