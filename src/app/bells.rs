//! Passes each bell to its agent.

use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::redis::retry_at_start;
use super::shared::Shared;
use super::start_error::StartError;
use crate::ids::SessionName;
use crate::runtime::ReloadSignals;
use crate::service::upkeep::reloader::ReloadRequest;
use crate::store::{self, Bell, Bells};

/// The bells of each agent.
pub(super) struct AgentBells {
    pub(super) dispatcher: mpsc::UnboundedReceiver<Bell>,
    pub(super) lookout: mpsc::UnboundedReceiver<Bell>,
    /// The sessions of this process whose lines changed.
    pub(super) announcer: mpsc::UnboundedReceiver<SessionName>,
    /// Names sessions to the announcer from within this process.
    pub(super) to_announcer: mpsc::UnboundedSender<SessionName>,
    pub(super) sender: mpsc::UnboundedReceiver<Bell>,
    pub(super) catch_up: mpsc::UnboundedReceiver<Bell>,
    /// Rings the sender from within this process.
    pub(super) to_sender: mpsc::UnboundedSender<Bell>,
}

/// Listens for all bells that concern this process, and passes each to its agent.
pub(super) async fn listen(
    redis: &store::StoreConfig,
    shared: &Shared,
    back: &Handle,
    to_reloader: mpsc::UnboundedSender<ReloadRequest>,
) -> Result<(AgentBells, JoinHandle<()>), StartError> {
    let (to_dispatcher, dispatcher) = mpsc::unbounded_channel();
    let (to_announcer, announcer) = mpsc::unbounded_channel();
    let (to_lookout, lookout) = mpsc::unbounded_channel();
    let (to_sender, sender) = mpsc::unbounded_channel();
    let (to_catch_up, catch_up) = mpsc::unbounded_channel();
    let bells = retry_at_start(redis, async || {
        let (redis, process) = (redis.clone(), shared.process.clone());
        let subscribing = back.spawn(async move { Bells::subscribe(&redis, &process).await });
        // If it panics, the panic is logged where it happens.
        subscribing
            .await
            .unwrap_or(Err(store::StoreError::Disconnected))
    })
    .await?;
    let own_way = to_sender.clone();
    let own_announcer = to_announcer.clone();
    let duties = shared.duties.clone();
    let listening = back.spawn(bells.run(move |bell| match bell {
        Bell::Queue(_) => vec![to_dispatcher.clone(), to_lookout.clone()],
        Bell::Inbox(..)
        | Bell::Message(..)
        | Bell::TakenOver(..)
        | Bell::AtDesk(..)
        | Bell::LeftAlone(..) => vec![to_dispatcher.clone()],
        Bell::Announce(session) => {
            if duties.is_ours(session) {
                // This fails only while we stop.
                let _ = to_announcer.send(session.clone());
            }
            vec![to_lookout.clone()]
        }
        Bell::Due(_) => vec![to_lookout.clone()],
        Bell::Lanes(_) => vec![to_sender.clone()],
        Bell::SessionWorks(_) => vec![
            to_catch_up.clone(),
            to_lookout.clone(),
            to_dispatcher.clone(),
            to_sender.clone(),
        ],
        Bell::Flows(_) => {
            request_reload(&to_reloader, bell);
            Vec::new()
        }
        Bell::Missed => vec![
            to_dispatcher.clone(),
            to_lookout.clone(),
            to_sender.clone(),
            to_catch_up.clone(),
        ],
    }));
    let bells = AgentBells {
        dispatcher,
        lookout,
        announcer,
        to_announcer: own_announcer,
        sender,
        catch_up,
        to_sender: own_way,
    };
    Ok((bells, listening))
}

/// Listens only for requests to reload the flows.
pub(super) async fn listen_for_reloads(
    redis: &store::StoreConfig,
    to_reloader: mpsc::UnboundedSender<ReloadRequest>,
) -> Result<JoinHandle<()>, StartError> {
    let bells = retry_at_start(redis, async || Bells::subscribe_to_flows(redis).await).await?;
    Ok(tokio::spawn(bells.run(move |bell| {
        request_reload(&to_reloader, bell);
        Vec::new()
    })))
}

/// Passes a request to reload the flows to the reloader, unless that has stopped.
fn request_reload(to_reloader: &mpsc::UnboundedSender<ReloadRequest>, bell: &Bell) {
    if let Bell::Flows(request) = bell {
        let _ = to_reloader.send(ReloadRequest::Bell(request.clone()));
    }
}

/// Passes each SIGHUP to the reloader.
pub(super) async fn forward(
    mut reload_signals: ReloadSignals,
    to_reloader: mpsc::UnboundedSender<ReloadRequest>,
) {
    while let Some(()) = reload_signals.next().await {
        let _ = to_reloader.send(ReloadRequest::Signal);
    }
}
