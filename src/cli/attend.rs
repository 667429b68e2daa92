//! `waha-sm take`, `say`, `note`, `give` and `close`: what an agent does with a customer.

use std::process::ExitCode;
use std::str::FromStr;

use clap::Args;

use crate::cli::customer::called;
use crate::cli::desk::{AtDesk, DeskArgs, FlowPlace, WHY};
use crate::cli::exit::print_error;
use crate::cli::names::team;
use crate::cli::redis::{CommandError, with_store};
use crate::history::ChatNames;
use crate::ids::{AgentName, NotAnAgentName};
use crate::service::desk::desk::GiveAway;
use crate::store::Acted;

#[derive(Debug, Args)]
pub(super) struct TakeArgs {
    /// The customer: a phone number or a chat id [default: the next in your lines]
    chat: Option<ChatNames>,
    /// The agent who takes them
    #[arg(long = "as", value_name = "AGENT")]
    by: AgentName,
    /// Take them over from this colleague
    #[arg(long, value_name = "AGENT", requires = "chat")]
    from: Option<AgentName>,
    #[command(flatten)]
    desk: DeskArgs,
}

#[derive(Debug, Args)]
pub(super) struct SayArgs {
    /// The customer: a phone number or a chat id
    chat: ChatNames,
    /// What to say
    #[arg(allow_hyphen_values = true)]
    text: String,
    /// The agent who says it, and who has the customer
    #[arg(long = "as", value_name = "AGENT")]
    by: AgentName,
    #[command(flatten)]
    desk: DeskArgs,
}

#[derive(Debug, Args)]
pub(super) struct NoteArgs {
    /// The customer: a phone number or a chat id
    chat: ChatNames,
    /// What to note; the customer never sees it
    #[arg(allow_hyphen_values = true)]
    text: String,
    /// The agent who notes it
    #[arg(long = "as", value_name = "AGENT", default_value = "owner")]
    by: AgentName,
    #[command(flatten)]
    desk: DeskArgs,
}

#[derive(Debug, Args)]
pub(super) struct GiveArgs {
    /// The customer: a phone number or a chat id
    chat: ChatNames,
    /// bot: back to the bot, at its last question; step:menu: to the bot, at this step; team:sales: to the line of a team;
    /// line: to the line without a team; agent:bia: to a colleague
    #[arg(long, value_name = "WHERE", value_parser = give_away)]
    to: GiveAway,
    /// The agent who gives them away
    #[arg(long = "as", value_name = "AGENT", default_value = "owner")]
    by: AgentName,
    #[command(flatten)]
    flow: FlowPlace,
    #[command(flatten)]
    desk: DeskArgs,
}

#[derive(Debug, Args)]
pub(super) struct CloseArgs {
    /// The customer: a phone number or a chat id
    chat: ChatNames,
    /// How it ended, in one word of yours, like solved
    #[arg(long, value_parser = outcome)]
    outcome: String,
    /// The agent who closes it
    #[arg(long = "as", value_name = "AGENT", default_value = "owner")]
    by: AgentName,
    #[command(flatten)]
    flow: FlowPlace,
    #[command(flatten)]
    desk: DeskArgs,
}

fn give_away(text: &str) -> Result<GiveAway, String> {
    let step = |text: &str| match text.is_empty() {
        true => Err("write the step, like step:menu".to_owned()),
        false => Ok(GiveAway::Step(text.to_owned())),
    };
    match text.split_once(':') {
        None if text == "bot" => Ok(GiveAway::Bot),
        None if text == "line" => Ok(GiveAway::Team(String::new())),
        Some(("step", name)) => step(name),
        Some(("team", name)) => Ok(GiveAway::Team(team(name)?)),
        Some(("agent", name)) => AgentName::from_str(name)
            .map(GiveAway::Agent)
            .map_err(|error: NotAnAgentName| error.to_string()),
        _ => Err("write bot, line, step:NAME, team:NAME or agent:NAME".to_owned()),
    }
}

/// The history counts conversations by their outcomes.
fn outcome(text: &str) -> Result<String, &'static str> {
    let fits = (1..=64).contains(&text.len()) && !text.chars().any(char::is_control);
    match fits && text.trim() == text {
        true => Ok(text.to_owned()),
        false => Err("an outcome is a short text on one line, like solved"),
    }
}

