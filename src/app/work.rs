//! The part of the composition that attends customers: what the role `work` runs.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use ring::rand::{SecureRandom, SystemRandom};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tracing::{info, warn};

use crate::app::{Daemon, Error, REQUESTS_MAX, ask, patiently};
use crate::data_dir::DataDir;
use crate::flows::Flows;
use crate::service::deliver::delivery::{Context, Manner};
use crate::service::deliver::send_config::{InDoubt, Pacing};
use crate::service::deliver::sender::Sender;
use crate::service::handle::calls::Calls;
use crate::service::handle::conversation;
use crate::service::handle::dispatcher::Worker;
use crate::service::inlet::catch_up::CatchUp;
use crate::service::inlet::intake::Intake;
use crate::service::inlet::lid_lookup::People;
use crate::service::kit::lease::Lease;
use crate::service::kit::pickup_latency::WakeUps;
use crate::service::line::announcer::Announcer;
use crate::service::line::expiry::Overdue;
use crate::service::owner::handoffs::Handoffs;
use crate::service::owner::notifier::Owner;
use crate::service::owner::notify_chat::NotifyChat;
use crate::service::owner::reachability::{Ears, Hearing};
use crate::service::upkeep::recoverer::{Recoverer, release};
use crate::service::upkeep::reloader::Asked;
use crate::store;
use crate::store::{Bell, Bells};
use crate::waha::client::Client;

/// What the work needs to know beside Redis.
pub(super) struct Work {
    pub(super) process: String,
    pub(super) flows: Arc<Flows>,
    pub(super) to_reloader: mpsc::UnboundedSender<Asked>,
    pub(super) workers: usize,
    pub(super) pacing: Pacing,
    pub(super) in_doubt: InDoubt,
    pub(super) notify_chat: Option<NotifyChat>,
    pub(super) catch_up_interval: Duration,
    pub(super) catch_up_max_age: Duration,
    pub(super) client: Client,
    pub(super) calls: Calls,
}

impl Daemon {
    /// Starts what attends customers: those who ask before those who are asked.
    pub(super) async fn work(
        &mut self,
        redis: &store::Config,
        back: &Handle,
        settings: Work,
        data_dir: Option<&DataDir>,
    ) -> Result<(), Error> {
        let Work {
            flows,
            process,
            to_reloader,
            ..
        } = settings;
        let store = self.connect(redis, back).await?;
        // Heartbeats at the listener's priority: however much there is to do, others must hear of us.
        let front = Handle::current();
        let heart = self.connect(redis, &front).await?;
        if let Some(data_dir) = data_dir {
            if let Some(last) = data_dir.last_process() {
                let (conversations, lanes) =
                    patiently(redis, async || release(&store, &last).await).await?;
                if conversations + lanes > 0 {
                    info!(
                        conversations,
                        lanes, "goes on with what the last run here left unfinished"
                    );
                }
            }
            if let Err(error) = data_dir.set_process(&process) {
                warn!(%error, "after a crash it takes some seconds more until everybody is attended again");
            }
        }
        let wake_ups = Arc::new(WakeUps::default());
        let lease = Arc::new(Lease::default());
        let recoverer = Recoverer::new(
            process.clone(),
            settings.workers,
            heart,
            wake_ups.clone(),
            lease.clone(),
        );
        patiently(redis, async || recoverer.announce().await).await?;

        let (to_worker, worker_bells) = mpsc::unbounded_channel();
        let (to_announcer, announcer_bells) = mpsc::unbounded_channel();
        let (to_sender, sender_bells) = mpsc::unbounded_channel();
        let (to_catch_up, catch_up_bells) = mpsc::unbounded_channel();
        let bells = patiently(redis, async || {
            let (redis, process) = (redis.clone(), process.clone());
            let subscribing = back.spawn(async move { Bells::subscribe(&redis, &process).await });
            // A panic in it is told of where it happens.
            subscribing.await.unwrap_or(Err(store::Error::Away))
        })
        .await?;
        self.bells
            .push(back.spawn(bells.run(move |bell| match bell {
                Bell::Queue(_) | Bell::Inbox(..) => vec![to_worker.clone()],
                Bell::Announce(_) => vec![to_announcer.clone()],
                Bell::Lanes(_) => vec![to_sender.clone()],
                Bell::Works(_) => vec![to_catch_up.clone()],
                Bell::Flows(_) => {
                    ask(&to_reloader, bell);
                    Vec::new()
                }
                Bell::Missed => vec![to_worker.clone(), to_announcer.clone(), to_sender.clone()],
            })));

        let client = Arc::new(settings.client);
        let owner = Owner::new(store.clone(), settings.notify_chat, flows.loaded().locale());
        let catch_up = CatchUp {
            intake: Intake::new(store.clone(), flows.clone(), owner.clone()),
            store: store.clone(),
            client: client.clone(),
            interval: settings.catch_up_interval,
            max_age: settings.catch_up_max_age,
            bells: catch_up_bells,
        };
        self.stage(back, "catching up", |shutdown| catch_up.run(shutdown));
        let people = People {
            store: store.clone(),
            client: client.clone(),
        };
        self.stage(back, "people", |shutdown| people.run(shutdown));
        let ears = Arc::new(Ears::new(client.clone()));
        let hearing = Hearing {
            store: store.clone(),
            ears: ears.clone(),
        };
        self.stage(back, "hearing", |shutdown| hearing.run(shutdown));
        let announcer = Announcer {
            store: store.clone(),
            flows: flows.clone(),
            bells: announcer_bells,
        };
        self.stage(back, "announcer", |shutdown| announcer.run(shutdown));
        let handoffs = Handoffs {
            store: store.clone(),
            owner: owner.clone(),
        };
        self.stage(back, "handoffs", |shutdown| handoffs.run(shutdown));
        let overdue = Overdue {
            store: store.clone(),
        };
        self.stage(back, "overdue", |shutdown| overdue.run(shutdown));
        let (lanes, handed_over) = mpsc::unbounded_channel();
        let attendances = conversation::Context {
            process: process.clone(),
            store: store.clone(),
            flows,
            wake_ups,
            ears,
            lease: lease.clone(),
            calls: Arc::new(settings.calls),
            lanes,
        };
        let worker = Worker {
            context: Arc::new(attendances),
            workers: settings.workers,
            bells: worker_bells,
        };
        self.stage(back, "worker", |shutdown| worker.run(shutdown));
        let context = Context::new(
            process.clone(),
            store.clone(),
            client,
            owner,
            lease,
            Manner {
                pacing: settings.pacing,
                in_doubt: settings.in_doubt,
                requests: REQUESTS_MAX,
            },
        );
        self.stage(back, "sender", |shutdown| {
            Sender {
                context,
                bells: sender_bells,
                handed_over,
            }
            .run(shutdown)
        });
        // After the others: it says that we live for as long as they hold something.
        self.stage(&front, "recoverer", |shutdown| recoverer.run(shutdown));
        self.leases = Some((process, store));
        Ok(())
    }
}

/// Unique among all processes that ever shared a Redis.
pub(super) fn new_process_name() -> io::Result<String> {
    let mut bytes = [0; 8];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| io::Error::other("the system has no random numbers"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
