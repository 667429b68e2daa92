//! `waha-sm flow reload`: reloads the flows in every running process, and shows the result of each.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;

use crate::cli::exit::{exit, fail, wrong};
use crate::cli::flow::count::count;
use crate::cli::redis;
use crate::config::RedisConfig;
use crate::settings::RedisSettings;
use crate::store::{self, Reloaded, Store};
use crate::terminal::line;
use crate::{describe::describe, runtime};

/// A process that does not answer within this time is stuck or dead. A dead process still counts as alive for half of it.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long to wait if Redis says that no process received the bell. On a Cluster, a process connected to another node may
/// have received it, and answers within this time.
const NO_LISTENER_PATIENCE: Duration = Duration::from_secs(1);
/// The delay between two checks for answers.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);

const AFTER_HELP: &str = "Each process (`all`, `serve`, `work`) reads its own FLOW_FILE. Open conversations continue at the same step of \
    the new flow.\n\
    If there is any mistake, a process keeps all its old flows. SIGHUP reloads the flows of one process.\n\n\
    Exit code: 0 if all processes follow the new flows, 1 if not, 64 for a wrong command line.\n\n\
    Examples:\n  \
    waha-sm flow reload\n  \
    docker compose exec waha-sm waha-sm flow reload";

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct ReloadArgs {
    #[command(flatten)]
    redis: RedisSettings,
}

pub(super) fn main(arguments: &ReloadArgs) -> ExitCode {
    let config = match RedisConfig::read(&arguments.redis) {
        Ok(config) => config,
        Err(mistakes) => return wrong(&mistakes),
    };
    let runtime = match runtime::start("reload", None, 1) {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("can't start: {error}")),
    };
    let answers = runtime.block_on(async {
        let store =
            redis::connect(config, "only a running daemon can load its flows again").await?;
        let answers = ask(&store).await;
        store.close().await;
        answers.map_err(|error: store::StoreError| {
            format!("Redis failed: {}; try again", describe(&error))
        })
    });
    match answers {
        Ok(answers) => print_answers(&answers),
        Err(reason) => fail(&reason),
    }
}

/// The answers that came in time.
struct ReloadAnswers {
    given: Vec<Reloaded>,
    /// How many processes did not answer, as far as we know.
    missing: usize,
}

async fn ask(store: &Store) -> Result<ReloadAnswers, store::StoreError> {
    let request = format!("{:016x}", fastrand::u64(..));
    let received = store.ask_to_reload(&request).await?;
    let asked = Instant::now();
    loop {
        let answers = store.reload_answers(&request).await?;
        // We know the ids of processes that send heartbeats. Of the others, we know only how many received the bell.
        let living = store.living_processes().await?;
        let silent = living
            .iter()
            .filter(|process| answers.iter().all(|(answered, _)| answered != *process));
        let missing = silent.count().max(received.saturating_sub(answers.len()));
        let nobody = answers.is_empty() && missing == 0;
        let patience = if nobody {
            NO_LISTENER_PATIENCE
        } else {
            PATIENCE
        };
        if (missing == 0 && !nobody) || asked.elapsed() > patience {
            let mut given: Vec<Reloaded> =
                answers.into_iter().map(|(_, reloaded)| reloaded).collect();
            given.sort_by(|one, other| one.process.cmp(&other.process));
            return Ok(ReloadAnswers { given, missing });
        }
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
}

fn print_answers(ReloadAnswers { given, missing }: &ReloadAnswers) -> ExitCode {
    if given.is_empty() && *missing == 0 {
        return fail(
            "no process answered: none is running on this Redis with this REDIS_PREFIX. A daemon also reads its flows when it starts",
        );
    }
    let printed = print(given);
    if *missing > 0 {
        return fail(&format!(
            "{} did not answer within {} s: it may be starting, stopping, stuck or cut off from Redis, and may follow the old or the \
             new flows; look at its log and try again",
            match missing {
                1 => "1 process".to_owned(),
                several => format!("{several} processes"),
            },
            PATIENCE.as_secs()
        ));
    }
    exit(printed, given.iter().all(|one| one.mistakes.is_empty()))
}

fn print(given: &[Reloaded]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for one in given {
        let process = line(&one.process);
        if one.mistakes.is_empty() {
            writeln!(out, "{process}: loaded {}", line(&one.flows))?;
            continue;
        }
        let mistakes = count(one.mistakes.len(), "mistake");
        writeln!(out, "{process}: {mistakes}, so the old flows stay in use")?;
        for mistake in &one.mistakes {
            writeln!(out, "  {}", line(mistake))?;
        }
    }
    out.flush()
}
