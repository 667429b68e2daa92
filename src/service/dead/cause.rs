//! Why we gave up on a reply. Redis keeps the sender's own words, which are for operators; people at the desk read a cause.

/// Why we gave up on a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// WAHA did not want it: perhaps the number is not on WhatsApp.
    Refused,
    /// It could not be sent for a day.
    TooLate,
    /// Nobody knows whether the customer has it.
    PerhapsSent,
    /// Its file can't be read.
    File,
    /// What is stored can't be read; perhaps a newer version wrote it.
    Unreadable,
    /// Something else: the sender's own words say it.
    Other,
}

impl Cause {
    /// The cause that the sender's words name.
    #[must_use]
    pub fn of(reason: &str, is_readable: bool) -> Self {
        match reason {
            _ if !is_readable => Self::Unreadable,
            _ if reason.contains("perhaps sent") => Self::PerhapsSent,
            _ if reason.starts_with("could not be sent for a day") => Self::TooLate,
            _ if reason.starts_with("the file ") => Self::File,
            _ if reason.starts_with("WAHA answered ") => Self::Refused,
            _ => Self::Other,
        }
    }

    /// Its name in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::TooLate => "too_late",
            Self::PerhapsSent => "perhaps_sent",
            Self::File => "file",
            Self::Unreadable => "unreadable",
            Self::Other => "other",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words are those that the delivery writes; older ones are in Redis for a long time.
    #[test]
    fn the_words_of_the_sender_have_a_cause() {
        for (reason, cause) in [
            (
                "WAHA answered 422: no such number; check the chat",
                Cause::Refused,
            ),
            ("could not be sent for a day", Cause::TooLate),
            (
                "perhaps sent: for a day, WAHA could not tell (timeout)",
                Cause::PerhapsSent,
            ),
            (
                "tried 5 times, perhaps sent: WAHA answered 500: x; can WAHA get and show this file?",
                Cause::PerhapsSent,
            ),
            ("the file /menu.pdf is not there; put it there", Cause::File),
            ("later words", Cause::Other),
        ] {
            assert_eq!(Cause::of(reason, true), cause, "{reason}");
        }
        assert_eq!(Cause::of("WAHA answered 422: x", false), Cause::Unreadable);
    }
}
