//! `waha-sm doctor`: what is wrong, before customers find it, and what to do about it.

use std::cmp::Reverse;
use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::app::checkup;
use crate::cli::exit::{exit, fail};
use crate::clock::Millis;
use crate::console::finding_words::{finding_words, findings_json};
use crate::flow::Locale;
use crate::runtime;
use crate::service::checkup::finding::{Finding, Level};
use crate::settings::Settings;
use crate::terminal;

/// Threads for what blocks: WAHA, one for each session that is asked about, the daemon, the disk, the flows.
const BLOCKING: usize = 32;

#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    #[command(flatten)]
    settings: Settings,
    /// text, or json for programs
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    format: DoctorFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum DoctorFormat {
    Text,
    Json,
}

pub(super) fn main(arguments: &DoctorArgs) -> ExitCode {
    let runtime = match runtime::start("doctor", None, BLOCKING) {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("can't start: {error}")),
    };
    let mut findings = runtime.block_on(async {
        let checkup = checkup::for_settings(&arguments.settings);
        checkup.look(None).await
    });
    // A request to a WAHA that hangs must not keep us.
    runtime.shutdown_background();
    findings.sort_by_key(|finding| Reverse(finding.level()));
    let is_healthy = !findings
        .iter()
        .any(|finding| finding.level().needs_action());
    let printed = match arguments.format {
        DoctorFormat::Text => print_text(&findings),
        DoctorFormat::Json => print_json(&findings),
    };
    exit(printed, is_healthy)
}

fn print_text(findings: &[Finding]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for finding in findings {
        let words = finding_words(Locale::En, finding, &shown_time);
        let level = match finding.level() {
            Level::Problem => "PROBLEM",
            Level::Notice => "NOTICE",
            Level::Hint => "hint",
            Level::Good => "good",
        };
        let (title, message) = (terminal::line(&words.title), terminal::line(&words.message));
        writeln!(out, "{level:<7}  {title}: {message}")?;
        for detail in &words.details {
            writeln!(out, "{:<7}    {}", "", terminal::line(detail))?;
        }
    }
    let count = |level: Level| findings.iter().filter(|one| one.level() == level).count();
    let (problems, notices) = (count(Level::Problem), count(Level::Notice));
    match problems + notices {
        0 => writeln!(out, "\nEverything works."),
        _ => writeln!(
            out,
            "\nProblems (customers are not served as they should be): {problems}. Notices (look at this): {notices}."
        ),
    }
}

fn print_json(findings: &[Finding]) -> io::Result<()> {
    let object = findings_json(Locale::En, findings, &shown_time);
    let mut out = io::stdout().lock();
    writeln!(out, "{object:#}")
}

/// In the time zone of the person at the terminal.
fn shown_time(at: Millis) -> String {
    let zone = TimeZone::system();
    match Timestamp::from_millisecond(at.as_i64()) {
        Ok(time) => time.to_zoned(zone).strftime("%Y-%m-%d %H:%M").to_string(),
        Err(_) => "a time that no calendar has".to_owned(),
    }
}
