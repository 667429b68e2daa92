//! The fake WAHA's server: connections, which can all be closed at once, and the handling of requests.

use std::net::SocketAddr;
use std::sync::{Arc, mpsc as blocking};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::echoes::Echo;
use super::sessions::Change;
use super::state::{Asked, Reaction};
use super::{Behaviour, Call, Shared};

/// The listener to use, or none, and a channel for the confirmation.
type Order = (Option<std::net::TcpListener>, blocking::Sender<()>);

/// Ends when it is dropped.
pub(super) struct Server {
    orders: mpsc::UnboundedSender<Order>,
}

impl Server {
    pub(super) fn start(
        listener: std::net::TcpListener,
        shared: Arc<Shared>,
    ) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (orders, taken) = mpsc::unbounded_channel();
        std::thread::Builder::new()
            .name("fake-waha".into())
            .spawn(move || runtime.block_on(serve(shared, taken)))?;
        let server = Self { orders };
        listener.set_nonblocking(true)?;
        server.order(Some(listener));
        Ok(server)
    }

    pub(super) fn close(&self) {
        self.order(None);
    }

    pub(super) fn listen(&self, address: SocketAddr) -> std::io::Result<()> {
        let listener = std::net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        self.order(Some(listener));
        Ok(())
    }

    fn order(&self, listener: Option<std::net::TcpListener>) {
        let (done, wait) = blocking::channel();
        if self.orders.send((listener, done)).is_ok() {
            let _ = wait.recv();
        }
    }
}

async fn serve(shared: Arc<Shared>, mut orders: mpsc::UnboundedReceiver<Order>) {
    let mut listener: Option<TcpListener> = None;
    let mut connections = JoinSet::new();
    loop {
        let accepted = async {
            match &listener {
                Some(listener) => listener.accept().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            order = orders.recv() => {
                let Some((new, done)) = order else { return };
                listener = new.and_then(|new| TcpListener::from_std(new).ok());
                connections.shutdown().await;
                let _ = done.send(());
            }
            accepted = accepted => if let Ok((stream, _)) = accepted {
                shared.lock().connections += 1;
                connections.spawn(connection(shared.clone(), stream));
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(shared: Arc<Shared>, stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| {
        let shared = shared.clone();
        async move { answer(&shared, request).await }
    });
    // An error here means that one side closed the connection, as HangsUp does.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// An error closes the connection without an answer.
#[derive(Debug)]
struct HangUp;

impl std::fmt::Display for HangUp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("hung up on purpose")
    }
}

impl std::error::Error for HangUp {}

async fn answer(
    shared: &Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, HangUp> {
    let asked = read(request).await?;
    let message_for = asked.message_for();
    let _under_way = message_for.as_ref().map(|chat| UnderWay::new(shared, chat));
    let behaviour = match &message_for {
        Some(chat) => {
            let (delay, behaviour) = {
                let mut state = shared.lock();
                (state.delay, state.behaviour_for(chat))
            };
            let hesitates = match behaviour {
                Behaviour::Hesitates(time) => time,
                _ => Duration::ZERO,
            };
            sleep(delay + hesitates).await;
            behaviour
        }
        None => Behaviour::Well,
    };
    let reaction = {
        let mut state = shared.lock();
        let reaction = state.react(&asked, &behaviour);
        state.calls.push(Call {
            method: asked.method,
            path: asked.path,
            query: asked.query,
            body: asked.body,
            at: asked.at,
            status: reaction.answer.as_ref().map_or(0, |(status, ..)| *status),
        });
        reaction
    };
    shared.changed.notify_all();
    let mut reaction = reaction;
    for change in std::mem::take(&mut reaction.changes) {
        tokio::spawn(make(shared.clone(), change));
    }
    respond(reaction).await
}

/// Changes a session when the time has come, and posts its event.
async fn make(shared: Arc<Shared>, change: Change) {
    sleep(change.after()).await;
    let mut state = shared.lock();
    let engine = state.engine;
    let event = state.sessions.make(&change, engine);
    if let (Some(statuses), Some(event)) = (&state.statuses, event) {
        statuses.post_status(event);
    }
    shared.changed.notify_all();
}

async fn respond(reaction: Reaction) -> Result<Response<Full<Bytes>>, HangUp> {
    match reaction.echo {
        Some((echoes, event)) if echoes.when == Echo::Before => echoes.post_now(event).await,
        Some((echoes, event)) => echoes.post_soon(event),
        None => {}
    }
    sleep(reaction.hangs).await;
    let (status, content, headers) = reaction.answer.ok_or(HangUp)?;
    let mut response = Response::builder()
        .status(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    if headers.iter().all(|(name, _)| *name != "content-type") {
        response = response.header("content-type", "application/json");
    }
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response.body(Full::from(content)).map_err(|_| HangUp)
}

/// A request counts only if its client is still there.
async fn read(request: Request<Incoming>) -> Result<Asked, HangUp> {
    let at = Instant::now();
    let (head, body) = request.into_parts();
    let key = head.headers.get("x-api-key");
    let key = key.map_or_else(Vec::new, |key| key.as_bytes().to_vec());
    let accept = head
        .headers
        .get("accept")
        .and_then(|accept| accept.to_str().ok());
    let accept = accept.unwrap_or_default().to_owned();
    let bytes = body.collect().await.map_err(|_| HangUp)?.to_bytes();
    Ok(Asked {
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        accept,
        size: bytes.len(),
        key,
        at,
    })
}

async fn sleep(time: Duration) {
    if !time.is_zero() {
        tokio::time::sleep(time).await;
    }
}

/// A request to send to a chat, until it is answered or its client is gone.
struct UnderWay<'a> {
    shared: &'a Shared,
    chat: &'a str,
}

impl<'a> UnderWay<'a> {
    fn new(shared: &'a Shared, chat: &'a str) -> Self {
        let mut state = shared.lock();
        let under_way = state.under_way.entry(chat.to_owned()).or_default();
        *under_way += 1;
        let overlap = *under_way > 1;
        state.overlaps += usize::from(overlap);
        Self { shared, chat }
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        if let Some(under_way) = self.shared.lock().under_way.get_mut(self.chat) {
            *under_way -= 1;
        }
    }
}
