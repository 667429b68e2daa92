//! The name of an agent (a person who answers customers), and the check for what is valid.

use std::str::FromStr;
use std::sync::Arc;

use crate::ids::text::shared_text;

/// The longest name that we take.
const LENGTH_MAX: usize = 32;

/// The others who write in a chat. The history names them, so an agent must not look like one of them.
const OTHER_AUTHORS: [&str; 3] = ["bot", "phone", "customer"];

/// The name of an agent: 1 to 32 of `[a-z0-9_.-]`, but not the word for another author.
///
/// So no character in it has a special meaning in a Redis key, a bell, a log line or on a command line. There are no capital
/// letters, because `Ana` and `ana` would be two agents.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AgentName(Arc<str>);

shared_text!(AgentName);

/// A text that can't be the name of an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAnAgentName {
    /// It has other characters, none, or too many.
    #[error(
        "write 1 to {LENGTH_MAX} lower-case letters, digits, `-`, `_` or `.`, like ana or maria.silva"
    )]
    Characters,
    /// The history has this word for another author.
    #[error("this word is taken: in the history it means somebody who is not an agent")]
    OtherAuthor,
}

impl AgentName {
    /// The agent that always exists: the owner of the business.
    #[must_use]
    pub fn owner() -> Self {
        Self("owner".into())
    }

    /// Whether this is the agent that always exists.
    #[must_use]
    pub fn is_owner(&self) -> bool {
        &*self.0 == "owner"
    }
}

impl FromStr for AgentName {
    type Err = NotAnAgentName;

    fn from_str(text: &str) -> Result<Self, NotAnAgentName> {
        let fits = (1..=LENGTH_MAX).contains(&text.len())
            && text.bytes().all(|b| {
                b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-' | b'.')
            })
            // Otherwise a shell takes it for a flag.
            && !text.starts_with('-');
        if !fits {
            return Err(NotAnAgentName::Characters);
        }
        if OTHER_AUTHORS.contains(&text) {
            return Err(NotAnAgentName::OtherAuthor);
        }
        Ok(Self(text.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_small_letters_digits_and_few_signs_and_is_no_other_author() {
        let longest = "a".repeat(LENGTH_MAX);
        for text in ["ana", "maria.silva", "desk_2-b", "7", "owner", &longest] {
            assert_eq!(text.parse::<AgentName>().unwrap().as_str(), text);
        }
        let too_long = format!("{longest}a");
        for text in [
            "",
            "Ana",
            "ana maria",
            "josé",
            "a/b",
            "a:b",
            "{a}",
            "-a",
            "ana\n",
            &too_long,
        ] {
            assert_eq!(
                text.parse::<AgentName>(),
                Err(NotAnAgentName::Characters),
                "{text:?}"
            );
        }
        for text in ["bot", "phone", "customer"] {
            assert_eq!(text.parse::<AgentName>(), Err(NotAnAgentName::OtherAuthor));
        }
    }
}
