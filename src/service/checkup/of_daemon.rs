//! Asks the daemon, at its own port and where WAHA's webhooks lead: a signed webhook goes the whole way, and changes nothing.

use std::net::SocketAddr;
use std::time::Duration;

use rustix::process::{Resource, getrlimit};

use crate::clock::Millis;
use crate::health::own_port::{NO_ANSWER, PortAnswer, get, post_webhook, url};
use crate::health::{RunningDaemon, parts, running};
use crate::secret::Secret;
use crate::service::checkup::finding::Finding;
use crate::terminal;
use crate::waha::signature::sign;

/// An event that no WAHA sends. The daemon checks its signature, reads it, and ignores it.
const EVENT: &str = r#"{"id":"evt_doctor","event":"doctor","session":"doctor","payload":{"from":"waha-sm doctor"}}"#;
/// How long one answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);
/// The beginnings of lines of its figures.
const STARTED_AT: &str = "waha_sm_start_timestamp_seconds ";
/// See [`STARTED_AT`].
const OPEN_FILES_MAX: &str = "waha_sm_open_files_max ";
/// How much of a strange answer is shown.
const SHOWN_MAX: usize = 200;

/// What the daemon answered.
#[derive(Default)]
pub(super) struct DaemonLook {
    pub(super) findings: Vec<Finding>,
    /// Whether a daemon answers.
    pub(super) is_there: bool,
    /// Whether it takes what we sign.
    pub(super) takes_ours: bool,
    /// Why it can't write the history, if it says so.
    pub(super) archive_error: Option<String>,
    /// When it was started.
    pub(super) started_at: Option<Millis>,
    /// Only workers run here, so that nobody should answer.
    pub(super) is_elsewhere: bool,
}

/// Why a webhook to an address does not come to us.
pub(super) struct LostWebhook {
    pub(super) reason: String,
    /// WAHA may fare better: a proxy lets only WAHA in, or the network leads back to us only from elsewhere.
    pub(super) may_be_right: bool,
}

/// Posts to this address. `None`: it comes to us. This blocks, for some seconds at most.
pub(super) fn try_webhook(url: &str, secret: &Secret) -> Option<LostWebhook> {
    match post(url, Some(secret)) {
        Ok(answer) if is_taken(&answer) => None,
        // It came to us, and we can't take it now.
        Ok(PortAnswer { status: 503, body }) if body.contains(r#"{"error":"#) => None,
        // What it says may repeat the address, with what is secret in it.
        Ok(PortAnswer { status, .. }) => Some(LostWebhook {
            reason: format!("HTTP {status}"),
            may_be_right: matches!(status, 401 | 403 | 407),
        }),
        Err(reason) => Some(LostWebhook {
            may_be_right: reason == NO_ANSWER,
            reason,
        }),
    }
}

fn post(url: &str, secret: Option<&Secret>) -> Result<PortAnswer, String> {
    let signature = secret.map(|secret| sign(secret.reveal().as_bytes(), EVENT.as_bytes()));
    // Without a secret, we only see whether somebody is there.
    post_webhook(
        url,
        EVENT,
        signature.as_deref().unwrap_or_default(),
        ANSWER_WITHIN,
    )
}

fn is_taken(answer: &PortAnswer) -> bool {
    answer.status == 200 && answer.body.contains(r#""result":"ignored""#)
}

/// Whether daemons run here, and none of them takes webhooks.
fn only_workers_run() -> bool {
    let running = running(None).unwrap_or_default();
    !running.is_empty() && !running.iter().any(RunningDaemon::takes_webhooks)
}

/// Asks. This blocks, for some seconds at most.
pub(super) fn ask(
    listen: SocketAddr,
    secret: Option<&Secret>,
    open_files_needed: u64,
) -> DaemonLook {
    let mut look = DaemonLook::default();
    let at = listen.to_string();
    let posted = post(&url(listen, "/webhook"), secret);
    look.is_there = true;
    match posted {
        Ok(answer) if is_taken(&answer) => {
            look.takes_ours = true;
            look.findings.push(Finding::DaemonWorks);
        }
        Ok(PortAnswer { status: 403, body }) if body.contains("signature") => {
            if secret.is_some() {
                look.findings.push(Finding::DaemonHasOtherSecret(at));
            }
        }
        Ok(PortAnswer { status: 503, body }) => look
            .findings
            .push(Finding::DaemonNotReady(terminal::cut(&body, SHOWN_MAX))),
        Ok(PortAnswer { status, body }) => {
            look.is_there = false;
            let answer = terminal::cut(&body, SHOWN_MAX);
            look.findings.push(Finding::DaemonIsAnother {
                at,
                answer: format!("{status} {answer}"),
            });
        }
        Err(_) if only_workers_run() => {
            look.is_elsewhere = true;
            look.is_there = false;
            look.findings.push(Finding::DaemonElsewhere);
            return look;
        }
        Err(reason) => {
            look.is_there = false;
            look.findings.push(Finding::DaemonSilent { at, reason });
        }
    }
    if !look.is_there {
        // One that starts from here gets our limit. It raises the soft one itself.
        let ours = getrlimit(Resource::Nofile).maximum;
        let few = ours.filter(|allowed| *allowed < open_files_needed);
        look.findings
            .extend(few.map(|allowed| Finding::OpenFilesFew {
                allowed,
                needed: open_files_needed,
            }));
        return look;
    }
    let ready = get(listen, "/ready", ANSWER_WITHIN);
    let parts = ready.ok().and_then(|answer| parts(&answer.body));
    let mut history = parts
        .into_iter()
        .flatten()
        .filter(|(name, _)| name == "history");
    look.archive_error = history.next().and_then(|(_, reason)| reason);
    let figures = get(listen, "/metrics", ANSWER_WITHIN).map(|answer| answer.body);
    let figures = figures.unwrap_or_default();
    look.started_at = figure(&figures, STARTED_AT).map(|at| Millis::new((at * 1_000.0) as i64));
    if let Some(allowed) = figure(&figures, OPEN_FILES_MAX)
        && allowed < open_files_needed as f64
    {
        look.findings.push(Finding::OpenFilesFew {
            allowed: allowed as u64,
            needed: open_files_needed,
        });
    }
    look
}

/// A figure, by the beginning of its line.
fn figure(figures: &str, line: &str) -> Option<f64> {
    figures
        .lines()
        .find_map(|found| found.strip_prefix(line)?.trim().parse().ok())
}
