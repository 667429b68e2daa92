//! One request to WAHA, on a blocking thread.

use std::sync::Arc;

use crate::ids::{ChatId, SessionName};
use crate::waha::client::Client;

/// Runs one request on a blocking thread. The caller holds a permit, which limits the number of threads.
///
/// # Errors
/// If the thread ended early.
pub(crate) async fn call<T: Send + 'static>(
    client: &Arc<Client>,
    session: &SessionName,
    chat: &ChatId,
    request: impl FnOnce(&Client, &SessionName, &ChatId) -> T + Send + 'static,
) -> Result<T, String> {
    let (client, session, chat) = (client.clone(), session.clone(), chat.clone());
    let called = tokio::task::spawn_blocking(move || request(&client, &session, &chat));
    called
        .await
        .map_err(|_| "the request's thread ended early".to_owned())
}
