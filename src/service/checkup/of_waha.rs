//! Asks WAHA itself: whether it answers and accepts our key, its version, its clock, its sessions and how it is configured.

use std::net::IpAddr;
use std::time::UNIX_EPOCH;

use crate::clock::Millis;
use crate::ids::SessionName;
use crate::service::checkup::finding::Finding;
use crate::waha::client::{Client, ConfiguredSession, SendError, WahaEnvironment, WahaServer};

/// Before this version, the free edition can't sign webhooks by its environment variables.
const OLDEST: [u32; 3] = [2025, 3, 0];
/// GOWS of these versions takes messages of ours for messages in a chat with ourselves.
const KNOWN_BAD: (&str, [u32; 3], [u32; 3]) = ("GOWS", [2026, 8, 1], [2026, 8, 2]);
/// WAHA's word for the engine that needs a store.
const NOWEB: &str = "NOWEB";
/// How long WAHA keeps files if nobody says it, in seconds.
const FILES_LAST: u64 = 180;
/// People can't look at a file within less.
const FILES_LAST_MIN: u64 = 60;

/// What WAHA answered.
#[derive(Default)]
pub(super) struct WahaLook {
    pub(super) findings: Vec<Finding>,
    /// Whether it can be used.
    pub(super) is_usable: bool,
    /// How far its clock is ahead of ours, in seconds.
    pub(super) ahead: Option<i64>,
    /// `None` if we may not list them.
    pub(super) sessions: Option<Vec<ConfiguredSession>>,
    pub(super) environment: Option<WahaEnvironment>,
    /// The addresses of its host.
    pub(super) addresses: Vec<IpAddr>,
    /// When it was started, if it says so.
    pub(super) started_at: Option<Millis>,
}

impl WahaLook {
    /// Whether this session runs on NOWEB, which keeps messages only if its store is enabled.
    pub(super) fn is_noweb(&self, session: &SessionName) -> bool {
        let default = self.environment.as_ref();
        let default = default.and_then(|environment| environment.value("WHATSAPP_DEFAULT_ENGINE"));
        self.session(session).is_some_and(|one| {
            match one.session.engine.as_deref().or(default) {
                Some(engine) => engine == NOWEB,
                // Only NOWEB's sessions have that in their configuration, mostly.
                None => one.noweb_store == Some(false),
            }
        })
    }

    /// Whether its configuration says that NOWEB keeps nothing. Nothing is the default.
    pub(super) fn lacks_store(&self, session: &SessionName) -> bool {
        let store = self.session(session).and_then(|one| one.noweb_store);
        self.is_noweb(session) && store != Some(true)
    }

    fn session(&self, session: &SessionName) -> Option<&ConfiguredSession> {
        let mut listed = self.sessions.iter().flatten();
        listed.find(|one| one.session.name == *session)
    }
}

/// Asks. This blocks, for as long as the client waits for an answer.
pub(super) fn ask(client: &Client) -> WahaLook {
    let mut look = WahaLook::default();
    let asked = Millis::now();
    let server = match client.server() {
        Ok(server) => Some(server),
        // A key of one session may not ask, and an old version can't tell.
        Err(SendError::Refused {
            status: 403 | 404, ..
        }) => None,
        Err(error) => {
            look.findings.push(failure(client, error));
            return look;
        }
    };
    if let Some(clock) = server.as_ref().and_then(|server| server.clock)
        && let Ok(since) = clock.duration_since(UNIX_EPOCH)
    {
        let between = asked + Millis::now().since(asked) / 2;
        // Its clock tells whole seconds, so it is half a second further on average.
        let theirs = i64::try_from(since.as_millis())
            .unwrap_or(i64::MAX)
            .saturating_add(500);
        look.ahead = Some(theirs.saturating_sub(between.as_i64()) / 1_000);
    }
    match client.configured_sessions() {
        Ok(sessions) => look.sessions = Some(sessions),
        // The key of one session is a key of WAHA.
        Err(SendError::Refused { status: 403, .. }) => {}
        Err(error) => {
            look.findings.push(failure(client, error));
            return look;
        }
    }
    look.is_usable = true;
    look.addresses = client.addresses();
    look.started_at = client.started_at().ok().flatten();
    look.findings.push(judge_version(server.as_ref()));
    match client.environment() {
        Ok(environment) => look.environment = Some(environment),
        Err(error) => look
            .findings
            .push(Finding::WahaConfigHidden(error.to_string())),
    }
    look.findings
        .extend(look.environment.as_ref().map(judge_files));
    look
}

/// Why we can't use this WAHA.
fn failure(client: &Client, error: SendError) -> Finding {
    let at = client.address();
    match error {
        SendError::Unreachable { reason } | SendError::Interrupted { reason } => {
            Finding::WahaUnreachable(format!("{at}: {reason}"))
        }
        SendError::Refused { status: 401, .. } if !client.has_key() => Finding::WahaKeyMissing,
        SendError::Refused { status: 401, .. } => Finding::WahaKeyWrong(at),
        error => Finding::WahaAnswersOddly(format!("{at}: {error}")),
    }
}

fn judge_version(server: Option<&WahaServer>) -> Finding {
    let word = |word: Option<&String>| word.cloned().unwrap_or_default();
    let version = word(server.and_then(|server| server.version.as_ref()));
    let engine = word(server.and_then(|server| server.engine.as_ref()));
    let (bad_engine, first, last) = KNOWN_BAD;
    match parts(&version) {
        Some(known) if known < OLDEST => Finding::WahaTooOld(version),
        Some(known) if engine == bad_engine && (first..=last).contains(&known) => {
            Finding::WahaKnownBad(format!("{version} ({engine})"))
        }
        _ => Finding::WahaRuns { version, engine },
    }
}

/// The year, the month and the number of a version.
fn parts(version: &str) -> Option<[u32; 3]> {
    let mut parts = version.split('.').map(|part| part.parse().ok());
    let known = [parts.next()??, parts.next()??, parts.next()??];
    Some(known)
}

fn judge_files(environment: &WahaEnvironment) -> Finding {
    let Some(typed) = environment.value("WHATSAPP_FILES_LIFETIME") else {
        return Finding::FilesLast(FILES_LAST);
    };
    match typed.trim().parse() {
        Ok(0) => Finding::FilesForever,
        Ok(seconds @ 1..FILES_LAST_MIN) => Finding::FilesDieEarly(seconds),
        Ok(seconds) => Finding::FilesLast(seconds),
        Err(_) => Finding::FilesLastStrangely(typed.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_that_can_not_sign_or_mix_up_chats_are_found() {
        let judged = |version: &str, engine: &str| {
            judge_version(Some(&WahaServer {
                version: Some(version.to_owned()),
                engine: Some(engine.to_owned()),
                clock: None,
            }))
        };
        assert!(matches!(
            judged("2024.9.2", "WEBJS"),
            Finding::WahaTooOld(_)
        ));
        assert!(matches!(
            judged("2026.8.2", "GOWS"),
            Finding::WahaKnownBad(_)
        ));
        for (version, engine) in [
            ("2026.8.2", "NOWEB"),
            ("2026.8.3", "GOWS"),
            ("2025.3.1", "WEBJS"),
            ("2027.10.11", "GOWS"),
            ("nightly", "GOWS"),
        ] {
            let found = judged(version, engine);
            assert!(
                matches!(found, Finding::WahaRuns { .. }),
                "{version} {engine}"
            );
        }
        assert!(matches!(judge_version(None), Finding::WahaRuns { .. }));
    }
}
