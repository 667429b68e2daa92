//! What all commands that act on conversations share: who acts, on whom, and what came of it in one line.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use clap::Args;
use serde_json::Value;

use crate::cli::customer::{called, find, number, sessions};
use crate::cli::elapsed::elapsed;
use crate::cli::format::Format;
use crate::cli::names::session;
use crate::cli::redis::CommandError;
use crate::clock::Millis;
use crate::flow::Locale;
use crate::flows::Flows;
use crate::history::ChatNames;
use crate::ids::{AgentName, ChatId, SessionName};
use crate::service::desk::desk::{Desk, Doing};
use crate::service::desk::json;
use crate::service::desk::refusal::Refusal;
use crate::settings::RedisSettings;
use crate::store::{Acted, HeldBy, LinePause, Standing, Store};
use crate::terminal::{jsonl, line};

/// Why the daemon must be running.
pub(super) const WHY: &str = "open conversations are kept in its Redis";

/// The longest id of an action.
const ACTION_ID_MAX: usize = 64;

/// What every action needs.
#[derive(Debug, Args)]
pub(super) struct DeskArgs {
    /// Only in this session
    #[arg(long, value_parser = session)]
    pub(super) session: Option<SessionName>,
    /// The id of this action: repeating it within a day does nothing twice [default: a new one]
    #[arg(long, value_name = "ID", value_parser = action_id)]
    action_id: Option<String>,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    pub(super) redis: RedisSettings,
}

/// The flow files: they name the steps and teams, and may ask for a rating.
#[derive(Debug, Args)]
pub(super) struct FlowPlace {
    /// The flow file, or the directory of flow files, that the daemon uses: it has the steps, the teams and the rating
    #[arg(long, env = "FLOW_FILE", value_name = "PATH")]
    flow_file: Option<String>,
}

fn action_id(text: &str) -> Result<String, &'static str> {
    let fits =
        (1..=ACTION_ID_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
    match fits {
        true => Ok(text.to_owned()),
        false => Err("an id has 1 to 64 letters without accents, digits or signs, and no spaces"),
    }
}

impl FlowPlace {
    /// The flows, if we know where they are.
    ///
    /// # Errors
    /// If a flow file has a mistake: the name can't be checked then.
    pub(super) fn load(&self) -> Result<Option<Arc<Flows>>, CommandError> {
        self.read().map_err(|mistakes| {
            CommandError::Failed(format!(
                "the name can't be checked, because the flow has mistakes: {mistakes}"
            ))
        })
    }

    /// The flows, if we know where they are.
    ///
    /// # Errors
    /// The mistakes in the flow files.
    pub(super) fn read(&self) -> Result<Option<Arc<Flows>>, String> {
        let place = self.flow_file.as_deref().map(str::trim);
        let Some(place) = place.filter(|place| !place.is_empty()) else {
            return Ok(None);
        };
        match Flows::load(Some(Path::new(place)), Locale::En) {
            Ok(flows) => Ok(Some(Arc::new(flows))),
            Err(mistakes) => Err(mistakes.join("; ")),
        }
    }
}

impl From<Refusal> for CommandError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Redis(error) => Self::Redis(error),
            refusal => Self::Failed(refusal.to_string()),
        }
    }
}

/// One action of an agent, from the command line to its output.
pub(super) struct AtDesk<'a> {
    pub(super) store: &'a Store,
    pub(super) desk: Desk,
    pub(super) id: String,
    pub(super) now: Millis,
    arguments: &'a DeskArgs,
}

