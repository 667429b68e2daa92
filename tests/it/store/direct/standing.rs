//! What WAHA last said about a session, and what it had said before.

use std::time::Duration;

use waha_sm::store::{SessionReport, SessionStanding, Store};

use super::{block_on, connect, session};
use crate::harness::{Redis, ms};

async fn reports(store: &Store, status: &str, at: i64) {
    let report = SessionReport {
        status,
        at: Some(ms(at)),
        alarm: false,
        grace: Duration::ZERO,
    };
    store.note_status(&session(), report, ms(at)).await.unwrap();
}

fn standing(status: &str, since: i64, before: Option<&str>) -> Option<SessionStanding> {
    Some(SessionStanding {
        status: status.to_owned(),
        since: Some(ms(since)),
        before: before.map(str::to_owned),
    })
}

#[test]
fn a_session_has_a_status_since_a_time_and_one_before() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        let now = async || store.session_standing(&session()).await.unwrap();
        assert_eq!(now().await, None);
        reports(&store, "SCAN_QR_CODE", 1_000).await;
        assert_eq!(now().await, standing("SCAN_QR_CODE", 1_000, None));
        // A new QR code is no new status.
        reports(&store, "SCAN_QR_CODE", 2_000).await;
        assert_eq!(now().await, standing("SCAN_QR_CODE", 1_000, None));
        reports(&store, "STARTING", 3_000).await;
        assert_eq!(
            now().await,
            standing("STARTING", 3_000, Some("SCAN_QR_CODE"))
        );
        reports(&store, "WORKING", 4_000).await;
        assert_eq!(now().await, standing("WORKING", 4_000, Some("STARTING")));
        // An older event that came late changes nothing.
        reports(&store, "FAILED", 3_500).await;
        assert_eq!(now().await, standing("WORKING", 4_000, Some("STARTING")));
    });
}
