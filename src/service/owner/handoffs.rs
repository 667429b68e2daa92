//! The handoff notifier is responsible for telling the owner which customers wait for a person, in the sessions that the lookout names.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::flow::{Locale, State};
use crate::flows::Flows;
use crate::ids::{ChatId, SessionName};
use crate::service::kit::session_rounds::serve;
use crate::service::kit::unread_message::UnreadMessage;
use crate::service::owner::notifier::OwnerNotifier;
use crate::service::owner::shown_customer::shown_customer;
use crate::store::{HandedOff, Store, StoreError};

/// At most this many characters of the customer's last message are quoted.
const SHOWN_MAX: usize = 200;

/// See the module.
pub struct HandoffNotifier {
    /// Knows the waiting customers.
    pub store: Store,
    /// Writes to the owner.
    pub notifier: OwnerNotifier,
    /// Their steps and teams may name another chat for their notices.
    pub flows: Arc<Flows>,
    /// Where the owner's browser finds the console, if it is known: the notices then link to the chat there.
    pub console: Option<String>,
}

impl HandoffNotifier {
    /// Runs until `shutdown`, and works in each of these sessions.
    pub async fn run(
        self,
        sessions: mpsc::UnboundedReceiver<SessionName>,
        shutdown: CancellationToken,
    ) {
        let notifier = Arc::new(self);
        let what = "could not notify the owner of customers who wait for a person";
        serve(sessions, what, shutdown, |session| {
            let notifier = notifier.clone();
            async move { notifier.notify_in(&session).await }
        })
        .await;
    }

    /// Notifies the owner of each waiting customer not reported yet.
    async fn notify_in(&self, session: &SessionName) -> Result<(), StoreError> {
        for one in self.store.unnotified_handoffs(session).await? {
            let cause = format!("handoff:{}:{}", one.id, one.rev);
            let state: Option<State> = serde_json::from_str(&one.state).ok();
            let script = self.flows.of(session);
            let step = state.as_ref().and_then(State::step);
            let to = script.notify_of(step, &one.team);
            let notice = HandoffNotice {
                one: &one,
                chat: self.known(session, &one.chat).await?,
                state: state.as_ref(),
                console: self
                    .console
                    .as_ref()
                    .map(|console| format!("{console}/chat/{session}/{}", one.chat)),
            };
            let text = notice.text(self.notifier.locale());
            self.notifier.notify_in(session, to, &cause, &text).await?;
            info!(
                %session,
                chat = %one.chat,
                conversation = %one.id,
                team = one.team,
                waiting = one.waiting,
                "a customer waits for a person"
            );
            self.store.mark_handoff_notified(session, &one.chat).await?;
        }
        Ok(())
    }

    /// The chat under the phone number, if that is known.
    async fn known(&self, session: &SessionName, chat: &ChatId) -> Result<ChatId, StoreError> {
        let number = match chat.is_lid() {
            true => self.store.alias(session, chat).await?,
            false => None,
        };
        Ok(number.unwrap_or_else(|| chat.clone()))
    }
}

/// What a person is told about a customer who waits for them. They read it on a phone, so its lines are short.
struct HandoffNotice<'a> {
    one: &'a HandedOff,
    /// Its chat, under the phone number if that is known.
    chat: ChatId,
    state: Option<&'a State>,
    /// The address of the chat in the console.
    console: Option<String>,
}

