//! Lanes: the replies of each chat, in order, until WAHA took them.

use fred::interfaces::{HashesInterface, KeysInterface};
use fred::types::{Expiration, SetOptions};
use serde::{Deserialize, Serialize};

use super::attempts::Attempt;
use super::batch::Batch;
use super::echo::wording;
use super::scripts::{Arguments, StateChange};
use super::{Answer, Error, Millis, SEEN_TTL, Store};
use crate::clock;
use crate::flow::FlowMedia;
use crate::ids::{ChatId, ConversationId, MessageId, ProcessId, SessionName};

/// Replies given up on that are kept per session; about 1 KB each.
const DEAD_MAX: i64 = 10_000;

/// A reply waiting for WAHA to take it, as it is kept in its lane.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// Unique: the conversation, its step, and the number within the step.
    pub id: String,
    /// The conversation it belongs to.
    pub conversation: ConversationId,
    /// What the customer reads; the caption of `media`, and then perhaps empty.
    pub text: String,
    /// The file that it is, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<FlowMedia>,
    /// Since when it waits.
    pub queued_at: Millis,
    /// How often it was tried in vain.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub attempts: u32,
    /// About the queue: replaced by a newer one, dropped when the conversation begins.
    #[serde(skip)]
    pub notice: bool,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Reply {
    /// As it stands in the lane: its kind in one letter, so that scripts can tell, then JSON.
    pub(super) fn element(&self) -> String {
        let element = Element {
            reply: self,
            wording: wording(&self.text),
        };
        // A plain structure with text keys, which serde_json always can write.
        let json = serde_json::to_string(&element).unwrap_or_default();
        format!("{}{json}", if self.notice { 'n' } else { 'r' })
    }

    pub(super) fn from_element(element: &str) -> Option<Self> {
        let mut reply: Self = serde_json::from_str(element.get(1..)?).ok()?;
        reply.notice = element.starts_with('n');
        Some(reply)
    }
}

/// A reply, and the words by which scripts know its echo. Versions before wrote none.
#[derive(Serialize)]
struct Element<'a> {
    #[serde(flatten)]
    reply: &'a Reply,
    wording: String,
}

/// A lane in this process' hands, with its first reply.
#[derive(Clone, Debug)]
pub struct Lane {
    /// The chat, in its normal form.
    pub chat: ChatId,
    /// The reply to send, or what stands in its place but can't be read.
    pub reply: Result<Reply, String>,
    /// An attempt on the reply that may have succeeded.
    pub doubt: Option<Attempt>,
    /// The id to send to, where the customer last wrote from another than `chat`.
    pub address: Option<ChatId>,
    pub(super) element: String,
    /// Tells this taking of the lane from every other.
    pub(super) token: String,
}

impl Lane {
    /// A lane as scripts hand it over, with what is in doubt and the address still to come from `answer`; nothing if
    /// there is no reply.
    pub(super) fn handed(
        chat: ChatId,
        element: String,
        token: String,
        answer: &mut Answer,
    ) -> Result<Option<Self>, Error> {
        let (doubt, address) = (answer.text()?, answer.text()?);
        if element.is_empty() {
            return Ok(None);
        }
        let reply = Reply::from_element(&element).ok_or_else(|| element.clone());
        Ok(Some(Self {
            chat,
            reply,
            doubt: Attempt::read(&doubt),
            address: Some(address)
                .filter(|address| !address.is_empty())
                .map(ChatId::stored),
            element,
            token,
        }))
    }

    /// Tells this taking of the lane from every other.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// What became of its first reply.
    pub fn settled(&self, verdict: Verdict) -> Settlement {
        Settlement {
            chat: self.chat.clone(),
            element: self.element.clone(),
            token: self.token.clone(),
            verdict,
        }
    }
}

/// The answer to [`Store::take_lanes`].
#[derive(Clone, Debug)]
pub enum Taken {
    /// Lanes that are this process' to send from.
    Lanes(Vec<Lane>),
    /// The session can't send at present.
    Paused,
}

/// What became of the first reply of a lane.
#[derive(Clone, Debug)]
pub struct Settlement {
    chat: ChatId,
    element: String,
    token: String,
    verdict: Verdict,
}

