//! `waha-sm flow reload`: has every running process load its flows anew, and tells how that went in each.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;

use super::{count, exit};
use crate::cli::{fail, redis, wrong};
use crate::config::RedisConfig;
use crate::settings::RedisSettings;
use crate::store::{self, Reloaded, Store};
use crate::terminal::line;
use crate::{describe, runtime};

/// A process that does not answer for so long is stuck, or gone; who died counts as alive for half of it.
const PATIENCE: Duration = Duration::from_secs(5);
/// Nobody heard the bell: on a Cluster somebody may have, at another node, who answers within this.
const NOBODY_PATIENCE: Duration = Duration::from_secs(1);
/// Between two looks for answers.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);

const AFTER_HELP: &str = "Each process (`all`, `serve`, `work`) reads its own FLOW_FILE; open conversations go on at the same step of \
    the new flow.\n\
    With any mistake a process keeps all the flows that it had. SIGHUP does the same to one process.\n\n\
    Exit code: 0 when all processes follow the new flows, 1 otherwise, 64 for a wrong command line.\n\n\
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
        let store = redis::connect(config, "flows can be loaded anew while it runs").await?;
        let answers = ask(&store).await;
        store.close().await;
        answers
            .map_err(|error: store::Error| format!("Redis failed: {}; try again", describe(&error)))
    });
    match answers {
        Ok(answers) => tell(&answers),
        Err(reason) => fail(&reason),
    }
}

/// What came back in time.
struct Answers {
    given: Vec<Reloaded>,
    /// How many processes did not answer, as far as can be known.
    missing: usize,
}

async fn ask(store: &Store) -> Result<Answers, store::Error> {
    let request = format!("{:016x}", fastrand::u64(..));
    let heard = store.ask_to_reload(&request).await?;
    let asked = Instant::now();
    loop {
        let answers = store.reload_answers(&request).await?;
        // Whoever holds leases is known by name; of those who do not, only how many heard the bell.
        let living = store.living_processes().await?;
        let silent = living
            .iter()
            .filter(|process| answers.iter().all(|(answered, _)| answered != *process));
        let missing = silent.count().max(heard.saturating_sub(answers.len()));
        let nobody = answers.is_empty() && missing == 0;
        let patience = if nobody { NOBODY_PATIENCE } else { PATIENCE };
        if (missing == 0 && !nobody) || asked.elapsed() > patience {
            let mut given: Vec<Reloaded> =
                answers.into_iter().map(|(_, reloaded)| reloaded).collect();
            given.sort_by(|one, other| one.who.cmp(&other.who));
            return Ok(Answers { given, missing });
        }
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
}

fn tell(Answers { given, missing }: &Answers) -> ExitCode {
    if given.is_empty() && *missing == 0 {
        return fail(
            "no process answered: none runs on this Redis (or on this REDIS_PREFIX). It reads its flows when it starts",
        );
    }
    let printed = print(given);
    if *missing > 0 {
        return fail(&format!(
            "{} did not answer within {} s: it may be starting, stopping, stuck or cut off from Redis, and follow either flows; \
             look at its log, and try again",
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
        let who = line(&one.who);
        if one.mistakes.is_empty() {
            writeln!(out, "{who}: loaded {}", line(&one.flows))?;
            continue;
        }
        let mistakes = count(one.mistakes.len(), "mistake");
        writeln!(
            out,
            "{who}: refused, {mistakes}; the flows loaded before stay"
        )?;
        for mistake in &one.mistakes {
            writeln!(out, "  {}", line(mistake))?;
        }
    }
    out.flush()
}
