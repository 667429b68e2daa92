//! The notifier of chats that are left alone is responsible for telling the owner that the bot no longer answers a chat, why,
//! and what to do. It polls and needs no bell, because nothing happens in such a chat.

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::flow::OwnerText;
use crate::flows::Flows;
use crate::service::kit::periodic::Periodic;
use crate::service::kit::session_pages::SessionPages;
use crate::service::owner::notifier::OwnerNotifier;
use crate::service::owner::shown_customer::shown_customer;
use crate::store::{Store, StoreError};

const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// See the module.
pub struct LeftAloneNotifier {
    /// Knows the chats.
    pub store: Store,
    /// Say with which word the owner gives a chat back to the bot.
    pub flows: Arc<Flows>,
    /// Writes to the owner.
    pub notifier: OwnerNotifier,
    /// Which sessions each poll looks at.
    pub pages: SessionPages,
}

impl LeftAloneNotifier {
    /// Runs until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) {
        let what = "could not notify the owner of chats that the bot leaves alone";
        let mut periodic = Periodic::every(POLL_INTERVAL, shutdown);
        while periodic.next().await {
            periodic.run(what, self.run_once()).await;
        }
    }

    /// Notifies the owner of each such chat not reported yet. Returns how many there were.
    ///
    /// # Errors
    /// The store's.
    pub async fn run_once(&self) -> Result<usize, StoreError> {
        let mut reported = 0;
        for session in self.pages.next(&self.store).await? {
            for one in self.store.unnotified_left_alone(&session).await? {
                let until = jiff::Timestamp::from_millisecond(one.until.as_i64())
                    .map(|at| at.to_zoned(TimeZone::system()).datetime())
                    .ok();
                let script = self.flows.of(&session);
                let text = OwnerText::LeftAlone {
                    customer: &shown_customer(&one.name, &one.chat),
                    limit: &one.limit,
                    count: one.count,
                    until,
                    phone_end: script.phone_end(),
                };
                let text = text.words(self.notifier.locale());
                let cause = format!("left-alone:{}", one.id);
                if self.notifier.notify(&session, &cause, &text).await? {
                    warn!(
                        %session,
                        chat = %one.chat,
                        limit = one.limit,
                        count = one.count,
                        until = until.map(tracing::field::display),
                        "this chat reached a limit of its flow ([limits]), because another bot seems to write there: the bot \
                        leaves it alone until then"
                    );
                }
                self.store
                    .mark_left_alone_notified(&session, &one.chat)
                    .await?;
                reported += 1;
            }
        }
        Ok(reported)
    }
}