impl<'a> AtDesk<'a> {
    pub(super) async fn open(
        store: &'a Store,
        by: &AgentName,
        flows: Option<Arc<Flows>>,
        arguments: &'a DeskArgs,
    ) -> Result<Self, CommandError> {
        let now = Millis::now();
        let id = arguments
            .action_id
            .clone()
            .unwrap_or_else(|| format!("{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..)));
        Ok(Self {
            store,
            desk: Desk::of(store, flows, by).await?,
            id,
            now,
            arguments,
        })
    }

    pub(super) fn by(&self) -> &AgentName {
        &self.desk.agent().name
    }

    /// The customer that the user names, with their name in WhatsApp.
    pub(super) async fn customer(
        &self,
        names: &ChatNames,
    ) -> Result<(Doing, String), CommandError> {
        let session = self.arguments.session.as_ref();
        let found = find(self.store, names, session, 1, self.now).await?;
        if let Some((session, view)) = found {
            return Ok((self.doing(session, view.chat), view.name));
        }
        // An action that is repeated may have closed the conversation. Its answer is kept in the session.
        let mut sessions = sessions(self.store, session).await?;
        if let (1, Some(session), Some(chat), Some(_)) = (
            sessions.len(),
            sessions.pop(),
            names.ids().next(),
            &self.arguments.action_id,
        ) {
            return Ok((self.doing(session, chat), String::new()));
        }
        Err(CommandError::Failed(format!(
            "{names} has no open conversation: see `waha-sm line`"
        )))
    }

    /// Takes the next customer in the agent's lines. Returns their session and name, too.
    pub(super) async fn take_next(&self) -> Result<(SessionName, String, Acted), CommandError> {
        let only = self.arguments.session.as_ref();
        // A name that is typed wrong would only look like an empty line.
        sessions(self.store, only).await?;
        let (session, acted) = self.desk.take_next(&self.id, only, self.now).await?;
        let session = session.unwrap_or_else(|| SessionName::stored(""));
        let mut name = String::new();
        if let Acted::Done(case) = &acted {
            let chat = &case.chat;
            let view = self.store.conversation_view(&session, chat, 1, self.now);
            name = view.await?.map(|view| view.name).unwrap_or_default();
        }
        Ok((session, name, acted))
    }

    fn doing(&self, session: SessionName, chat: ChatId) -> Doing {
        Doing {
            id: self.id.clone(),
            session,
            chat,
            seen: None,
        }
    }

    /// Prints what came of an action on a conversation, in one line. `done` says it in words.
    pub(super) fn print(
        &self,
        session: &SessionName,
        name: &str,
        acted: &Acted,
        done: impl FnOnce(&Standing) -> String,
    ) -> Result<(), CommandError> {
        let refused = match acted {
            Acted::Done(_) | Acted::Yours(_) => None,
            refused => Some(self.refusal(name, refused)),
        };
        match (self.arguments.format, acted) {
            (Format::Jsonl, _) => jsonl(&json::acted(session, acted), &mut io::stdout().lock())?,
            (Format::Text, Acted::Done(case)) => say(&done(case))?,
            (Format::Text, Acted::Yours(case)) => say(&format!(
                "{} has {} already{}.",
                self.by(),
                called(name, &case.chat),
                self.since(case)
            ))?,
            (Format::Text, _) => {}
        }
        refused.map_or(Ok(()), |reason| Err(CommandError::Failed(reason)))
    }

    /// Prints what happened to a line.
    pub(super) fn print_line(&self, text: &str, object: &Value) -> Result<(), CommandError> {
        match self.arguments.format {
            Format::Text => say(text)?,
            Format::Jsonl => jsonl(object, &mut io::stdout().lock())?,
        }
        Ok(())
    }

    /// The command that ends this pause.
    pub(super) async fn resume_command(&self, pause: &LinePause) -> Result<String, CommandError> {
        for session in sessions(self.store, self.arguments.session.as_ref()).await? {
            let Ok(lines) = self.store.paused_lines(&session).await else {
                continue;
            };
            if let Some(line) = lines.iter().find(|line| line.pause == *pause) {
                let team = match line.team.as_str() {
                    "" => String::new(),
                    team => format!(" --team {team}"),
                };
                return Ok(format!("waha-sm resume{team} --session {session}"));
            }
        }
        // It has ended meanwhile.
        Ok("waha-sm resume".to_owned())
    }

    fn refusal(&self, name: &str, acted: &Acted) -> String {
        let by = self.by();
        match acted {
            Acted::Held(case) => self.held(name, case),
            Acted::Changed(case) => format!(
                "the conversation of {} has gone on meanwhile: look at it with `waha-sm show {}`, then try again",
                called(name, &case.chat),
                number(&case.chat)
            ),
            Acted::NotOpen(chat) => format!("{} has no open conversation", called(name, chat)),
            Acted::NobodyWaits => format!("nobody waits in the lines of {by}"),
            Acted::TooMany => format!(
                "{by} can't do this: too many conversations are held already, see --max-chats of `waha-sm agent add`"
            ),
            Acted::Paused(pause) => paused(pause, self.now),
            Acted::Done(_) | Acted::Yours(_) => String::new(),
        }
    }

    /// Who has the conversation since when, and what to do about it.
    fn held(&self, name: &str, case: &Standing) -> String {
        let (by, who) = (self.by(), called(name, &case.chat));
        let (chat, since) = (number(&case.chat), self.since(case));
        match &case.holder {
            HeldBy::Agent(holder) => format!(
                "{holder} has {who}{since}; to take them over: `waha-sm take {chat} --as {by} --from {holder}`"
            ),
            HeldBy::Bot => {
                format!(
                    "the bot attends {who}{since}; take them first: `waha-sm take {chat} --as {by}`"
                )
            }
            HeldBy::Phone => format!(
                "the owner attends {who} from the phone{since}; take them first: `waha-sm take {chat} --as {by}`"
            ),
            HeldBy::Nobody => {
                format!(
                    "{who} waits in line{since}; take them first: `waha-sm take {chat} --as {by}`"
                )
            }
        }
    }

    fn since(&self, case: &Standing) -> String {
        let since = case.since.map(|since| elapsed(self.now.since(since)));
        since
            .map(|since| format!(" for {since}"))
            .unwrap_or_default()
    }
}

/// "the line is paused by owner for 5 min: back at 14:00"
pub(super) fn paused(pause: &LinePause, now: Millis) -> String {
    let LinePause { text, since, by } = pause;
    let words = match text.as_str() {
        "" => String::new(),
        text => format!(": {text}"),
    };
    format!(
        "the line is paused by {by} for {}{words}",
        elapsed(now.since(*since))
    )
}

fn say(text: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{}", line(text))
}
