//! How a request to WAHA ended: a message that WAHA accepted, or an error that says what to do about it.

use std::time::Duration;

use crate::ids::MessageId;

/// A message that WAHA accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentMessage {
    /// Its bare id, if the answer has it. The message counts as sent even without it.
    pub message: Option<MessageId>,
}

/// Why WAHA did not do what we asked. Each variant needs another reaction.
///
/// No variant holds the API key or the text of the message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// There was no connection, so it was surely not sent. Try again.
    #[error("WAHA can't be reached: {reason}")]
    Unreachable {
        /// What failed.
        reason: String,
    },
    /// The connection broke or timed out after the request was started. It was perhaps sent.
    #[error("WAHA did not answer: {reason}")]
    Interrupted {
        /// What failed.
        reason: String,
    },
    /// A temporary problem (408, 429, 5xx). Try again.
    #[error("WAHA answered {status}: {reason}")]
    Busy {
        /// The HTTP status.
        status: u16,
        /// How long to wait at least.
        retry_after: Option<Duration>,
        /// WAHA's own words.
        reason: String,
    },
    /// The session can't send now, so it was surely not sent. Try again when the session is `WORKING`.
    #[error("the session is {}", .status_word.as_deref().unwrap_or("not known to WAHA"))]
    SessionNotWorking {
        /// WAHA's word for its state; `None` if there is no such session.
        status_word: Option<String>,
    },
    /// The same request would fail again. Do not repeat it.
    #[error("WAHA answered {status}: {reason}; {advice}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// WAHA's own words.
        reason: String,
        /// What the operator should look at.
        advice: &'static str,
    },
}

impl SendError {
    /// Whether it is certain that nothing was sent. It is not certain after a broken connection, a 500 (the engine may have
    /// sent the message and then failed), or an error from a proxy that lost WAHA's answer.
    #[must_use]
    pub fn is_surely_unsent(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::SessionNotWorking { .. } => true,
            Self::Interrupted { .. } => false,
            Self::Busy { status, .. } => matches!(status, 429 | 503),
            Self::Refused { .. } => true,
        }
    }
}
