//! A loaded and checked flow: the steps, and what its author set around them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::time::Duration;

use jiff::tz::TimeZone;
use minijinja::Value;

use crate::flow::answer::expect::{Expect, Present};
use crate::flow::line::notice::NoticeRules;
use crate::flow::load::loader;
use crate::flow::load::reader::Mistake;
use crate::flow::script::call::Calling;
use crate::flow::script::hours::Hours;
use crate::flow::script::say::{LocalFile, Saying};
use crate::flow::script::text_key::TextKey;
use crate::flow::script::texts::{TextId, Texts, Wait};
use crate::flow::words::choose;
use crate::flow::words::fold::{fold, fold_with_marks};
use crate::flow::words::locale::Locale;

/// One message of the customer, as a flow sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// What was written; the caption of media, and empty where there is none; of a place its latitude and
    /// longitude in degrees, like `-23.561414,-46.655881`.
    pub text: String,
    /// What kind of message it was.
    pub kind: SaidKind,
}

/// The kinds of messages that a flow tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SaidKind {
    /// Written words.
    Text,
    /// A picture.
    Image,
    /// A film.
    Video,
    /// A voice message, or another sound.
    Voice,
    /// A document, or a file of which nothing more is known.
    File,
    /// Any other media: a sticker, say.
    Media,
    /// A place on the map.
    Location,
    /// A contact card.
    Contact,
    /// Anything else.
    Other,
}

impl SaidKind {
    /// Whether it is a picture, a sound, a file ..., with a caption or without.
    pub(crate) fn is_media(self) -> bool {
        use SaidKind::{File, Image, Media, Video, Voice};
        matches!(self, Image | Video | Voice | File | Media)
    }
}

impl Said {
    /// A message of written words.
    pub fn text(text: impl Into<String>) -> Said {
        Said {
            text: text.into(),
            kind: SaidKind::Text,
        }
    }

    /// The words, or a word in brackets for a message that has none.
    pub(crate) fn text_or_kind(&self) -> String {
        if !self.text.trim().is_empty() {
            return self.text.clone();
        }
        match self.kind {
            kind if kind.is_media() => "[media]",
            SaidKind::Location => "[location]",
            SaidKind::Contact => "[contact]",
            _ => "[message]",
        }
        .to_owned()
    }
}

/// What a customer can say at any time, in the line and at every step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// They want to leave.
    Leave,
    /// They ask for their place in line.
    Position,
}

/// A text about the line, and what it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueueText {
    /// The place in line.
    Position {
        /// The place; 1 is next.
        position: u64,
        /// How long it will take, where that can be said.
        wait: Option<Duration>,
    },
    /// They are next.
    Next,
    /// They are not forgotten.
    StillWaiting {
        /// The place; 1 is next.
        position: u64,
        /// How long it will take, where that can be said.
        wait: Option<Duration>,
    },
    /// They left.
    Left,
}

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
    pub(crate) texts: Texts,
    pub(crate) commands: Commands,
    pub(crate) timeouts: Timeouts,
    pub(crate) notices: NoticeRules,
    /// The files that it sends.
    pub(crate) files: Vec<LocalFile>,
    /// Where their paths begin.
    pub(crate) directory: PathBuf,
}

/// What a worker does at one point of a flow.
#[derive(Debug)]
pub(crate) enum Step {
    /// Says these, one message each.
    Say {
        messages: Vec<Saying>,
        then: Then,
    },
    Ask(Question),
    /// Sets variables, in this order.
    Set {
        values: Vec<Assignment>,
        then: Then,
    },
    /// Takes the way of the first condition that holds.
    When {
        cases: Vec<Case>,
        otherwise: String,
    },
    /// Asks the shop's own system.
    Call(Calling),
    /// Hands the customer to a person.
    HandOff(HandOff),
    /// Says nothing for so long, and listens to nobody.
    Wait {
        time: Duration,
        then: Then,
    },
}

/// A wait for a person.
#[derive(Debug)]
pub(crate) struct HandOff {
    pub(crate) texts: Vec<TextId>,
    /// After so long without one, the step that follows; none where the wait lasts until somebody comes.
    pub(crate) nobody: Option<(Duration, String)>,
}

/// A variable and what it is set to.
#[derive(Debug)]
pub(crate) struct Assignment {
    pub(crate) variable: String,
    pub(crate) formula: Formula,
}

/// How a value comes about.
#[derive(Debug)]
pub(crate) enum Formula {
    /// A text with `{{ }}` in it, filled in.
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

/// Where a flow goes after a step.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Then {
    Next(String),
    End(String),
}

#[derive(Debug)]
pub(crate) struct Question {
    /// None listens: it asks nothing, and takes what the customer already wrote.
    pub(crate) text: Option<TextId>,
    /// By the folded form of what the customer writes.
    pub(crate) options: HashMap<String, Choice>,
    /// How answers beside the options are taken; none where only the options count.
    pub(crate) free: Option<Free>,
    pub(crate) save: Option<String>,
    pub(crate) invalid: Option<TextId>,
    /// The invalid answer with this number is the last.
    pub(crate) attempts: u32,
    pub(crate) otherwise: Option<String>,
}

#[derive(Debug)]
pub(crate) struct Choice {
    /// As the author wrote it; this is what is saved.
    pub(crate) written: String,
    pub(crate) then: Then,
}

#[derive(Debug)]
pub(crate) struct Free {
    /// None takes any message.
    pub(crate) expect: Option<Expect>,
    pub(crate) then: Then,
}

