//! How the fake WAHA answers requests to send: well, or with one of the failures of the real WAHA.

use std::time::Duration;

/// How to answer a request to send.
#[derive(Clone, Debug)]
pub enum Behaviour {
    /// Like a healthy WAHA.
    Well,
    /// With this status, body and headers, taking nothing.
    Answers(u16, String, Vec<(&'static str, String)>),
    /// The session is not WORKING: 422, taking nothing.
    SessionIs(&'static str),
    /// The session does not exist: 422, taking nothing.
    SessionIsDeleted,
    /// With the 500 of an engine that failed, taking nothing.
    Fails,
    /// Takes the text, and then answers with the 500 of an engine that failed.
    TakesAndFails,
    /// Closes the connection without an answer, taking nothing.
    HangsUp,
    /// Takes the text and closes the connection without an answer.
    TakesAndHangsUp,
    /// Takes the text, and answers well only after this time.
    TakesAndHangs(Duration),
    /// Waits this long before it takes the text and answers well; takes nothing if the client is gone by then.
    Hesitates(Duration),
    /// Each time one of these, with its chance (0 to 1), and otherwise well. See `FakeWaha::seed`.
    Sometimes(Vec<(f64, Behaviour)>),
}

impl Behaviour {
    /// A short name, for reports.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Well => "well",
            Self::Answers(503, ..) => "503, not sent",
            Self::Answers(..) => "answers, not sent",
            Self::SessionIs(_) => "422, session not WORKING",
            Self::SessionIsDeleted => "422, no such session",
            Self::Fails => "500, not sent",
            Self::TakesAndFails => "500 after sending",
            Self::HangsUp => "connection closed, not sent",
            Self::TakesAndHangsUp => "connection closed after sending",
            Self::TakesAndHangs(_) => "answer late after sending",
            Self::Hesitates(_) => "sent late",
            Self::Sometimes(_) => "sometimes",
        }
    }

    /// Draws one behaviour if there are several.
    pub(super) fn this_time(&self, chance: &mut fastrand::Rng) -> Self {
        let Self::Sometimes(behaviours) = self else {
            return self.clone();
        };
        let mut drawn = chance.f64();
        for (share, behaviour) in behaviours {
            if drawn < *share {
                return behaviour.this_time(chance);
            }
            drawn -= share;
        }
        Self::Well
    }

    /// Whether the customer gets the text.
    pub(super) fn takes(&self) -> bool {
        match self {
            Self::Well
            | Self::TakesAndFails
            | Self::TakesAndHangsUp
            | Self::TakesAndHangs(_)
            | Self::Hesitates(_) => true,
            Self::Answers(..)
            | Self::SessionIs(_)
            | Self::SessionIsDeleted
            | Self::Fails
            | Self::HangsUp
            | Self::Sometimes(_) => false,
        }
    }
}