/// See [`Settlement`].
#[derive(Clone, Debug)]
pub enum Verdict {
    /// WAHA took it.
    Sent {
        /// The message that it became, if WAHA told.
        message: Option<MessageId>,
        /// The conversation it belongs to.
        conversation: ConversationId,
        /// The message as it goes into the history, JSON.
        data: String,
    },
    /// Given up on.
    Dead {
        /// The conversation it belonged to.
        conversation: ConversationId,
        /// The message as it goes into the history, JSON.
        data: String,
        /// Why, for the operator.
        reason: String,
    },
    /// To be tried again.
    Retry {
        /// When.
        due: Millis,
        /// With what was learnt from this attempt.
        again: Reply,
        /// It may have been sent all the same: that is settled first.
        doubt: bool,
    },
    /// Not tried: somebody else may, from then on.
    Release {
        /// When.
        due: Millis,
        /// An earlier attempt is still in doubt.
        doubt: bool,
    },
}

impl Store {
    /// Takes up to `count` due lanes into this process' hands.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn take_lanes(
        &self,
        session: &SessionName,
        process: &ProcessId,
        count: usize,
        now: Millis,
    ) -> Result<Taken, Error> {
        let arguments = Arguments::new().text(process).number(count as i64);
        let script = &self.inner.scripts.take_lanes;
        let mut answer = Answer::of(script.run(session, now, arguments).await?)?;
        if !answer.text()?.is_empty() {
            return Ok(Taken::Paused);
        }
        let mut lanes = Vec::new();
        while answer.more() {
            let chat = ChatId::stored(answer.text()?);
            let (element, token) = (answer.text()?, answer.text()?);
            lanes.extend(Lane::handed(chat, element, token, &mut answer)?);
        }
        Ok(Taken::Lanes(lanes))
    }

    /// Settles the first reply of a lane. Returns the lane with the next reply, if there is one and the lane is
    /// still this process' to send from.
    ///
    /// # Errors
    /// As [`Error`] says. Settling again is safe: what was settled before is not settled twice.
    pub async fn settle(
        &self,
        session: &SessionName,
        settlement: Settlement,
        now: Millis,
    ) -> Result<Option<Lane>, Error> {
        if let Verdict::Sent {
            message: Some(message),
            ..
        } = &settlement.verdict
        {
            self.inner.sent.note(session, message);
        }
        self.inner.settle.call(session, (settlement, now)).await
    }

    /// Whether a chat has replies that WAHA did not take yet.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn has_replies(&self, session: &SessionName, chat: &ChatId) -> Result<bool, Error> {
        self.connected()?;
        let count: i64 = self
            .inner
            .client
            .exists(self.inner.keys.lane(session, chat))
            .await?;
        Ok(count > 0)
    }

    /// The lanes that are in the hands of `process` according to Redis.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn lanes_in_hand(
        &self,
        session: &SessionName,
        process: &ProcessId,
    ) -> Result<Vec<Lane>, Error> {
        self.connected()?;
        let sending: Vec<(ChatId, String)> = self
            .inner
            .client
            .hgetall(self.inner.keys.sending(session))
            .await?;
        let ours = |(chat, token): (ChatId, String)| {
            let owner = token.split(' ').next().unwrap_or_default();
            (owner == process.as_str()).then(|| Lane {
                chat,
                reply: Err(String::new()),
                doubt: None,
                address: None,
                element: String::new(),
                token,
            })
        };
        Ok(sending.into_iter().filter_map(ours).collect())
    }

    /// Whether the lanes of a session are stopped.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn is_paused(&self, session: &SessionName) -> Result<bool, Error> {
        self.connected()?;
        let key = self.inner.keys.paused(session);
        Ok(self.inner.client.exists::<i64, _>(key).await? > 0)
    }

    /// Whether it is this process' turn to ask WAHA about a paused session: one asks in each `interval` (ms).
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn turn_to_probe(
        &self,
        session: &SessionName,
        interval: Millis,
    ) -> Result<bool, Error> {
        self.connected()?;
        let key = self.inner.keys.probed(session);
        let expiry = Some(Expiration::PX(interval));
        let set: Option<String> = self
            .inner
            .client
            .set(key, 1, expiry, Some(SetOptions::NX), false)
            .await?;
        Ok(set.is_some())
    }
}

