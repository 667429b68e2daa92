//! One request to WAHA, on a thread for requests.

use std::sync::Arc;

use super::request_threads::RequestThreads;
use crate::ids::{ChatId, SessionName};
use crate::waha::client::Client;

/// Makes requests to WAHA.
pub(crate) struct WahaCaller {
    pub(crate) client: Arc<Client>,
    threads: RequestThreads,
}

impl WahaCaller {
    pub(crate) fn new(client: Arc<Client>) -> Self {
        Self {
            client,
            threads: RequestThreads::default(),
        }
    }

    /// Runs one request on a thread. The caller holds a permit, which limits the number of threads.
    ///
    /// # Errors
    /// If the thread ended early.
    pub(crate) async fn call<T: Send + 'static>(
        &self,
        session: &SessionName,
        chat: &ChatId,
        request: impl FnOnce(&Client, &SessionName, &ChatId) -> T + Send + 'static,
    ) -> Result<T, String> {
        let (client, session, chat) = (self.client.clone(), session.clone(), chat.clone());
        self.threads
            .run(move || request(&client, &session, &chat))
            .await
    }
}
