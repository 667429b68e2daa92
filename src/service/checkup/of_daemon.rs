//! Asks the daemon at its own port: a signed webhook goes the whole way, and changes nothing.

use std::net::SocketAddr;
use std::time::Duration;

use rustix::process::{Resource, getrlimit};

use crate::health::own_port::{PortAnswer, get, post_webhook};
use crate::health::parts;
use crate::secret::Secret;
use crate::service::checkup::finding::Finding;
use crate::terminal;
use crate::waha::signature::sign;

/// An event that no WAHA sends. The daemon checks its signature, reads it, and ignores it.
const EVENT: &str = r#"{"id":"evt_doctor","event":"doctor","session":"doctor","payload":{"from":"waha-sm doctor"}}"#;
/// How long one answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);
/// The beginning of a line of its figures.
const OPEN_FILES_MAX: &str = "waha_sm_open_files_max ";
/// How much of a strange answer is shown.
const SHOWN_MAX: usize = 200;

/// What the daemon answered.
#[derive(Default)]
pub(super) struct DaemonLook {
    pub(super) findings: Vec<Finding>,
    /// Whether a daemon answers.
    pub(super) is_there: bool,
    /// Why it can't write the history, if it says so.
    pub(super) archive_error: Option<String>,
}

/// Asks. This blocks, for some seconds at most.
pub(super) fn ask(
    listen: SocketAddr,
    secret: Option<&Secret>,
    open_files_needed: u64,
) -> DaemonLook {
    let mut look = DaemonLook::default();
    let at = listen.to_string();
    let signature = secret.map(|secret| sign(secret.reveal().as_bytes(), EVENT.as_bytes()));
    // Without a secret, we only see whether it is there.
    let signature_sent = signature.as_deref().unwrap_or_default();
    let posted = post_webhook(listen, EVENT, signature_sent, ANSWER_WITHIN);
    let posted = posted.map(|PortAnswer { status, body }| (status, body));
    look.is_there = true;
    match posted {
        Ok((200, answer)) if answer.contains(r#""result":"ignored""#) => {
            look.findings.push(Finding::DaemonWorks);
        }
        Ok((403, answer)) if answer.contains("signature") => {
            if signature.is_some() {
                look.findings.push(Finding::DaemonHasOtherSecret(at));
            }
        }
        Ok((503, answer)) => look
            .findings
            .push(Finding::DaemonNotReady(terminal::cut(&answer, SHOWN_MAX))),
        Ok((status, answer)) => {
            look.is_there = false;
            let answer = terminal::cut(&answer, SHOWN_MAX);
            look.findings.push(Finding::DaemonIsAnother {
                at,
                answer: format!("{status} {answer}"),
            });
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
    if let Some(allowed) = figures
        .ok()
        .and_then(|figures| figure(&figures, OPEN_FILES_MAX))
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
