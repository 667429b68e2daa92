//! What WAHA's status of a session means: whether its replies must wait, and whether the owner must act.

use std::time::Duration;

use jiff::tz::TimeZone;
use tracing::{info, warn};

use crate::clock::Millis;
use crate::flow::OwnerText;
use crate::ids::SessionName;
use crate::service::owner::notifier::OwnerNotifier;
use crate::store::{SessionChange, SessionReport, Store, StoreError};
use crate::waha::restriction::Restriction;

/// WAHA's word for a session that can send and receive.
pub(crate) const WORKING: &str = "WORKING";
/// Our word for a session that WAHA doesn't know, because somebody deleted it.
pub(crate) const NOT_FOUND: &str = "NOT_FOUND";
/// WAHA's word for a session that somebody stopped.
const STOPPED: &str = "STOPPED";
/// A restart by hand stops a session for 3 s. A stop that lasts for this long is no restart.
const STOP_COUNTS_AFTER: Duration = Duration::from_secs(10);
/// A session that reconnects doesn't need the owner, unless it still isn't working after this time.
const LASTING_AFTER: Duration = Duration::from_secs(120);

/// Stores a session's status. Any status but WORKING pauses its replies, notices and timeouts. `at` is the time of the
/// status by WAHA's clock, if an event gave it. Returns false if the status is older than the stored one.
///
/// # Errors
/// The store's. It is safe to call this again.
pub(crate) async fn note(
    store: &Store,
    notifier: &OwnerNotifier,
    session: &SessionName,
    status: &str,
    at: Option<Millis>,
) -> Result<bool, StoreError> {
    let now = Millis::now();
    let mut known = SessionReport {
        status,
        at,
        alarm: needs_owner_at_once(status),
        grace: if status == STOPPED {
            STOP_COUNTS_AFTER
        } else {
            Duration::ZERO
        },
    };
    let mut change = store.note_status(session, known, now).await?;
    if let SessionChange::Paused {
        since,
        status_since,
        ..
    } = change
        && !known.alarm
    {
        known.alarm = now.since(since) > LASTING_AFTER
            || status == STOPPED && now.since(status_since) >= STOP_COUNTS_AFTER;
        if known.alarm {
            change = store.note_status(session, known, now).await?;
        }
    }
    match change {
        SessionChange::Stale => info!(%session, status, "an older status of the session came late"),
        SessionChange::Works => store.ring_session_works(session).await?,
        SessionChange::Resumed => {
            info!(%session, "the session works again; its replies are being sent")
        }
        SessionChange::Paused { since, alarm, .. } => {
            if alarm {
                warn!(
                    %session,
                    status,
                    "the session has stopped; replies, notices and timeouts wait until it is WORKING again: {}",
                    advice(status)
                );
            } else if since == now {
                info!(
                    %session,
                    status, "the session is not WORKING; replies, notices and timeouts wait"
                );
            }
            if known.alarm {
                let text = OwnerText::Stopped { session, status }.words(notifier.locale());
                let cause = format!("stopped:{since}");
                notifier.notify_elsewhere(session, &cause, &text).await?;
            }
        }
    }
    Ok(change != SessionChange::Stale)
}

/// Notifies the owner of a stop that has lasted too long to be a restart, unless somebody has done so. It is called repeatedly
/// while the session is paused, because WAHA sends no other event.
///
/// # Errors
/// The store's. It is safe to call this again.
pub(crate) async fn note_lasting_stop(
    store: &Store,
    notifier: &OwnerNotifier,
    session: &SessionName,
) -> Result<(), StoreError> {
    let Some(paused) = store.paused_status(session).await? else {
        return Ok(());
    };
    if paused.status == STOPPED
        && !paused.alarmed
        && Millis::now().since(paused.since) >= STOP_COUNTS_AFTER
    {
        note(store, notifier, session, STOPPED, None).await?;
    }
    Ok(())
}

/// Notifies the owner of WhatsApp's restrictions on a working session, once for each restriction.
///
/// # Errors
/// The store's. It is safe to call this again.
pub(crate) async fn note_restrictions(
    notifier: &OwnerNotifier,
    session: &SessionName,
    restrictions: &[Restriction],
) -> Result<(), StoreError> {
    for restriction in restrictions {
        let day = |until: Option<Millis>| {
            let at = jiff::Timestamp::from_millisecond(until?.as_i64()).ok()?;
            Some(at.to_zoned(TimeZone::system()).datetime())
        };
        let (Restriction::Timelock { until: ends } | Restriction::Capping { until: ends, .. }) =
            restriction;
        let until = day(*ends);
        let (kind, text) = match restriction {
            Restriction::Timelock { .. } => (
                "timelock".to_owned(),
                OwnerText::Timelock { session, until },
            ),
            Restriction::Capping { level, .. } => (
                format!("capping:{level}"),
                OwnerText::Capping {
                    session,
                    level,
                    until,
                },
            ),
        };
        let cause = format!("{kind}:{}", ends.unwrap_or_default());
        if notifier
            .notify(session, &cause, &text.words(notifier.locale()))
            .await?
        {
            warn!(
                %session,
                restriction = kind,
                until = until.map(tracing::field::display),
                "WhatsApp restricts this session: answering continues, but new chats are limited or forbidden until \
                then"
            );
        }
    }
    Ok(())
}

/// Whether it is certain at once that the session will work again only after a person has done something.
fn needs_owner_at_once(status: &str) -> bool {
    matches!(status, "FAILED" | "SCAN_QR_CODE") || status.starts_with("PASSKEY_")
}

fn advice(status: &str) -> &'static str {
    match status {
        "FAILED" => {
            "restart it in WAHA's dashboard; if it fails again, log out there and pair the phone again"
        }
        STOPPED => "start it in WAHA's dashboard",
        NOT_FOUND => {
            "WAHA doesn't know it: create it in WAHA's dashboard, with the same name, and pair the phone"
        }
        "SCAN_QR_CODE" => "pair the phone again in WAHA's dashboard: scan the QR code there",
        _ if needs_owner_at_once(status) => "confirm the pairing in WAHA's dashboard",
        _ => "look at WAHA's dashboard and log; it may have to be restarted",
    }
}