pub(super) fn settle_batch(script: StateChange) -> Batch<(Settlement, Millis), Option<Lane>> {
    Batch::start(
        move |session: SessionName, items: Vec<(Settlement, Millis)>| {
            let script = script.clone();
            async move {
                let now = items.iter().map(|(_, now)| *now).max().unwrap_or(0);
                let mut arguments = Arguments::new()
                    .number(DEAD_MAX)
                    .number(clock::millis(SEEN_TTL));
                for (settlement, _) in &items {
                    push_settlement(&mut arguments, settlement);
                }
                let mut answer = Answer::of(script.run(&session, now, arguments).await?)?;
                let mut next = |(settlement, _): (Settlement, Millis)| {
                    let element = answer.text()?;
                    Lane::handed(settlement.chat, element, settlement.token, &mut answer)
                };
                items.into_iter().map(&mut next).collect()
            }
        },
    )
}

fn push_settlement(arguments: &mut Arguments, settlement: &Settlement) {
    let none = ("", "", "", "");
    let (verdict, due, again, doubt, (message, conversation, data, reason)) =
        match &settlement.verdict {
            Verdict::Sent {
                message,
                conversation,
                data,
            } => {
                let message = message.as_ref().map_or("", MessageId::as_str);
                let told = (message, conversation.as_str(), data.as_str(), "");
                ("sent", 0, String::new(), false, told)
            }
            Verdict::Dead {
                conversation,
                data,
                reason,
            } => {
                let told = ("", conversation.as_str(), data.as_str(), reason.as_str());
                ("dead", 0, String::new(), false, told)
            }
            Verdict::Retry { due, again, doubt } => ("retry", *due, again.element(), *doubt, none),
            Verdict::Release { due, doubt } => ("release", *due, String::new(), *doubt, none),
        };
    arguments.push_text(&settlement.chat);
    arguments.push_text(&settlement.token);
    arguments.push_text(&settlement.element);
    arguments.push_text(verdict);
    arguments.push_number(due);
    let doubt = if doubt { "1" } else { "" };
    for text in [again.as_str(), doubt, message, conversation, data, reason] {
        arguments.push_text(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the version before wrote must be read: change this only together with a migration.
    #[test]
    fn a_reply_is_kept_in_this_form() {
        let golden = r#"r{"id":"1789900801123-42:3:0","conversation":"1789900801123-42","text":"Olá, Ana!","queued_at":1789900801200,"wording":"Olá,Ana!"}"#;
        let reply = Reply::from_element(golden).unwrap();
        assert_eq!(
            (reply.text.as_str(), reply.attempts, reply.notice),
            ("Olá, Ana!", 0, false)
        );
        assert_eq!(reply.element(), golden);
        assert_eq!(reply.media, None);
        let golden = r#"r{"id":"1:3:0","conversation":"1","text":"Hoje","media":{"kind":"image","url":"https://shop.example/a.jpg","mimetype":"image/jpeg"},"queued_at":1,"wording":"Hoje"}"#;
        assert_eq!(Reply::from_element(golden).unwrap().element(), golden);
        let notice = Reply {
            notice: true,
            attempts: 2,
            ..reply
        };
        assert_eq!(Reply::from_element(&notice.element()), Some(notice));
    }

    #[test]
    fn a_reply_of_the_version_that_kept_no_wording_is_read() {
        let golden =
            r#"r{"id":"1:3:0","conversation":"1","text":"Olá, Ana!","queued_at":1789900801200}"#;
        let reply = Reply::from_element(golden).unwrap();
        assert_eq!(reply.text, "Olá, Ana!");
        assert!(reply.element().ends_with(r#","wording":"Olá,Ana!"}"#));
    }

    #[test]
    fn what_is_no_reply_is_not_read_as_one() {
        for garbage in ["", "r", "x{}", "é", "r{\"id\":1}"] {
            assert_eq!(Reply::from_element(garbage), None, "{garbage}");
        }
    }
}
