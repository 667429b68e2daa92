//! The steps: what a worker does at each point of a flow, and what follows.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::time::Duration;

use crate::flow::answer::kind::AnswerKind;
use crate::flow::script::say::Saying;
use crate::flow::script::templates::TextId;
use crate::ids::NotifyChat;

/// What a worker does at one point of a flow.
#[derive(Debug)]
pub(crate) enum Step {
    /// Sends these, one message each.
    Say {
        messages: Vec<Saying>,
        then: Then,
    },
    Ask(Question),
    /// Sets variables, in this order.
    Set {
        values: Vec<Assignment>,
        /// The variables that are remembered for later conversations.
        remember: Vec<String>,
        then: Then,
    },
    /// Follows the first condition that is true.
    When {
        cases: Vec<Case>,
        otherwise: String,
    },
    /// Calls the shop's own system.
    Call(Calling),
    /// Hands the customer to a person.
    HandOff(HandOff),
    /// Asks how it was, and closes.
    Rating(RatingQuestion),
    /// Pauses for this long. Messages are read afterwards.
    Wait {
        time: Duration,
        then: Then,
    },
}

/// A wait for a person.
#[derive(Debug)]
pub(crate) struct HandOff {
    pub(crate) texts: Vec<TextId>,
    /// What the person should know; `None`: what the flow saved.
    pub(crate) note: Option<TextId>,
    /// Who is told, in place of the team's chat and of `NOTIFY_CHAT`.
    pub(crate) notify: Option<NotifyChat>,
    /// The team whose line the customer joins; empty: none.
    pub(crate) team: String,
    /// Stands before all who are not urgent.
    pub(crate) urgent: bool,
    /// The step that follows if nobody comes within this time; `None`: the customer waits until somebody comes.
    pub(crate) nobody: Option<(Duration, String)>,
}

/// A question that is asked as the conversation closes. The answer opens no other one.
#[derive(Debug)]
pub(crate) struct RatingQuestion {
    pub(crate) text: TextId,
    /// What to say to a customer who answered; `None`: the built-in text.
    pub(crate) thanks: Option<TextId>,
    /// The outcome with which the conversation closes.
    pub(crate) outcome: String,
}

/// A variable and what it is set to.
#[derive(Debug)]
pub(crate) struct Assignment {
    pub(crate) variable: String,
    pub(crate) formula: Formula,
}

/// How a value is calculated.
#[derive(Debug)]
pub(crate) enum Formula {
    /// A text with `{{ }}` in it.
    Template(TextId),
    Expression(TextId),
}

#[derive(Debug)]
pub(crate) struct Case {
    /// An expression.
    pub(crate) condition: TextId,
    /// The expression as the author wrote it.
    pub(crate) written: String,
    pub(crate) then: Then,
}

/// What follows a step.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Then {
    Next(String),
    End(String),
}

#[derive(Debug)]
pub(crate) struct Question {
    /// `None`: the step asks nothing and takes what the customer has already written.
    pub(crate) text: Option<TextId>,
    /// By the folded form of the customer's words.
    pub(crate) options: HashMap<String, Choice>,
    /// Folded labels that also choose an option: each with that option's folded words.
    pub(crate) labels: HashMap<String, String>,
    /// Which answers are accepted besides the options; `None`: only the options.
    pub(crate) other_answers: Option<OtherAnswers>,
    pub(crate) save: Option<String>,
    /// The variables that are remembered for later conversations.
    pub(crate) remember: Vec<String>,
    pub(crate) invalid: Option<TextId>,
    /// After this many invalid answers the flow continues at `otherwise`.
    pub(crate) attempts: u32,
    pub(crate) otherwise: Option<String>,
}

#[derive(Debug)]
pub(crate) struct Choice {
    /// As written in the flow file.
    pub(crate) written: String,
    /// Saved instead of the written form.
    pub(crate) label: Option<String>,
    pub(crate) then: Then,
}

impl Choice {
    /// What is saved if the customer chooses it.
    pub(crate) fn saved(&self) -> &str {
        self.label.as_deref().unwrap_or(&self.written)
    }
}

#[derive(Debug)]
pub(crate) struct OtherAnswers {
    /// `None` accepts any message.
    pub(crate) expect: Option<AnswerKind>,
    pub(crate) then: Then,
}

/// A step that calls the shop's own system.
#[derive(Debug)]
pub(crate) struct Calling {
    pub(crate) url: String,
    /// Of one attempt.
    pub(crate) timeout: Duration,
    /// Attempts in total.
    pub(crate) attempts: u32,
    /// The steps that the answer may choose besides `then`; `None`: any.
    pub(crate) may: Option<BTreeSet<String>>,
    /// The variables that the answer may set; `None`: any.
    pub(crate) save: Option<BTreeSet<String>>,
    /// The variables that are remembered for later conversations.
    pub(crate) remember: Vec<String>,
    /// What follows if the answer chooses no step.
    pub(crate) then: Then,
    /// The step that follows if the call failed.
    pub(crate) otherwise: String,
}

impl Calling {
    /// Whether the address is on this machine, where nobody else can listen.
    pub(crate) fn is_on_this_machine(&self) -> bool {
        let rest = self.url.split_once("://").map_or("", |(_, rest)| rest);
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => host,
            _ => authority,
        };
        let address = host.trim_start_matches('[').trim_end_matches(']');
        match address.parse::<IpAddr>() {
            Ok(address) => address.to_canonical().is_loopback(),
            Err(_) => {
                let name = host.trim_end_matches('.').to_ascii_lowercase();
                name == "localhost" || name.ends_with(".localhost")
            }
        }
    }

    /// Whether the answer may choose this step.
    pub(crate) fn leads_to(&self, step: &str) -> bool {
        let by_default = matches!(&self.then, Then::Next(next) if next == step);
        let may = |may: &BTreeSet<String>| may.contains(step);
        by_default || self.otherwise == step || self.may.as_ref().is_none_or(may)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_stays_on_this_machine_only_at_a_loopback_address() {
        let is_here = |url: &str| {
            let calling = Calling {
                url: url.to_owned(),
                timeout: Duration::ZERO,
                attempts: 1,
                may: None,
                save: None,
                remember: Vec::new(),
                then: Then::End("x".to_owned()),
                otherwise: "x".to_owned(),
            };
            calling.is_on_this_machine()
        };
        for here in [
            "http://localhost:9000/price",
            "http://LOCALHOST",
            "https://shop.localhost/x",
            "http://127.0.0.1",
            "http://127.8.9.10:80/a:b",
            "http://[::1]:9000/",
            "http://[::1]",
            "http://[::ffff:127.0.0.1]/",
        ] {
            assert!(is_here(here), "{here}");
        }
        for elsewhere in [
            "http://shop:9000/localhost",
            "http://localhost.example.com",
            "http://10.0.0.1?x=127.0.0.1",
            "http://[2001:db8::1]:80/",
            "http://127.0.0.1.example.com",
        ] {
            assert!(!is_here(elsewhere), "{elsewhere}");
        }
    }
}