impl Question {
    /// The answer in the form that is kept, and where it leads; nothing where it is not valid.
    ///
    /// An option's own word comes first, then what is expected beside the options, and then an option
    /// among other words: free words are not to be taken for an option that happens to stand in them.
    pub(crate) fn answer(&self, said: &Said, present: Present<'_>) -> Option<(String, &Then)> {
        if let Some(choice) = self.options.get(&fold(&said.text)) {
            return Some((choice.written.clone(), &choice.then));
        }
        if let Some(free) = &self.free {
            let answer = match &free.expect {
                Some(expect) => expect.read(said, present),
                None => Some(said.text_or_kind()),
            };
            if let Some(answer) = answer {
                return Some((answer, &free.then));
            }
        }
        let choice = self.named_option(said, present.locale)?;
        Some((choice.written.clone(), &choice.then))
    }

    /// Whether an answer that was taken is a number to reckon with, and not a word or a row of figures.
    pub(crate) fn is_number(&self, answer: &str) -> bool {
        let expect = self.free.as_ref().and_then(|free| free.expect.as_ref());
        matches!(expect, Some(Expect::Number(_))) && answer.parse().is_ok_and(f64::is_finite)
    }

    /// The one option that a message names. Two that lead to the same step are one, unless the word is kept.
    fn named_option(&self, said: &Said, locale: Locale) -> Option<&Choice> {
        if said.kind != SaidKind::Text {
            return None;
        }
        let options = self.options.keys().map(String::as_str);
        let named = choose::named(&said.text, options, locale);
        let mut choices = named.into_iter().filter_map(|word| self.options.get(word));
        let first = choices.next()?;
        let is_same = |other: &Choice| other.then == first.then && self.save.is_none();
        choices.all(is_same).then_some(first)
    }
}

/// The command words, folded.
#[derive(Debug)]
pub(crate) struct Commands {
    pub(crate) leave: HashSet<String>,
    pub(crate) position: HashSet<String>,
    /// The owner's, with their marks: they write it on their own phone.
    pub(crate) phone_end: HashSet<String>,
}

impl Commands {
    pub(crate) fn built_in(locale: Locale) -> Commands {
        let (leave, position): (&[&str], &[&str]) = match locale {
            Locale::En => (
                &["leave", "quit", "exit", "cancel", "stop"],
                &["position", "queue", "place", "my place", "my position"],
            ),
            Locale::PtBr => (
                &["sair", "cancelar", "desistir"],
                &["fila", "posição", "minha posição", "lugar na fila"],
            ),
            Locale::Es => (
                &["salir", "cancelar", "abandonar"],
                &["fila", "turno", "posición", "mi turno", "mi posición"],
            ),
        };
        let folded = |words: &[&str]| words.iter().map(|word| fold(word)).collect();
        Commands {
            leave: folded(leave),
            position: folded(position),
            phone_end: HashSet::from(["#fim".to_owned()]),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Timeouts {
    /// Who has been quiet for so long has ended their answer; zero: each message is one.
    pub(crate) burst: Duration,
    pub(crate) remind_after: Duration,
    pub(crate) close_after: Duration,
    pub(crate) resume_within: Duration,
    pub(crate) phone_quiet: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        let minutes = |n: u64| Duration::from_secs(60 * n);
        Timeouts {
            burst: Duration::from_millis(1_500),
            remind_after: minutes(5),
            // A silent customer keeps a worker busy; who comes back later is taken up where they stopped.
            close_after: minutes(15),
            resume_within: minutes(24 * 60),
            phone_quiet: minutes(30),
        }
    }
}

impl Script {
    /// Loads a flow file and checks all of it; `default_locale` is for a file that names none.
    ///
    /// # Errors
    /// Every mistake in the file at once, in the order of its lines.
    pub fn load(source: &str, default_locale: Locale) -> Result<Script, Vec<Mistake>> {
        loader::load(source, default_locale)
    }

    /// The flow for who brings none: greets, asks for name and subject, thanks and closes.
    ///
    /// # Errors
    /// None in practice: it goes through the same loader as every flow, and a test loads each locale.
    pub fn built_in(locale: Locale) -> Result<Script, Vec<Mistake>> {
        let source = match locale {
            Locale::En => include_str!("../default_flows/en.toml"),
            Locale::PtBr => include_str!("../default_flows/pt-br.toml"),
            Locale::Es => include_str!("../default_flows/es.toml"),
        };
        Script::load(source, locale)
    }

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
        self.commands.phone_end.contains(&fold_with_marks(text))
    }

    /// The command that a message is, if it is nothing else.
    pub fn command(&self, said: &Said) -> Option<Command> {
        if said.kind != SaidKind::Text {
            return None;
        }
        let word = fold(&said.text);
        if self.commands.leave.contains(&word) {
            Some(Command::Leave)
        } else if self.commands.position.contains(&word) {
            Some(Command::Position)
        } else {
            None
        }
    }

    /// A text for a customer who waits. Empty where the author's own text renders to nothing: then there
    /// is nothing to send.
    pub fn queue_text(&self, text: QueueText, name: Option<&str>) -> String {
        let (key, position, wait) = match text {
            QueueText::Position { position, wait } => (TextKey::Position, position, wait),
            QueueText::Next => (TextKey::Next, 1, None),
            QueueText::StillWaiting { position, wait } => (TextKey::StillWaiting, position, wait),
            QueueText::Left => (TextKey::Left, 0, None),
        };
        let mut words: BTreeMap<String, Value> = BTreeMap::from([
            ("position".to_owned(), position.into()),
            ("wait".to_owned(), Wait::phrase(self.locale, wait).into()),
        ]);
        if let Some(name) = name {
            words.insert("name".to_owned(), name.into());
        }
        self.texts.built_in(key, words.into()).0
    }
}
