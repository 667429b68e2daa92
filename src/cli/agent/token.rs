//! `waha-sm agent token`: makes, lists and revokes the API tokens of an agent.

use std::io::{self, Write};

use clap::Args;
use serde_json::json;

use crate::cli::elapsed::elapsed;
use crate::cli::exit::print_error;
use crate::cli::format::Format;
use crate::cli::redis::CommandError;
use crate::cli::table::Table;
use crate::clock::Millis;
use crate::ids::AgentName;
use crate::service::accounts::accounts::Accounts;
use crate::settings::RedisSettings;
use crate::store::Agent;
use crate::terminal::jsonl;

#[derive(Debug, Args)]
pub(super) struct TokenArgs {
    /// The agent who acts with the token
    pub(super) name: AgentName,
    #[command(flatten)]
    what: TokenWork,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    pub(super) redis: RedisSettings,
}

/// Without any of them, the tokens are listed.
#[derive(Debug, Args)]
#[group(multiple = false)]
struct TokenWork {
    /// Make a new token for this purpose, like "the till", and print it: it is shown only now
    #[arg(long, value_name = "PURPOSE")]
    label: Option<String>,
    /// Revoke the token with this id from the list
    #[arg(long, value_name = "ID")]
    revoke: Option<String>,
    /// Revoke all of them
    #[arg(long)]
    revoke_all: bool,
}

pub(super) async fn token(
    accounts: &Accounts,
    agent: &Agent,
    arguments: &TokenArgs,
) -> Result<(), CommandError> {
    let (name, now) = (&agent.name, Millis::now());
    let work = &arguments.what;
    if let Some(label) = &work.label {
        return make(accounts, agent, (label, arguments.format), now).await;
    }
    let revoked = match &work.revoke {
        Some(id) => match accounts.revoke_token(name, id).await? {
            true => 1,
            false => {
                return Err(CommandError::Failed(format!(
                    "{name} has no API token `{id}`: see `waha-sm agent token {name}`"
                )));
            }
        },
        None if work.revoke_all => accounts.revoke_tokens(name).await?,
        None => return list(accounts, name, arguments.format, now).await,
    };
    let mut out = io::stdout().lock();
    match (arguments.format, revoked) {
        (Format::Jsonl, _) => jsonl(&json!({"result": "revoked", "revoked": revoked}), &mut out)?,
        (Format::Text, 1) => writeln!(out, "1 API token of {name} does not work any more.")?,
        (Format::Text, _) => {
            writeln!(out, "{revoked} API tokens of {name} do not work any more.")?;
        }
    }
    Ok(())
}

async fn make(
    accounts: &Accounts,
    agent: &Agent,
    (label, format): (&str, Format),
    now: Millis,
) -> Result<(), CommandError> {
    let name = &agent.name;
    if agent.off {
        return Err(CommandError::Failed(format!(
            "{name} is off: `waha-sm agent add {name}` puts them back in service"
        )));
    }
    let token = accounts.new_token(name, label, now).await?;
    let token = token.map_err(|reason| CommandError::Usage(reason.to_string()))?;
    let mut out = io::stdout().lock();
    match format {
        // Alone on its line, so that a script can take it.
        Format::Text => writeln!(out, "{token}")?,
        Format::Jsonl => jsonl(
            &json!({"result": "made", "agent": name, "label": label.trim(), "token": token}),
            &mut out,
        )?,
    }
    print_error(&format!(
        "this token is shown only now. Whoever has it acts as {name} in the API of the console; to end that: `waha-sm agent token \
         {name} --revoke ID`"
    ));
    Ok(())
}

async fn list(
    accounts: &Accounts,
    name: &AgentName,
    format: Format,
    now: Millis,
) -> Result<(), CommandError> {
    let tokens = accounts.tokens(name).await?;
    let mut out = io::stdout().lock();
    if tokens.is_empty() && format == Format::Text {
        writeln!(out, "{name} has no API tokens.")?;
        return Ok(());
    }
    let mut table = Table::new(["ID", "ENDS IN", "MADE", "PURPOSE"]);
    for token in tokens {
        match format {
            Format::Text => table.add([
                token.id,
                token.ending,
                format!("{} ago", elapsed(now.since(token.created_at))),
                token.label,
            ]),
            Format::Jsonl => jsonl(
                &json!({
                    "agent": name, "id": token.id, "label": token.label, "created_at": token.created_at, "ending": token.ending,
                }),
                &mut out,
            )?,
        }
    }
    if format == Format::Text {
        table.write(&mut out, None)?;
    }
    Ok(())
}
