//! What people do with the program itself goes through Redis into the history, like everything else.

use std::time::Duration;

use waha_sm::clock::Millis;
use waha_sm::history::{FILE_NAME, History, StoredEvent};
use waha_sm::ids::AgentName;
use waha_sm::store::{AuditKind, Connections, RedisServer, Store, StoreConfig};

use crate::harness::{Redis, TestSetup, eventually};

#[test]
fn every_audit_line_is_archived_in_order_and_is_no_message() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let _daemon = test.all(&redis).set("FLOW_FILE", test.echo()).start();
    let config = StoreConfig {
        server: RedisServer::Url(redis.url()),
        prefix: "waha-sm:".to_owned(),
        first_notice_after: Duration::from_secs(2).into(),
        connections: Connections::default(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let store = Store::connect(&config, Duration::from_secs(10))
            .await
            .unwrap();
        let owner = AgentName::owner();
        for (n, kind) in (1..).zip(AuditKind::ALL) {
            store
                .record_audit(kind, &owner, "what", "more", Millis::new(n))
                .await
                .unwrap();
        }
    });
    let path = test.directory.path().join("data").join(FILE_NAME);
    let lines = eventually("the lines are in the history", || {
        let lines = History::open_read_only(&path).ok()?.audit(None, 50).ok()?;
        (lines.lines.len() == AuditKind::ALL.len()).then_some(lines.lines)
    });
    let of = |line: &StoredEvent| (line.at.as_i64(), line.kind.name(), line.by.clone().unwrap());
    let lines: Vec<_> = lines.iter().rev().map(of).collect();
    let expected: Vec<_> = (1..)
        .zip(AuditKind::ALL)
        .map(|(n, kind)| (n, kind.name(), "owner".to_owned()))
        .collect();
    assert_eq!(lines, expected);
    assert!(test.history(&[]).is_empty());
    // The stream is trimmed.
    eventually("the stream is empty", || {
        (redis.number("XLEN waha-sm:audit") == 0).then_some(())
    });
}
