//! The notifier of chats that are left alone is responsible for telling the owner that the bot no longer answers a chat, why,
//! and what to do, in the sessions that the lookout names.

use std::sync::Arc;

use jiff::tz::TimeZone;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::flow::OwnerText;
use crate::flows::Flows;
use crate::ids::SessionName;
use crate::service::kit::session_rounds::serve;
use crate::service::owner::notifier::OwnerNotifier;
use crate::service::owner::shown_customer::shown_customer;
use crate::store::{Store, StoreError};

/// See the module.
pub struct LeftAloneNotifier {
    /// Knows the chats.
    pub store: Store,
    /// Say with which word the owner gives a chat back to the bot.
    pub flows: Arc<Flows>,
    /// Writes to the owner.
    pub notifier: OwnerNotifier,
}

impl LeftAloneNotifier {
    /// Runs until `shutdown`, and works in each of these sessions.
    pub async fn run(
        self,
        sessions: mpsc::UnboundedReceiver<SessionName>,
        shutdown: CancellationToken,
    ) {
        let notifier = Arc::new(self);
        let what = "could not notify the owner of chats that the bot leaves alone";
        serve(sessions, what, shutdown, |session| {
            let notifier = notifier.clone();
            async move { notifier.notify_in(&session).await }
        })
        .await;
    }

    /// Notifies the owner of each such chat not reported yet.
    async fn notify_in(&self, session: &SessionName) -> Result<(), StoreError> {
        for one in self.store.unnotified_left_alone(session).await? {
            let until = jiff::Timestamp::from_millisecond(one.until.as_i64())
                .map(|at| at.to_zoned(TimeZone::system()).datetime())
                .ok();
            let script = self.flows.of(session);
            let text = OwnerText::LeftAlone {
                customer: &shown_customer(&one.name, &one.chat),
                limit: &one.limit,
                count: one.count,
                until,
                phone_end: script.phone_end(),
            };
            let text = text.words(self.notifier.locale());
            let cause = format!("left-alone:{}", one.id);
            if self.notifier.notify(session, &cause, &text).await? {
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
                .mark_left_alone_notified(session, &one.chat)
                .await?;
        }
        Ok(())
    }
}