pub(super) fn take(arguments: &TakeArgs) -> ExitCode {
    with_store("take", &arguments.desk.redis, WHY, async |store, _| {
        let desk = AtDesk::open(store, &arguments.by, None, &arguments.desk).await?;
        let (session, name, acted) = match &arguments.chat {
            Some(names) => {
                let (doing, name) = desk.customer(names).await?;
                let from = arguments.from.as_ref();
                let acted = desk.desk.take(&doing, from, desk.now).await?;
                (doing.session, name, acted)
            }
            None => desk.take_next().await?,
        };
        let from = |more: &str| match more.split_once(' ') {
            Some(("agent", colleague)) => format!("from {colleague}"),
            _ if more == "phone" => "from the owner's phone".to_owned(),
            _ => format!("from the {more}"),
        };
        let printed = desk.print(&session, &name, &acted, |case| {
            format!(
                "{} has {} of session {session} now, taken {}.",
                desk.by(),
                called(&name, &case.chat),
                from(&case.more)
            )
        });
        match (&acted, printed) {
            (Acted::Paused(pause), Err(CommandError::Failed(reason))) => {
                let command = desk.resume_command(pause).await?;
                Err(CommandError::Failed(format!(
                    "{reason}; to end the pause: `{command}`"
                )))
            }
            (_, printed) => printed,
        }
    })
}

pub(super) fn say(arguments: &SayArgs) -> ExitCode {
    with_store("say", &arguments.desk.redis, WHY, async |store, _| {
        let desk = AtDesk::open(store, &arguments.by, None, &arguments.desk).await?;
        let (doing, name) = desk.customer(&arguments.chat).await?;
        let acted = desk.desk.say(&doing, &arguments.text, desk.now).await?;
        desk.print(&doing.session, &name, &acted, |case| {
            format!("It goes out to {}.", called(&name, &case.chat))
        })
    })
}

pub(super) fn note(arguments: &NoteArgs) -> ExitCode {
    with_store("note", &arguments.desk.redis, WHY, async |store, _| {
        let desk = AtDesk::open(store, &arguments.by, None, &arguments.desk).await?;
        let (doing, name) = desk.customer(&arguments.chat).await?;
        let acted = desk.desk.note(&doing, &arguments.text, desk.now).await?;
        desk.print(&doing.session, &name, &acted, |case| {
            format!("Noted about {}.", called(&name, &case.chat))
        })
    })
}

pub(super) fn give(arguments: &GiveArgs) -> ExitCode {
    with_store("give", &arguments.desk.redis, WHY, async |store, _| {
        let flows = match &arguments.to {
            GiveAway::Step(_) | GiveAway::Team(_) => arguments.flow.load()?,
            // The flow says when the colleague counts as gone.
            GiveAway::Agent(_) => arguments.flow.load().unwrap_or_default(),
            GiveAway::Bot => None,
        };
        let desk = AtDesk::open(store, &arguments.by, flows, &arguments.desk).await?;
        let (doing, name) = desk.customer(&arguments.chat).await?;
        let acted = desk.desk.give(&doing, &arguments.to, desk.now).await?;
        let to = match &arguments.to {
            GiveAway::Bot => "goes back to the bot".to_owned(),
            GiveAway::Step(step) => format!("goes to the bot, at step {step}"),
            GiveAway::Team(team) if team.is_empty() => "waits for a person again".to_owned(),
            GiveAway::Team(team) => format!("waits for a person of {team} now"),
            GiveAway::Agent(colleague) => format!("is with {colleague} now"),
        };
        desk.print(&doing.session, &name, &acted, |case| {
            format!("{} {to}.", called(&name, &case.chat))
        })
    })
}

pub(super) fn close(arguments: &CloseArgs) -> ExitCode {
    with_store("close", &arguments.desk.redis, WHY, async |store, _| {
        // The flow may ask for a rating. Without it, the conversation is closed all the same.
        let flows = arguments.flow.read().unwrap_or_else(|mistakes| {
            print_error(&format!(
                "no rating is asked, because the flow has mistakes: {mistakes}"
            ));
            None
        });
        let desk = AtDesk::open(store, &arguments.by, flows, &arguments.desk).await?;
        let (doing, name) = desk.customer(&arguments.chat).await?;
        let outcome = &arguments.outcome;
        let acted = desk.desk.close(&doing, outcome, desk.now).await?;
        desk.print(&doing.session, &name, &acted, |case| {
            format!(
                "The conversation of {} is closed: {outcome}.",
                called(&name, &case.chat)
            )
        })
    })
}
