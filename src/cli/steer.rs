//! `waha-sm move`, `pause` and `resume`: what the owner does with a line.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use crate::cli::customer::{called, sessions};
use crate::cli::desk::{AtDesk, DeskArgs, FlowPlace, WHY};
use crate::cli::names::team;
use crate::cli::redis::{CommandError, with_store};
use crate::history::ChatNames;
use crate::ids::{AgentName, SessionName};
use crate::service::desk::refusal::Refusal;
use crate::store::MoveTo;

#[derive(Debug, Args)]
pub(super) struct MoveArgs {
    /// The customer who waits: a phone number or a chat id
    chat: ChatNames,
    #[command(flatten)]
    to: NewPlace,
    /// The owner who decides it
    #[arg(long = "as", value_name = "AGENT", default_value = "owner")]
    by: AgentName,
    #[command(flatten)]
    desk: DeskArgs,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct NewPlace {
    /// To the head of the line
    #[arg(long)]
    first: bool,
    /// Before all who are not urgent
    #[arg(long)]
    urgent: bool,
    /// To the end of the line
    #[arg(long)]
    last: bool,
}

#[derive(Debug, Args)]
pub(super) struct PauseArgs {
    /// What customers who write meanwhile are told, like "back at 14:00" [default: only that it is paused]
    #[arg(allow_hyphen_values = true)]
    words: Option<String>,
    #[command(flatten)]
    line: WhichLine,
}

#[derive(Debug, Args)]
pub(super) struct ResumeArgs {
    #[command(flatten)]
    line: WhichLine,
}

#[derive(Debug, Args)]
struct WhichLine {
    /// Only the line of this team [default: the whole session, the bot too]
    #[arg(long, value_parser = team)]
    team: Option<String>,
    /// The owner who decides it
    #[arg(long = "as", value_name = "AGENT", default_value = "owner")]
    by: AgentName,
    #[command(flatten)]
    flow: FlowPlace,
    #[command(flatten)]
    desk: DeskArgs,
}

impl NewPlace {
    fn to(&self) -> MoveTo {
        match (self.first, self.urgent) {
            (true, _) => MoveTo::First,
            (_, true) => MoveTo::Urgent,
            _ => MoveTo::Last,
        }
    }
}

pub(super) fn move_to(arguments: &MoveArgs) -> ExitCode {
    with_store("move", &arguments.desk.redis, WHY, async |store, _| {
        let desk = AtDesk::open(store, &arguments.by, None, &arguments.desk).await?;
        let (doing, name) = desk.customer(&arguments.chat).await?;
        let to = arguments.to.to();
        let acted = desk.desk.move_to(&doing, to, desk.now).await?;
        desk.print(&doing.session, &name, &acted, |case| {
            format!(
                "{} is number {} in line now.",
                called(&name, &case.chat),
                case.more
            )
        })
    })
}

pub(super) fn pause(arguments: &PauseArgs) -> ExitCode {
    change(
        &arguments.line,
        Some(arguments.words.as_deref().unwrap_or_default().trim()),
    )
}

pub(super) fn resume(arguments: &ResumeArgs) -> ExitCode {
    change(&arguments.line, None)
}

/// Pauses the lines with these words, or ends their pause.
fn change(which: &WhichLine, words: Option<&str>) -> ExitCode {
    let name = if words.is_some() { "pause" } else { "resume" };
    with_store(name, &which.desk.redis, WHY, async |store, _| {
        let team = which.team.as_deref().unwrap_or_default();
        let flows = match team {
            "" => None,
            _ => which.flow.load()?,
        };
        let desk = AtDesk::open(store, &which.by, flows, &which.desk).await?;
        let sessions = sessions(store, which.desk.session.as_ref()).await?;
        if sessions.is_empty() {
            return Err(CommandError::Failed(
                "there is no session yet: no event has come".to_owned(),
            ));
        }
        let (mut done, mut unknown) = (0, None);
        for session in &sessions {
            let line = (session, team);
            let changed = match words {
                Some(words) => desk.desk.pause(&desk.id, line, words, desk.now).await,
                None => desk.desk.resume(&desk.id, line, desk.now).await,
            };
            match changed {
                Ok(changed) => {
                    done += 1;
                    print(&desk, line, words, changed)?;
                }
                // The flow of another session may have this team.
                Err(refusal @ Refusal::Unknown(..)) => unknown = Some(refusal),
                Err(refusal) => return Err(refusal.into()),
            }
            if words.is_none() {
                still_paused(&desk, session).await?;
            }
        }
        match unknown {
            Some(refusal) if done == 0 => Err(refusal.into()),
            _ => Ok(()),
        }
    })
}

fn print(
    desk: &AtDesk<'_>,
    (session, team): (&SessionName, &str),
    words: Option<&str>,
    changed: bool,
) -> Result<(), CommandError> {
    let line = match team {
        "" => format!("Session {session}"),
        team => format!("The line of {team} in session {session}"),
    };
    let (text, result) = match (words, changed) {
        (Some(""), true) => (format!("{line} is paused."), "paused"),
        (Some(words), true) => (format!("{line} is paused: {words}"), "paused"),
        (Some(""), false) => (
            format!("{line} stays paused, now without words for customers."),
            "paused",
        ),
        (Some(words), false) => (
            format!("{line} stays paused, now with these words: {words}"),
            "paused",
        ),
        (None, true) => (format!("{line} is not paused any more."), "resumed"),
        (None, false) => (format!("{line} was not paused."), "resumed"),
    };
    let object = json!({"result": result, "changed": changed, "session": session, "team": team});
    desk.print_line(&text, &object)
}

/// Says so if another line of the session is still paused: it is easily forgotten.
async fn still_paused(desk: &AtDesk<'_>, session: &SessionName) -> Result<(), CommandError> {
    for paused in desk.store.paused_lines(session).await? {
        let line = match paused.team.as_str() {
            "" => format!("Session {session} as a whole"),
            team => format!("The line of {team} in session {session}"),
        };
        let object =
            json!({"result": "paused", "changed": false, "session": session, "team": paused.team});
        desk.print_line(&format!("{line} is still paused."), &object)?;
    }
    Ok(())
}
