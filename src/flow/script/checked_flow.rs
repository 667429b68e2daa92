//! A checked flow: its steps, and what its author set around them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::flow::answer::said::Said;
use crate::flow::line::notice::NoticeRules;
use crate::flow::script::commands::{Command, Commands};
use crate::flow::script::hours::{Hours, moment};
use crate::flow::script::reply::{FlowMedia, FlowReply, MediaSource};
use crate::flow::script::say::LocalFile;
use crate::flow::script::step::{Calling, Step};
use crate::flow::script::templates::Templates;
use crate::flow::script::timeouts::Timeouts;
use crate::flow::words::locale::Locale;

/// A loaded and checked flow.
#[derive(Debug)]
pub struct Script {
    pub(crate) name: String,
    pub(crate) locale: Locale,
    /// What is today where the customers are.
    pub(crate) timezone: TimeZone,
    /// When it is open; none: always.
    pub(crate) hours: Option<Hours>,
    pub(crate) start: String,
    pub(crate) steps: HashMap<String, Step>,
    /// Any of them calls.
    pub(crate) calls: bool,
    pub(crate) templates: Templates,
    pub(crate) commands: Commands,
    pub(crate) timeouts: Timeouts,
    pub(crate) notices: NoticeRules,
    /// The files that it sends.
    pub(crate) files: Vec<LocalFile>,
    /// Where their paths begin.
    pub(crate) directory: PathBuf,
}

impl Script {
    /// The flow's own name; empty where its author gave it none.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The language of the built-in texts.
    pub fn locale(&self) -> Locale {
        self.locale
    }

    /// When customers who wait are told something.
    pub fn notice_rules(&self) -> &NoticeRules {
        &self.notices
    }

    /// Who comes back within this time goes on where they stopped.
    pub fn resume_within(&self) -> Duration {
        self.timeouts.resume_within
    }

    /// So long after the last word in a chat that the owner answers from their own phone the bot answers there again; zero
    /// where it never steps aside.
    pub fn phone_quiet(&self) -> Duration {
        self.timeouts.phone_quiet
    }

    /// Whether these words of the owner's, on their own phone, hand the chat back to the bot.
    pub fn is_phone_end(&self, text: &str) -> bool {
        self.commands.is_phone_end(text)
    }

    /// The command that a message is, if it is nothing else.
    pub fn command(&self, said: &Said) -> Option<Command> {
        self.commands.command(said)
    }

    /// Whether any step calls.
    #[must_use]
    pub fn calls(&self) -> bool {
        self.calls
    }

    /// The call that a step makes, if it makes one.
    pub(crate) fn calling(&self, step: &str) -> Option<&Calling> {
        match self.steps.get(step)? {
            Step::Call(calling) => Some(calling),
            _ => None,
        }
    }

    /// Since when it has been closed, in milliseconds since the epoch; none where it is open now, or always.
    pub fn closed_since(&self, now: u64) -> Option<u64> {
        self.hours.as_ref()?.closed_since(&self.timezone, now)
    }

    /// The step outside of `hours`, and when it opens, for a customer who stands at a closed door.
    pub(crate) fn closed_step(&self, now: u64) -> Option<(&str, String)> {
        let hours = self.hours.as_ref()?;
        let opens = hours.opens_phrase(&self.timezone, self.locale, now);
        Some((&hours.closed, opens))
    }

    /// A day and a time as a person types them, "2026-12-25 10:00", on the clock of the flow's `timezone`, in milliseconds
    /// since the epoch.
    pub fn typed_moment(&self, text: &str) -> Option<u64> {
        self.moment(text.trim().replacen(' ', "T", 1).parse().ok()?)
    }

    /// A time on the clock of the flow's `timezone`, in milliseconds since the epoch.
    pub fn moment(&self, at: DateTime) -> Option<u64> {
        moment(&self.timezone, at)
    }

    /// This flow, of which the file is in `directory`: there the paths of its files begin.
    #[must_use]
    pub fn placed(mut self, directory: &Path) -> Script {
        for file in &mut self.files {
            file.path = directory.join(&file.written);
        }
        directory.clone_into(&mut self.directory);
        self
    }

    /// The files that it sends, for who can look whether they are there.
    pub fn files(&self) -> &[LocalFile] {
        &self.files
    }

    /// A reply as its author would write it: files by their paths in the flow file.
    pub(crate) fn show(&self, reply: &FlowReply) -> String {
        let mut shown = reply.clone();
        if let Some(FlowMedia {
            source: MediaSource::Path(path),
            ..
        }) = &mut shown.media
            && let Ok(written) = Path::new(path).strip_prefix(&self.directory)
        {
            *path = written.to_string_lossy().into_owned();
        }
        shown.to_string()
    }
}
