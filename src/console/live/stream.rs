//! The stream of a page (server-sent events), for as long as the browser shows it and its agent is logged in.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::header::HeaderName;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::hub::{Hub, Subscription};
use super::shown::{PageEvent, wire};
use crate::clock::Millis;
use crate::console::answer::{Answer, parts, with_header};
use crate::console::console::ConsoleState;
use crate::console::request::Request;
use crate::console::view::View;
use crate::console::who::Who;
use crate::secret::Secret;
use crate::service::accounts::accounts::Accounts;
use crate::store::Store;

/// How often we see whether the login has ended.
const CHECK_INTERVAL: Duration = Duration::from_secs(3);
/// A browser that hears nothing for 40 s takes the connection for dead.
const PING_INTERVAL: Duration = Duration::from_secs(15);
/// How often an open page counts as a sign that the agent is at work.
const PRESENCE_INTERVAL: Duration = Duration::from_secs(60);
/// How many pieces wait in the connection; the rest waits in the subscription, which is limited by bytes.
const PIECES: usize = 4;

/// Answers with the stream of the page that the query names.
pub(in crate::console) async fn stream(
    state: &ConsoleState,
    request: &Request,
    who: &Who,
) -> Answer {
    let view = View::of(request, who);
    let last = request
        .named_header("last-event-id")
        .or(request.query("last"))
        .unwrap_or_default();
    let login = who.login.as_ref().map(|login| login.login.clone());
    let login = login.unwrap_or_else(|| who.agent.name.to_string());
    let subscription = state.hub.subscribe(&view, last, &login).await;
    let (sender, receiver) = mpsc::channel(PIECES);
    let open = OpenStream {
        hub: state.hub.clone(),
        accounts: state.accounts.clone(),
        store: state.store.clone(),
        view,
        who: who.clone(),
        token: request.bearer().map(|token| Secret::new(token.to_owned())),
    };
    let stopping = state.stopping.clone();
    tokio::spawn(async move {
        let number = subscription.number;
        tokio::select! {
            () = open.run(subscription, &sender) => {}
            () = sender.closed() => {}
            () = stopping.cancelled() => {}
        }
        open.hub.unsubscribe(&open.view, number).await;
    });
    let mut answer = parts("text/event-stream", receiver);
    // A proxy that collects the stream would deliver nothing.
    let name = HeaderName::from_static("x-accel-buffering");
    with_header(&mut answer, name, "no");
    answer
}

struct OpenStream {
    hub: Arc<Hub>,
    accounts: Accounts,
    store: Store,
    view: View,
    who: Who,
    /// The API token of a script.
    token: Option<Secret>,
}

impl OpenStream {
    async fn run(&self, mut subscription: Subscription, sender: &mpsc::Sender<Bytes>) {
        // The browser then knows that it is connected.
        if sender
            .send(Bytes::from_static(b": hello\n\n"))
            .await
            .is_err()
        {
            return;
        }
        let mut checks = interval(CHECK_INTERVAL);
        checks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut sent_at, mut seen_at) = (Instant::now(), None::<Instant>);
        loop {
            let piece = tokio::select! {
                change = subscription.changes.recv() => match change {
                    Some(change) => change,
                    None => return,
                },
                _ = checks.tick() => {
                    if !self.is_logged_in().await {
                        // Whether the browser hears it does not matter any more.
                        let _ = sender.send(wire(&[PageEvent::plain("ended")], "")).await;
                        return;
                    }
                    if seen_at.is_none_or(|at| at.elapsed() >= PRESENCE_INTERVAL) {
                        // If Redis is away, the next minute counts.
                        let _ = self.store.note_agent_seen(&self.who.agent.name, Millis::now()).await;
                        seen_at = Some(Instant::now());
                    }
                    if sent_at.elapsed() < PING_INTERVAL {
                        continue;
                    }
                    wire(&[PageEvent::plain("ping")], "")
                }
            };
            let length = piece.len();
            if sender.send(piece).await.is_err() {
                return;
            }
            subscription.queued.sent(length);
            sent_at = Instant::now();
        }
    }

    /// Whether the login still holds. If Redis can't say, it does.
    async fn is_logged_in(&self) -> bool {
        match (&self.who.login, &self.token) {
            (Some(login), _) => {
                let still = self.accounts.is_still_logged_in(login, Millis::now());
                still.await.unwrap_or(true)
            }
            (None, Some(token)) => {
                let agent = self.accounts.of_token(token.reveal()).await;
                agent.map_or(true, |agent| agent.is_some())
            }
            (None, None) => false,
        }
    }
}
