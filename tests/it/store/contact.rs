//! Waits until a store reaches Redis again.

use tokio::time::timeout;
use waha_sm::store::Store;

use crate::harness::PATIENCE;

/// Waits until Redis takes writes. Until then, each try waits for a change of the connection.
pub(crate) async fn is_back(store: &Store) {
    let mut changes = store.connection_changes();
    timeout(PATIENCE, async {
        while store.check_write().await.is_err() {
            assert!(changes.next().await);
        }
    })
    .await
    .unwrap();
}
