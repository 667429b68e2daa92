//! What the status of a session means for people: whether it works, and whether somebody has to do something.

use std::time::Duration;

use crate::clock::Millis;
use crate::ids::SessionName;
use crate::waha::client::{Account, SendError};

/// A session that connects after its code was scanned, for longer than this, does not come through
/// (<https://github.com/devlikeapro/waha/issues/1335>).
const SCAN_TAKES: Duration = Duration::from_secs(60);
/// A session that connects for longer than this does not come through.
const START_TAKES: Duration = Duration::from_secs(120);
/// A session in which no customer wrote for this time may be deaf (<https://github.com/devlikeapro/waha/issues/1931>), or it
/// is night.
const QUIET_AFTER: Duration = Duration::from_secs(12 * 3600);
/// All sessions, as far as they are known.
pub(super) struct SessionsNow {
    pub(super) sessions: Vec<SessionNow>,
    /// Why WAHA did not list its sessions.
    pub(super) waha_failed: Option<SendError>,
}

/// One session.
pub(super) struct SessionNow {
    pub(super) name: SessionName,
    /// WAHA's word; `None` if WAHA does not know the session, or could not be asked.
    pub(super) status: Option<String>,
    /// Since when it says this, if we heard it.
    pub(super) since: Option<Millis>,
    pub(super) account: Option<Account>,
    pub(super) state: SessionState,
    /// When a customer last wrote, in the last week.
    pub(super) last_heard: Option<Millis>,
    /// Of the QR code that is shown now: it differs for each code.
    pub(super) qr_version: Option<String>,
}

/// What the status means for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SessionState {
    /// It works.
    Works,
    /// It works, and no customer has written for long.
    Quiet,
    /// It connects.
    Connects,
    /// It has connected for too long.
    DoesNotConnect,
    /// A phone has scanned the code, and it has connected for too long since.
    StuckAfterScan,
    /// It waits for a phone.
    WaitsForPhone,
    /// WhatsApp asks for a passkey.
    WantsPasskey,
    /// It was logged out, banned, or is broken.
    Failed,
    /// Somebody stopped it.
    Stopped,
    /// WAHA has no such session.
    Missing,
    /// WAHA does not answer, so nobody knows.
    Unknown,
    /// WAHA says something that we don't know.
    Other,
}

impl SessionState {
    /// Its name in the API and in the page.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Works => "works",
            Self::Quiet => "quiet",
            Self::Connects => "connects",
            Self::DoesNotConnect => "does_not_connect",
            Self::StuckAfterScan => "stuck_after_scan",
            Self::WaitsForPhone => "waits_for_phone",
            Self::WantsPasskey => "wants_passkey",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
            Self::Missing => "missing",
            Self::Unknown => "unknown",
            Self::Other => "other",
        }
    }

    /// Whether somebody has to do something.
    pub(super) fn needs_owner(self) -> bool {
        !matches!(
            self,
            Self::Works | Self::Quiet | Self::Connects | Self::Unknown
        )
    }
}

/// What the words of WAHA mean. `heard`: when a customer last wrote.
pub(super) fn state_of(
    status: &str,
    since: Option<Millis>,
    before: Option<&str>,
    heard: Option<Millis>,
    now: Millis,
) -> SessionState {
    let lasts = |time: Duration| since.is_some_and(|since| now.since(since) > time);
    match status {
        "WORKING" => {
            let is_quiet = heard.is_none_or(|heard| now.since(heard) > QUIET_AFTER);
            match is_quiet && lasts(QUIET_AFTER) {
                true => SessionState::Quiet,
                false => SessionState::Works,
            }
        }
        "STARTING" if before == Some("SCAN_QR_CODE") && lasts(SCAN_TAKES) => {
            SessionState::StuckAfterScan
        }
        "STARTING" if lasts(START_TAKES) => SessionState::DoesNotConnect,
        "STARTING" => SessionState::Connects,
        "SCAN_QR_CODE" => SessionState::WaitsForPhone,
        "PASSKEY_REQUIRED" | "PASSKEY_CONFIRMATION_REQUIRED" => SessionState::WantsPasskey,
        "FAILED" => SessionState::Failed,
        "STOPPED" => SessionState::Stopped,
        _ => SessionState::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_means_what_people_have_to_do() {
        let hour = 3_600_000;
        let now = 100 * hour;
        let at = |before_now: i64| Some(Millis::new(now - before_now));
        let scan = Some("SCAN_QR_CODE");
        for (status, since, before, heard, wanted) in [
            ("WORKING", at(hour), scan, None, SessionState::Works),
            (
                "WORKING",
                at(90 * hour),
                None,
                at(hour),
                SessionState::Works,
            ),
            (
                "WORKING",
                at(90 * hour),
                None,
                at(13 * hour),
                SessionState::Quiet,
            ),
            ("WORKING", at(90 * hour), None, None, SessionState::Quiet),
            ("WORKING", None, None, None, SessionState::Works),
            ("STARTING", at(59_000), scan, None, SessionState::Connects),
            (
                "STARTING",
                at(61_000),
                scan,
                None,
                SessionState::StuckAfterScan,
            ),
            (
                "STARTING",
                at(61_000),
                Some("WORKING"),
                None,
                SessionState::Connects,
            ),
            (
                "STARTING",
                at(121_000),
                Some("WORKING"),
                None,
                SessionState::DoesNotConnect,
            ),
            (
                "STARTING",
                at(121_000),
                scan,
                None,
                SessionState::StuckAfterScan,
            ),
            ("STARTING", None, scan, None, SessionState::Connects),
            (
                "SCAN_QR_CODE",
                at(hour),
                None,
                None,
                SessionState::WaitsForPhone,
            ),
            (
                "PASSKEY_REQUIRED",
                at(0),
                None,
                None,
                SessionState::WantsPasskey,
            ),
            ("FAILED", at(0), None, None, SessionState::Failed),
            ("STOPPED", at(0), None, None, SessionState::Stopped),
            ("DREAMING", at(0), None, None, SessionState::Other),
        ] {
            let state = state_of(status, since, before, heard, Millis::new(now));
            assert_eq!(state, wanted, "{status} {since:?} {before:?} {heard:?}");
        }
    }
}