impl HandoffNotice<'_> {
    /// The customer and their last words, for which team they wait, what the person should know, the place in line, and a link
    /// to the chat.
    fn text(&self, locale: Locale) -> String {
        let HandedOff {
            position, waiting, ..
        } = self.one;
        let who = shown_customer(&self.one.name, &self.chat);
        let line = self.line(locale);
        let said = self.last_words();
        let said = if said.is_empty() {
            said
        } else {
            format!(": \"{said}\"")
        };
        let [waits, place, reply] = match locale {
            Locale::En => [
                format!("{who} is waiting for a person{line}{said}."),
                format!("Place in line: {position}. Customers waiting: {waiting}."),
                match self.console {
                    Some(_) => "Reply in the console, or in their chat from your phone.",
                    None => "Reply in their chat, from your phone.",
                }
                .to_owned(),
            ],
            Locale::PtBr => [
                format!("{who} está aguardando atendimento{line}{said}."),
                format!("Lugar na fila: {position}. Clientes aguardando: {waiting}."),
                match self.console {
                    Some(_) => "Responda no console ou na conversa, pelo seu celular.",
                    None => "Responda na conversa, pelo seu celular.",
                }
                .to_owned(),
            ],
            Locale::Es => [
                format!("{who} está esperando que lo atienda una persona{line}{said}."),
                format!("Lugar en la fila: {position}. Clientes en espera: {waiting}."),
                match self.console {
                    Some(_) => "Responda en la consola o en el chat, desde su teléfono.",
                    None => "Responda en el chat, desde su teléfono.",
                }
                .to_owned(),
            ],
        };
        let note = self.state.and_then(State::note).unwrap_or_default();
        // A hidden id is not a phone number.
        let link = match self.chat.as_str().strip_suffix("@c.us") {
            Some(digits) => format!("https://wa.me/{digits}"),
            None => String::new(),
        };
        let console = self.console.clone().unwrap_or_default();
        let lines = [waits, note.to_owned(), place, console, link, reply];
        let lines: Vec<String> = lines
            .into_iter()
            .filter(|line| !line.trim().is_empty())
            .collect();
        lines.join("\n")
    }

    /// The team for which they wait, and whether they stand before others, in brackets; empty if there is nothing to say.
    fn line(&self, locale: Locale) -> String {
        let HandedOff { team, urgent, .. } = self.one;
        let [team_word, urgent_word] = match locale {
            Locale::En => ["team", "urgent"],
            Locale::PtBr => ["equipe", "urgente"],
            Locale::Es => ["equipo", "urgente"],
        };
        match (team.as_str(), urgent) {
            ("", false) => String::new(),
            ("", true) => format!(" ({urgent_word})"),
            (team, false) => format!(" ({team_word} {team})"),
            (team, true) => format!(" ({team_word} {team}, {urgent_word})"),
        }
    }

    /// The customer's last message, on one line. If it is unknown or blank: their last answer, or the message that opened the
    /// conversation.
    fn last_words(&self) -> String {
        let last = self.one.last.as_deref();
        let message = last.and_then(|last| UnreadMessage::read(last).into_message());
        let said = message.map(|message| message.text);
        let said = said
            .filter(|text| !text.trim().is_empty())
            .or_else(|| self.state?.last_said().map(str::to_owned));
        let said = said.unwrap_or_default();
        let words: Vec<&str> = said.split_whitespace().collect();
        words.join(" ").chars().take(SHOWN_MAX).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::ConversationId;

    fn handed_off(chat: &str, team: &str, urgent: bool) -> HandedOff {
        HandedOff {
            team: team.to_owned(),
            urgent,
            chat: ChatId::stored(chat),
            id: ConversationId::stored("c"),
            rev: 3,
            name: "Ana".to_owned(),
            state: String::new(),
            last: None,
            position: 2,
            waiting: 5,
        }
    }

    fn notice(chat: &str, locale: Locale) -> String {
        notice_of(chat, locale, "", false)
    }

    fn notice_of(chat: &str, locale: Locale, team: &str, urgent: bool) -> String {
        let state = r#"{"v":1,"stage":{"at":"handed_off","step":"a","note":"plan: Unimed\nurgent"},"answer":"my tooth\nhurts"}"#;
        let state: State = serde_json::from_str(state).unwrap();
        let one = handed_off(chat, team, urgent);
        let notice = HandoffNotice {
            one: &one,
            chat: one.chat.clone(),
            state: Some(&state),
            console: None,
        };
        notice.text(locale)
    }

    #[test]
    fn with_a_console_the_notice_links_to_the_chat_there() {
        let one = handed_off("5511900000002@c.us", "", false);
        let notice = HandoffNotice {
            one: &one,
            chat: one.chat.clone(),
            state: None,
            console: Some("https://shop.example/console/chat/shop/5511900000002@c.us".to_owned()),
        };
        for locale in Locale::ALL {
            let text = notice.text(locale);
            let lines: Vec<&str> = text.lines().collect();
            assert!(lines.contains(&"https://shop.example/console/chat/shop/5511900000002@c.us"));
            assert!(lines.last().unwrap().contains("consol"), "{text}");
        }
    }

    #[test]
    fn the_owner_reads_who_waits_why_and_where_to_answer_in_short_lines() {
        let number = "5511900000002@c.us";
        assert_eq!(
            notice(number, Locale::En),
            "Ana (+5511900000002) is waiting for a person: \"my tooth hurts\".\nplan: Unimed\nurgent\nPlace in line: 2. \
             Customers waiting: 5.\nhttps://wa.me/5511900000002\nReply in their chat, from your phone."
        );
        for locale in [Locale::PtBr, Locale::Es] {
            let text = notice(number, locale);
            assert_eq!(text.lines().count(), 6, "{text}");
            assert!(text.contains("https://wa.me/5511900000002"), "{text}");
        }
    }

    #[test]
    fn the_owner_reads_for_which_team_a_customer_waits_and_whether_it_is_urgent() {
        let number = "5511900000002@c.us";
        for (locale, team, urgent, part) in [
            (
                Locale::En,
                "sales",
                false,
                "is waiting for a person (team sales): \"my",
            ),
            (Locale::En, "", true, "is waiting for a person (urgent): "),
            (
                Locale::PtBr,
                "vendas",
                true,
                "aguardando atendimento (equipe vendas, urgente): ",
            ),
            (Locale::Es, "ventas", false, "una persona (equipo ventas): "),
        ] {
            let text = notice_of(number, locale, team, urgent);
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn a_hidden_id_is_no_phone_number_and_has_no_link() {
        let text = notice("123@lid", Locale::En);
        assert!(
            text.contains("123@lid") && !text.contains("wa.me"),
            "{text}"
        );
    }
}
