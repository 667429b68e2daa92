//! Whether this process can use WAHA: whether it answers and accepts our key. While it refuses the key, nothing is sent, so
//! that no reply is given up because of a setting. Each change is logged once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tracing::{info, warn};

use crate::ids::SessionName;
use crate::store::WahaReport;
use crate::waha::client::{Client, SendError};

/// If WAHA forbids us to send in a session, the next try comes after this time: its key may have got the right meanwhile.
const FORBIDDEN_FOR: Duration = Duration::from_secs(10);

/// Why we can't use WAHA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ProblemKind {
    /// There is no connection, or no answer.
    NoAnswer,
    /// It refuses our key.
    Key,
    /// Something else answers at its address.
    Address,
    /// It answers with an error, perhaps because it is starting.
    Trouble,
}

/// See the module.
pub struct WahaAccess {
    client: Arc<Client>,
    state: Mutex<AccessState>,
}

#[derive(Default)]
struct AccessState {
    /// Why we can't use WAHA, in words for the operator.
    problem: Option<(ProblemKind, String)>,
    /// A reply was refused because of the key or the address: nothing is sent until the problem is over.
    blocked: bool,
    /// The sessions in which WAHA forbids us to send, and when we may try again.
    forbidden: HashMap<SessionName, Instant>,
}

impl WahaAccess {
    /// Through this client.
    pub fn new(client: Arc<Client>) -> Self {
        Self {
            client,
            state: Mutex::default(),
        }
    }

    /// Asks WAHA. Returns whether we can use it.
    pub(crate) async fn check(&self) -> bool {
        let client = self.client.clone();
        let checked = tokio::task::spawn_blocking(move || client.check()).await;
        match checked {
            Ok(Ok(())) => {
                self.note_usable();
                true
            }
            Ok(Err(error)) => {
                self.note_problem(&error);
                false
            }
            // The thread ended early: we know nothing.
            Err(_) => false,
        }
    }

    /// Whether the last answer of WAHA, or the lack of one, showed a problem.
    pub(crate) fn has_problem(&self) -> bool {
        self.with(|state| state.problem.is_some())
    }

    /// Whether replies of this session may be sent now.
    pub(crate) fn may_send(&self, session: &SessionName) -> bool {
        self.with(|state| {
            let forbidden = state.forbidden.get(session);
            !state.blocked && forbidden.is_none_or(|until| *until <= Instant::now())
        })
    }

    /// WAHA refused a request in this session. Returns whether the reason is our access, and not what we asked for: then the
    /// request waits until [`may_send`](Self::may_send) allows it.
    pub(crate) async fn is_refused(&self, session: &SessionName, error: &SendError) -> bool {
        match error {
            SendError::Refused { status: 401, .. } => {
                self.note_problem(error);
                self.with(|state| state.blocked = true);
                true
            }
            SendError::Refused { status: 403, .. } => {
                self.forbid(session, error);
                true
            }
            // The answer may be another server's.
            SendError::Refused {
                status: 200..=399 | 404,
                ..
            } => {
                !self.check().await
                    && self.with(|state| {
                        let kind = state.problem.as_ref().map(|(kind, _)| *kind);
                        let blocks = matches!(kind, Some(ProblemKind::Key | ProblemKind::Address));
                        state.blocked |= blocks;
                        blocks
                    })
            }
            _ => false,
        }
    }

    /// WAHA did what we asked in this session.
    pub(crate) fn note_sent(&self, session: &SessionName) {
        if self.with(|state| state.forbidden.remove(session).is_some()) {
            info!(%session, "WAHA allows us to send in this session again; its replies are being sent");
        }
    }

    /// What the other processes should know.
    pub(crate) fn report(&self) -> WahaReport {
        self.with(|state| {
            let mut forbidden: Vec<SessionName> = state.forbidden.keys().cloned().collect();
            forbidden.sort();
            WahaReport {
                problem: state.problem.as_ref().map(|(_, words)| words.clone()),
                forbidden,
            }
        })
    }

    fn note_usable(&self) {
        let before = self.with(|state| {
            state.blocked = false;
            state.problem.take()
        });
        if before.is_some() {
            info!(waha = self.client.address(), "WAHA can be used again");
        }
    }

    fn note_problem(&self, error: &SendError) {
        let kind = kind(error);
        let words = self.words(kind, error);
        let is_new = self.with(|state| {
            // WAHA's own 500 comes after it has accepted the key.
            state.blocked &= !matches!(error, SendError::Busy { status: 500, .. });
            let before = state.problem.replace((kind, words.clone()));
            before.is_none_or(|(before, _)| before != kind)
        });
        if is_new {
            warn!(waha = self.client.address(), "{words}");
        }
    }

    fn forbid(&self, session: &SessionName, error: &SendError) {
        let until = Instant::now() + FORBIDDEN_FOR;
        let before = self.with(|state| state.forbidden.insert(session.clone(), until));
        if before.is_none() {
            warn!(
                %session, %error,
                "WAHA forbids us to send in this session: WAHA_API_KEY must be WAHA's own key, or a key of this session that \
                may send. Its replies wait, and leave when that is corrected"
            );
        }
    }

    /// The problem, and what to do about it.
    fn words(&self, kind: ProblemKind, error: &SendError) -> String {
        match kind {
            ProblemKind::NoAnswer => format!(
                "{error}. Does WAHA run, and is WAHA_URL its address as seen from here? Replies wait until it answers"
            ),
            ProblemKind::Key if self.client.has_key() => "WAHA refuses our key (401): set WAHA_API_KEY to the key of WAHA in \
                plain text, even if WAHA has only its sha512, and restart. Replies wait until then"
                .to_owned(),
            ProblemKind::Key => "WAHA wants a key (401), and WAHA_API_KEY is not set: set it to the key of WAHA, and restart. \
                Replies wait until then"
                .to_owned(),
            ProblemKind::Address => format!("what answers at WAHA_URL is not WAHA: {error}"),
            ProblemKind::Trouble => format!("{error}. Does WAHA start? If this lasts, look at its log"),
        }
    }

    fn with<T>(&self, change: impl FnOnce(&mut AccessState) -> T) -> T {
        // No line that runs under the lock can panic, so what it holds is right even if it were poisoned.
        let mut state = self
            .state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        change(&mut state)
    }
}

fn kind(error: &SendError) -> ProblemKind {
    match error {
        SendError::Unreachable { .. } | SendError::Interrupted { .. } => ProblemKind::NoAnswer,
        SendError::Refused { status: 401, .. } => ProblemKind::Key,
        SendError::Refused {
            status: 200..=399 | 404 | 405,
            ..
        } => ProblemKind::Address,
        SendError::Refused { .. }
        | SendError::Busy { .. }
        | SendError::SessionNotWorking { .. } => ProblemKind::Trouble,
    }
}
