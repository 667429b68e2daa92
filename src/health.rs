//! Asks running daemons whether they are ready. A container's HEALTHCHECK runs this.
//!
//! It asks the processes that run here at their own [sockets](crate::health_socket), or one elsewhere at the address where it listens.

mod daemons;
pub mod own_port;

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use crate::health_socket;
use crate::terminal;

pub use daemons::{RunningDaemon, running};

/// How long we wait for an answer. A daemon waits 3 s for Redis. The image's HEALTHCHECK gives up after 10 s.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// A daemon to ask.
#[derive(Clone, Debug)]
pub enum AskedDaemon {
    /// The one that listens at this address, perhaps on another machine.
    At(SocketAddr),
    /// A process that runs here.
    Here(RunningDaemon),
}

/// What was asked, and the answers.
#[derive(Debug)]
pub struct HealthReport {
    /// A line for each part that the daemons named: the history and WAHA too, without which webhooks can still be taken.
    pub parts: Vec<String>,
    /// Why a daemon is not ready; one line each.
    pub refusals: Vec<String>,
    /// Whether all daemons are ready, and all their parts.
    pub all_parts_ready: bool,
}

/// Asks all of them.
pub fn ask(daemons: &[AskedDaemon]) -> HealthReport {
    let answers: Vec<_> = std::thread::scope(|scope| {
        let asking: Vec<_> = daemons
            .iter()
            .map(|daemon| scope.spawn(|| daemon.ask()))
            .collect();
        let joined = asking.into_iter().map(|asking| {
            let panicked = |_| Err("the check failed".to_owned());
            asking.join().unwrap_or_else(panicked)
        });
        joined.collect()
    });
    let mut report = HealthReport {
        parts: Vec::new(),
        refusals: Vec::new(),
        all_parts_ready: true,
    };
    for answer in answers {
        let answer = match answer {
            Ok(answer) => answer,
            Err(reason) => {
                report.refusals.push(reason);
                report.all_parts_ready = false;
                continue;
            }
        };
        let parts = parts(&answer.body);
        report.all_parts_ready &= answer.is_ready
            && parts
                .as_ref()
                .is_some_and(|parts| parts.iter().all(|(_, reason)| reason.is_none()));
        // Which daemon it is, if there are several.
        let whose = match daemons.len() {
            1 => String::new(),
            _ => format!("{}, ", answer.from),
        };
        for (name, reason) in parts.iter().flatten() {
            report.parts.push(match reason {
                None => format!("{whose}{name}: ready"),
                Some(reason) => format!("{whose}{name}: not ready: {}", terminal::line(reason)),
            });
        }
        if !answer.is_ready {
            report.refusals.push(answer.refusal());
        }
    }
    report
}

/// The parts that the answer names, each with the reason if it is not ready.
pub(crate) fn parts(body: &str) -> Option<Vec<(String, Option<String>)>> {
    let body: serde_json::Value = serde_json::from_str(body).ok()?;
    let part = |(name, part): (&String, &serde_json::Value)| {
        let reason = part["reason"].as_str().unwrap_or("no reason given");
        let is_ready = part["ready"] == true;
        (name.clone(), (!is_ready).then(|| reason.to_owned()))
    };
    Some(body["parts"].as_object()?.iter().map(part).collect())
}

/// An answer of a daemon.
struct HealthAnswer {
    from: String,
    is_ready: bool,
    body: String,
}

impl HealthAnswer {
    fn refusal(&self) -> String {
        let reasons: Vec<String> = parts(&self.body)
            .into_iter()
            .flatten()
            .filter_map(|(name, reason)| Some(format!("{name}: {}", reason?)))
            .collect();
        let said = match reasons.is_empty() {
            false => reasons.join("; "),
            // It starts or stops, or is another program.
            true => self.body.clone(),
        };
        let said = terminal::cut(&said, 1_000);
        format!("the daemon is not ready: {}: {said}", self.from)
    }
}

impl AskedDaemon {
    fn ask(&self) -> Result<HealthAnswer, String> {
        match self {
            Self::At(address) => ask_at(*address),
            Self::Here(daemon) => daemon.ask(),
        }
    }
}

impl RunningDaemon {
    fn ask(&self) -> Result<HealthAnswer, String> {
        let Self { process, role, .. } = self;
        let from = format!("{role} (process {process})");
        let body = health_socket::ask(*process, ANSWER_WITHIN).map_err(|error| match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => {
                let seconds = ANSWER_WITHIN.as_secs();
                format!("no answer from {from} within {seconds} s: it is stuck; if that lasts, restart it")
            }
            _ => format!(
                "no answer from {from}: {error}; it has just begun or ended, or is an older version: then restart it"
            ),
        })?;
        let answer: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
        Ok(HealthAnswer {
            is_ready: answer["ready"] == true,
            from,
            body,
        })
    }
}

fn ask_at(address: SocketAddr) -> Result<HealthAnswer, String> {
    let url = own_port::url(address, "/ready");
    let answer = own_port::get(address, "/ready", ANSWER_WITHIN).map_err(|error| {
        format!(
            "no answer from {url}: {error}; does the daemon run, and is LISTEN the same as its own?"
        )
    })?;
    Ok(HealthAnswer {
        from: format!("{url} ({})", answer.status),
        is_ready: (200..300).contains(&answer.status),
        body: answer.body,
    })
}
