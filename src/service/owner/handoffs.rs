//! The handoff notifier is responsible for telling the owner which customers wait for a person. It polls and needs no bell,
//! because a person takes minutes anyway.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::flow::{Locale, State};
use crate::service::kit::periodic::Periodic;
use crate::service::owner::notifier::OwnerNotifier;
use crate::service::owner::shown_customer::shown_customer;
use crate::store::{HandedOff, Store, StoreError};
use crate::waha::message::Message;

const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// At most this many characters of the customer's last message are quoted.
const SHOWN_MAX: usize = 200;

/// See the module.
pub struct HandoffNotifier {
    /// Knows the waiting customers.
    pub store: Store,
    /// Writes to the owner.
    pub notifier: OwnerNotifier,
}

impl HandoffNotifier {
    /// Runs until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) {
        let what = "could not notify the owner of customers who wait for a person";
        let mut periodic = Periodic::every(POLL_INTERVAL, shutdown);
        while periodic.next().await {
            periodic.run(what, self.run_once()).await;
        }
    }

    /// Notifies the owner of each waiting customer not reported yet. Returns how many there were.
    ///
    /// # Errors
    /// The store's.
    pub async fn run_once(&self) -> Result<usize, StoreError> {
        let mut reported = 0;
        for session in self.store.sessions().await? {
            for one in self.store.unnotified_handoffs(&session).await? {
                let cause = format!("handoff:{}:{}", one.id, one.rev);
                let text = text(self.notifier.locale(), &one);
                self.notifier.notify(&session, &cause, &text).await?;
                info!(
                    %session,
                    chat = %one.chat,
                    conversation = %one.id,
                    waiting = one.waiting,
                    "a customer waits for a person"
                );
                self.store
                    .mark_handoff_notified(&session, &one.chat)
                    .await?;
                reported += 1;
            }
        }
        Ok(reported)
    }
}

/// The notice: the customer, their last message, and how many customers wait in total.
fn text(locale: Locale, one: &HandedOff) -> String {
    let who = shown_customer(&one.name, &one.chat);
    let (said, count) = (last_words(one), one.waiting);
    match locale {
        Locale::En => format!(
            "{who} is waiting for a person: \"{said}\". Customers waiting: {count}. Reply in their chat, from your phone."
        ),
        Locale::PtBr => format!(
            "{who} está aguardando atendimento: \"{said}\". Clientes aguardando: {count}. Responda na conversa, pelo seu celular."
        ),
        Locale::Es => format!(
            "{who} está esperando que lo atienda una persona: \"{said}\". Clientes en espera: {count}. Responda en el chat, desde su teléfono."
        ),
    }
}

/// The customer's last message. If it is unknown or blank: their last answer, or the message that opened the conversation.
fn last_words(one: &HandedOff) -> String {
    let last = one.last.as_deref();
    let message = last.and_then(|last| serde_json::from_str::<Message>(last).ok());
    let said = message.map(|message| message.text);
    let state = || serde_json::from_str::<State>(&one.state).ok();
    let said = said
        .filter(|text| !text.trim().is_empty())
        .or_else(|| state()?.last_said().map(str::to_owned));
    said.unwrap_or_default().chars().take(SHOWN_MAX).collect()
}
