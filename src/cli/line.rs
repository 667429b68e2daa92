//! `waha-sm line`: who waits for a person, who waits for the bot, and who is attended; once or live.

mod rows;
mod text;

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

use crate::cli::customer::sessions;
use crate::cli::exit::print_error;
use crate::cli::format::Format;
use crate::cli::names::{session, team};
use crate::cli::redis::{CommandError, with_store};
use crate::cli::screen::{LivePage, screen_size};
use crate::clock::Millis;
use crate::describe::describe;
use crate::ids::{AgentName, SessionName};
use crate::runtime::Signals;
use crate::settings::RedisSettings;
use crate::store::{Bells, LinePart, LineView, Store, StoreConfig, StoreError};

/// How many customers of each section are shown.
const ROWS: usize = 50;
/// --watch looks again after this time, even if no bell rings.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(1);
/// And not more often than this, however many bells ring.
const PAUSE_BETWEEN_LOOKS: Duration = Duration::from_millis(200);
/// How often a look at the line counts as a sign that the agent is at work.
const PRESENCE_INTERVAL: Duration = Duration::from_secs(30);

const AFTER_HELP: &str = "Examples:\n  waha-sm line --team sales\n  waha-sm line --watch --as ana\n  \
    waha-sm line --format jsonl | grep '\"urgent\":true'";

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct LineArgs {
    /// Only this session
    #[arg(long, value_parser = session)]
    session: Option<SessionName>,
    /// Only who waits for the people of this team, and whom they attend
    #[arg(long, value_parser = team)]
    team: Option<String>,
    /// Show every change until Ctrl+C
    #[arg(long, conflicts_with = "format")]
    watch: bool,
    /// The agent who looks: they count as present meanwhile
    #[arg(long = "as", value_name = "AGENT")]
    by: Option<AgentName>,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    redis: RedisSettings,
}

/// The line of a session, as it was at the last look.
type SessionLine = (SessionName, LineView);

pub(super) fn main(arguments: &LineArgs) -> ExitCode {
    let why = "the line is kept in its Redis";
    with_store("line", &arguments.redis, why, async |store, config| {
        if let Some(name) = &arguments.by {
            check_agent(store, name).await?;
            store.note_agent_seen(name, Millis::now()).await?;
        }
        if arguments.watch {
            return watch(store, config, arguments).await;
        }
        let now = Millis::now();
        let lines = look(store, arguments, now).await?;
        let mut out = io::BufWriter::new(io::stdout().lock());
        match arguments.format {
            Format::Text => {
                let width = screen_size().map(|size| size.width);
                out.write_all(text::page(&lines, now, width).as_bytes())?;
            }
            Format::Jsonl => rows::write(&lines, &mut out)?,
        }
        Ok(out.flush()?)
    })
}

/// Says so if there is no such agent, or if they are off.
async fn check_agent(store: &Store, name: &AgentName) -> Result<(), CommandError> {
    match store.agent(name).await? {
        None => Err(CommandError::Failed(format!(
            "there is no agent `{name}`: see `waha-sm agent list`"
        ))),
        Some(agent) => {
            if agent.off {
                print_error(&format!(
                    "{name} is off; `waha-sm agent add {name}` puts them back in service"
                ));
            }
            Ok(())
        }
    }
}

async fn look(
    store: &Store,
    arguments: &LineArgs,
    now: Millis,
) -> Result<Vec<SessionLine>, CommandError> {
    let sessions = sessions(store, arguments.session.as_ref()).await?;
    let part = match &arguments.team {
        Some(team) => LinePart::Team(team),
        None => LinePart::Everything,
    };
    let mut lines = Vec::with_capacity(sessions.len());
    let mut failed = None;
    for session in sessions {
        match store.line_view(&session, part, ROWS, now).await {
            Ok(line) => lines.push((session, line)),
            Err(error) => {
                if !arguments.watch {
                    let why = describe(&error);
                    print_error(&format!("the line of {session} can't be read: {why}"));
                }
                failed = Some(error);
            }
        }
    }
    match failed {
        // The others are shown.
        Some(error) if lines.is_empty() => Err(error.into()),
        _ => Ok(lines),
    }
}

/// Shows the line again whenever it changes.
async fn watch(
    store: &Store,
    config: &StoreConfig,
    arguments: &LineArgs,
) -> Result<(), CommandError> {
    let mut signals = Signals::new()?;
    let (ring, mut rung) = mpsc::unbounded_channel();
    let bells = Bells::subscribe_to_line(config).await?;
    let listening = tokio::spawn(bells.run(move |_| vec![ring.clone()]));
    let mut page = LivePage::new();
    let mut seen_at = Instant::now();
    let ended = loop {
        let now = Millis::now();
        let size = screen_size();
        let text = match look(store, arguments, now).await {
            Ok(lines) => text::page(&lines, now, size.map(|size| size.width)),
            // It will be back: the store reconnects by itself.
            Err(CommandError::Redis(error)) => waiting_for_redis(&error),
            Err(error) => break Err(error),
        };
        if let Err(error) = page.draw(text, size) {
            break Err(error.into());
        }
        if let Some(name) = &arguments.by
            && seen_at.elapsed() >= PRESENCE_INTERVAL
            && store.note_agent_seen(name, now).await.is_ok()
        {
            seen_at = Instant::now();
        }
        tokio::select! {
            () = signals.next() => break Ok(()),
            () = next_look(&mut rung) => {}
        }
    };
    listening.abort();
    ended
}

fn waiting_for_redis(error: &StoreError) -> String {
    format!("Redis failed: {}. Trying again.\n", describe(error))
}

/// Waits until it is time to look again.
async fn next_look<T>(rung: &mut mpsc::UnboundedReceiver<T>) {
    let bell = timeout(LOOK_AGAIN_AFTER, rung.recv()).await;
    if !matches!(bell, Ok(Some(_))) {
        // Without bells, it would look without a pause.
        if bell.is_ok() {
            sleep(LOOK_AGAIN_AFTER).await;
        }
        return;
    }
    sleep(PAUSE_BETWEEN_LOOKS).await;
    while rung.try_recv().is_ok() {}
}
