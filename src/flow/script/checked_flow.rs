//! A checked flow: its steps, its texts and its settings.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::clock::Millis;
use crate::flow::answer::said::Said;
use crate::flow::line::notice_rules::NoticeRules;
use crate::flow::script::commands::{Command, Commands};
use crate::flow::script::hours::{Hours, local, moment};
use crate::flow::script::limits::Limits;
use crate::flow::script::reply::{FlowMedia, FlowReply, MediaSource};
use crate::flow::script::say::LocalFile;
use crate::flow::script::step::{Calling, RatingQuestion, Step};
use crate::flow::script::team::Team;
use crate::flow::script::templates::Templates;
use crate::flow::script::timeouts::Timeouts;
use crate::flow::words::locale::Locale;

/// A loaded and checked flow.
#[derive(Debug)]
pub struct Script {
    pub(crate) name: String,
    pub(crate) locale: Locale,
    /// Where the customers are: it decides what "today" means.
    pub(crate) timezone: TimeZone,
    /// The opening times; `None`: always open.
    pub(crate) hours: Option<Hours>,
    /// The first step outside the opening times, if there are any.
    pub(crate) closed: Option<String>,
    pub(crate) teams: BTreeMap<String, Team>,
    pub(crate) start: String,
    pub(crate) steps: HashMap<String, Step>,
    /// Whether any step makes a call.
    pub(crate) calls: bool,
    pub(crate) templates: Templates,
    pub(crate) commands: Commands,
    pub(crate) timeouts: Timeouts,
    pub(crate) notices: NoticeRules,
    pub(crate) limits: Limits,
    /// The local files that it sends.
    pub(crate) files: Vec<LocalFile>,
    /// The directory that their paths are relative to.
    pub(crate) directory: PathBuf,
}

impl Script {
    /// The flow's own name; empty if it has none.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The language of the built-in texts.
    pub fn locale(&self) -> Locale {
        self.locale
    }

    /// When waiting customers get notices.
    pub fn notice_rules(&self) -> &NoticeRules {
        &self.notices
    }

    /// When the bot leaves a chat alone.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// A customer who comes back within this time continues where they stopped.
    pub fn resume_within(&self) -> Duration {
        self.timeouts.resume_within
    }

    /// How long after the last message in a chat that the owner answers from their phone the bot answers again. Zero: the bot
    /// always answers.
    pub fn phone_quiet(&self) -> Duration {
        self.timeouts.phone_quiet
    }

    /// How long an agent may leave a customer unanswered before the customer returns to the line; and how long after the last
    /// word a conversation closes in which nobody waits for an answer.
    pub fn agent_quiet(&self) -> Duration {
        self.timeouts.agent_quiet
    }

    /// An agent who has not been seen for this time gives all customers back to the line.
    pub fn agent_gone(&self) -> Duration {
        self.timeouts.agent_gone
    }

    /// Whether this message of the owner hands the chat back to the bot.
    pub fn is_phone_end(&self, text: &str) -> bool {
        self.commands.is_phone_end(text)
    }

    /// A word with which the owner hands a chat back to the bot; `None` if the flow has none.
    pub fn phone_end(&self) -> Option<&str> {
        self.commands.phone_end.iter().map(String::as_str).min()
    }

    /// The command, if the message is a command word and nothing else.
    pub fn command(&self, said: &Said) -> Option<Command> {
        self.commands.command(said)
    }

    /// Whether any step makes a call.
    #[must_use]
    pub fn calls(&self) -> bool {
        self.calls
    }

    /// Whether any step calls another machine.
    #[must_use]
    pub fn calls_other_machines(&self) -> bool {
        self.steps
            .values()
            .any(|step| matches!(step, Step::Call(call) if !call.is_on_this_machine()))
    }

    /// The call that a step makes, if it makes one.
    pub(crate) fn calling(&self, step: &str) -> Option<&Calling> {
        match self.steps.get(step)? {
            Step::Call(calling) => Some(calling),
            _ => None,
        }
    }

    /// The step that asks for a rating, if there is one.
    pub(crate) fn rating_step(&self) -> Option<(&str, &RatingQuestion)> {
        self.steps.iter().find_map(|(name, step)| match step {
            Step::Rating(question) => Some((name.as_str(), question)),
            _ => None,
        })
    }

    /// Since when it has been closed; `None` if it is open now.
    pub fn closed_since(&self, now: Millis) -> Option<Millis> {
        self.hours.as_ref()?.closed_since(&self.timezone, now)
    }

    /// The step for customers outside the opening times, and when it opens next.
    pub(crate) fn closed_step(&self, now: Millis) -> Option<(&str, String)> {
        let hours = self.hours.as_ref()?;
        let opens = hours.opens_phrase(&self.timezone, self.locale, now);
        Some((self.closed.as_deref()?, opens))
    }

    /// A typed day and time ("2026-12-25 10:00") in the flow's time zone.
    pub fn typed_moment(&self, text: &str) -> Option<Millis> {
        self.moment(text.trim().replacen(' ', "T", 1).parse().ok()?)
    }

    /// The local time in the flow's time zone.
    pub(crate) fn local(&self, now: Millis) -> DateTime {
        local(&self.timezone, now)
    }

    /// A local time in the flow's time zone.
    pub fn moment(&self, at: DateTime) -> Option<Millis> {
        moment(&self.timezone, at)
    }

    /// This flow with its files' paths made relative to `directory`, where the flow file is.
    #[must_use]
    pub fn placed(mut self, directory: &Path) -> Script {
        for file in &mut self.files {
            file.path = directory.join(&file.written);
        }
        directory.clone_into(&mut self.directory);
        self
    }

    /// The local files that it sends, so that the caller can check that they exist.
    pub fn files(&self) -> &[LocalFile] {
        &self.files
    }

    /// A reply for display: files are shown by their paths in the flow file.
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
