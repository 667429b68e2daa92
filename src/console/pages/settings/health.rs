//! The checkup: what was found, the worst first, and what to do about it.

use maud::{Markup, html};

use crate::clock::Millis;
use crate::console::pages::customer::day_time;
use crate::console::texts::{HealthTexts, SettingsTexts, fill};
use crate::flow::{Locale, Script};
use crate::service::checkup::finding::{Finding, Level};
use crate::version::VERSION;

/// A finding in words.
pub(in crate::console) struct FindingWords {
    /// What was checked.
    pub(in crate::console) title: String,
    /// What was found, and what to do about it.
    pub(in crate::console) message: String,
    /// The exact words of the part that fails, in English.
    pub(in crate::console) details: Vec<String>,
}

pub(in crate::console) fn settings_health(
    language: Locale,
    findings: &[Finding],
    script: &Script,
) -> Markup {
    let texts = HealthTexts::of(language);
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_by_key(|finding| std::cmp::Reverse(finding.level()));
    let all_good = sorted.iter().all(|finding| finding.level() == Level::Good);
    html! {
        div.bar {
            h1 { (SettingsTexts::of(language).health) }
            span.quiet { (fill(texts.version, &[VERSION])) }
        }
        @if all_good { p { (texts.all_good) } }
        ul.entries.sheet {
            @for finding in sorted {
                @let words = finding_words(language, finding, script);
                li.finding data-level=(finding.level().name()) {
                    p.m { b { (words.title) } span.level { (level_word(texts, finding.level())) } }
                    @if !words.message.is_empty() { p { (words.message) } }
                    @for detail in &words.details { p.quiet.text { (detail) } }
                }
            }
        }
    }
}

fn level_word(texts: &HealthTexts, level: Level) -> &'static str {
    match level {
        Level::Good => texts.good,
        Level::Notice => texts.notice,
        Level::Problem => texts.problem,
    }
}

/// What was found, in an agent's language.
pub(in crate::console) fn finding_words(
    language: Locale,
    finding: &Finding,
    script: &Script,
) -> FindingWords {
    let texts = HealthTexts::of(language);
    let time = |at: Millis| day_time(at, script, Millis::now());
    let words = |title: &str, message: &str, details: &[String]| FindingWords {
        title: title.to_owned(),
        message: message.to_owned(),
        details: details.to_vec(),
    };
    let reason = std::slice::from_ref;
    match finding {
        Finding::RedisWorks => words(texts.redis, texts.redis_works, &[]),
        Finding::RedisFails(why) => words(texts.redis, texts.redis_fails, reason(why)),
        Finding::Workers { processes, workers } => words(
            texts.workers,
            &fill(
                texts.workers_work,
                &[&processes.to_string(), &workers.to_string()],
            ),
            &[],
        ),
        Finding::NoWorkers => words(texts.workers, texts.no_workers, &[]),
        Finding::WahaWorks => words(texts.waha, texts.waha_works, &[]),
        Finding::WahaUnknown => words(texts.waha, texts.waha_unknown, &[]),
        Finding::WahaFails(reasons) => words(texts.waha, texts.waha_fails, reasons),
        Finding::SessionWorks(session) => words(
            &fill(texts.session, &[session.as_str()]),
            texts.session_works,
            &[],
        ),
        Finding::SessionDown {
            session,
            status,
            since,
        } => {
            let says = fill(texts.session_says, &[status, &time(*since)]);
            let details = Some(says).filter(|_| !status.is_empty());
            words(
                &fill(texts.session, &[session.as_str()]),
                texts.session_down,
                details.as_slice(),
            )
        }
        Finding::LinePaused {
            session,
            team,
            by,
            since,
        } => {
            let title = match team.as_str() {
                "" => fill(texts.line, &[session.as_str()]),
                team => fill(texts.line_of_team, &[session.as_str(), team]),
            };
            words(&title, &fill(texts.line_paused, &[by, &time(*since)]), &[])
        }
        Finding::HistoryWorks => words(texts.history, texts.history_works, &[]),
        Finding::HistoryFails(why) => words(texts.history, texts.history_fails, reason(why)),
        Finding::FlowsWork(flows) => words(texts.flows, texts.flows_work, reason(flows)),
        Finding::FlowsHaveMistakes(mistakes) => words(texts.flows, texts.flows_mistakes, mistakes),
        Finding::NoDeadReplies => words(texts.dead, texts.no_dead, &[]),
        Finding::DeadReplies(count) => words(
            texts.dead,
            &fill(texts.some_dead, &[&count.to_string()]),
            &[],
        ),
    }
}
