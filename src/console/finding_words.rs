//! A finding of the checkup in words: what was found, and what to do about it. The console and the command `doctor` say the same.

use std::time::Duration;

use serde_json::{Value, json};

use crate::clock::{Millis, brief};
use crate::console::texts::{HealthTexts, fill};
use crate::flow::Locale;
use crate::service::checkup::finding::{Finding, HookOwner, Level};
use crate::version::VERSION;

/// The events that WAHA should post.
const EVENTS: &str =
    "message.any,message.ack,message.reaction,message.edited,message.revoked,session.status";

/// A finding in words.
pub(crate) struct FindingWords {
    /// What was checked.
    pub(crate) title: String,
    /// What was found, and what to do about it.
    pub(crate) message: String,
    /// The exact words of the part that fails, in English.
    pub(crate) details: Vec<String>,
}

/// The findings for programs: the worst level, and each finding with its words.
pub(crate) fn findings_json(
    language: Locale,
    findings: &[Finding],
    time: &dyn Fn(Millis) -> String,
) -> Value {
    let described = |finding: &Finding| {
        let words = finding_words(language, finding, time);
        json!({
            "check": finding.check(),
            "level": finding.level().name(),
            "title": words.title,
            "message": words.message,
            "details": words.details,
        })
    };
    let worst = findings.iter().map(Finding::level).max();
    json!({
        "version": VERSION,
        "level": worst.unwrap_or(Level::Good).name(),
        "findings": findings.iter().map(described).collect::<Vec<_>>(),
    })
}

/// What was found, in this language. `time` shows a time to its reader.
pub(crate) fn finding_words(
    language: Locale,
    finding: &Finding,
    time: &dyn Fn(Millis) -> String,
) -> FindingWords {
    let texts = HealthTexts::of(language);
    let titled = |title: &str, message: &str, details: &[String]| FindingWords {
        title: title.to_owned(),
        message: message.to_owned(),
        details: details.to_vec(),
    };
    let one = |title: &str, message: &str, detail: &String| {
        titled(title, message, std::slice::from_ref(detail))
    };
    let owner = |owner: &HookOwner| match owner {
        HookOwner::Environment => texts.hook_of_environment.to_owned(),
        HookOwner::Session(session) => fill(texts.hook_of_session, &[session.as_str()]),
    };
    let hook = |text: &str, at: &HookOwner, more: &[&str]| {
        let place = owner(at);
        let values: Vec<&str> = std::iter::once(place.as_str())
            .chain(more.iter().copied())
            .collect();
        titled(texts.hooks, &fill(text, &values), &[])
    };
    let of_session =
        |session: &str, message: &str| titled(&fill(texts.session, &[session]), message, &[]);
    let free = |free: u64, days: Option<u64>| match days {
        Some(days) => fill(texts.disk_free_days, &[&size(free), &days.to_string()]),
        None => fill(texts.disk_free, &[&size(free)]),
    };
    match finding {
        Finding::SettingsWork => titled(texts.settings, texts.settings_work, &[]),
        Finding::SettingWrong(mistake) => one(texts.settings, texts.setting_wrong, mistake),
        Finding::SettingRisky(warning) => one(texts.settings, texts.setting_risky, warning),
        Finding::PrivateRedisTooLarge { allowed, machine } => {
            let allowed = allowed.map_or_else(|| texts.memory_any.to_owned(), size);
            let message = fill(texts.private_redis_too_large, &[&allowed, &size(*machine)]);
            titled(texts.memory, &message, &[])
        }
        Finding::TimeZones { of_system: true } => {
            titled(texts.time_zones, texts.time_zones_of_system, &[])
        }
        Finding::TimeZones { of_system: false } => {
            titled(texts.time_zones, texts.time_zones_of_ours, &[])
        }
        Finding::RedisWorks => titled(texts.redis, texts.redis_works, &[]),
        Finding::RedisFails(why) => one(texts.redis, texts.redis_fails, why),
        Finding::RedisRestsWithDaemon => titled(texts.redis, texts.redis_rests, &[]),
        Finding::RedisNotKnown => titled(texts.redis, texts.redis_not_known, &[]),
        Finding::RedisRisky(warning) => one(texts.redis, texts.redis_risky, warning),
        Finding::RedisCantSave(why) => one(texts.redis, texts.redis_cant_save, why),
        Finding::RedisMemory { percent, max } => {
            let message = fill(texts.redis_memory, &[&percent.to_string(), &size(*max)]);
            titled(texts.redis, &message, &[])
        }
        Finding::OtherInstallations(prefixes) => {
            let message = fill(texts.others, &[&prefixes.join(", ")]);
            titled(texts.neighbours, &message, &[])
        }
        Finding::ClocksAgree => titled(texts.clocks, texts.clocks_agree, &[]),
        Finding::ClockApart { whose, ahead } => {
            let text = if *ahead > 0 {
                texts.clock_ahead
            } else {
                texts.clock_behind
            };
            let apart = length(Duration::from_secs(ahead.unsigned_abs()));
            titled(texts.clocks, &fill(text, &[whose, &apart]), &[])
        }
        Finding::Workers { processes, workers } => {
            let counts = [processes.to_string(), workers.to_string()];
            titled(
                texts.workers,
                &fill(texts.workers_work, &[&counts[0], &counts[1]]),
                &[],
            )
        }
        Finding::NoWorkers => titled(texts.workers, texts.no_workers, &[]),
        Finding::LineWaits {
            session,
            waiting,
            since,
        } => {
            let message = fill(texts.line_waits, &[&waiting.to_string(), &time(*since)]);
            titled(&fill(texts.line, &[session.as_str()]), &message, &[])
        }
        Finding::RepliesWait {
            session,
            chats,
            since,
        } => {
            let message = fill(texts.replies_wait, &[&chats.to_string(), &time(*since)]);
            titled(&fill(texts.replies, &[session.as_str()]), &message, &[])
        }
        Finding::DaemonWorks => titled(texts.daemon, texts.daemon_works, &[]),
        Finding::DaemonSilent { at, reason } => {
            one(texts.daemon, &fill(texts.daemon_silent, &[at]), reason)
        }
        Finding::DaemonElsewhere => titled(texts.daemon, texts.daemon_elsewhere, &[]),
        Finding::DaemonHasOtherSecret(at) => {
            titled(texts.daemon, &fill(texts.daemon_other_secret, &[at]), &[])
        }
        Finding::DaemonNotReady(why) => one(texts.daemon, texts.daemon_not_ready, why),
        Finding::DaemonIsAnother { at, answer } => {
            one(texts.daemon, &fill(texts.daemon_is_another, &[at]), answer)
        }
        Finding::OpenFilesFew { allowed, needed } => {
            let message = fill(
                texts.open_files_few,
                &[&allowed.to_string(), &needed.to_string()],
            );
            titled(texts.open_files, &message, &[])
        }
        Finding::WahaWorks => titled(texts.waha, texts.waha_works, &[]),
        Finding::WahaRuns { version, engine } => {
            let message = fill(texts.waha_runs, &[format!("{version} {engine}").trim()]);
            titled(texts.waha, message.trim(), &[])
        }
        Finding::WahaUnknown => titled(texts.waha, texts.waha_unknown, &[]),
        Finding::WahaFails(reasons) => titled(texts.waha, texts.waha_fails, reasons),
        Finding::WahaUnreachable(why) => one(texts.waha, texts.waha_unreachable, why),
        Finding::WahaKeyWrong(at) => one(texts.waha, texts.waha_key_wrong, at),
        Finding::WahaKeyMissing => titled(texts.waha, texts.waha_key_missing, &[]),
        Finding::WahaAnswersOddly(why) => one(texts.waha, texts.waha_odd, why),
        Finding::WahaTooOld(version) => {
            titled(texts.waha, &fill(texts.waha_too_old, &[version]), &[])
        }
        Finding::WahaKnownBad(version) => {
            titled(texts.waha, &fill(texts.waha_known_bad, &[version]), &[])
        }
        Finding::WahaConfigHidden(why) => one(texts.waha, texts.waha_config_hidden, why),
        Finding::HooksWork => titled(texts.hooks, texts.hooks_work, &[]),
        Finding::NoHook => titled(texts.hooks, texts.no_hook, &[]),
        Finding::NoHookOf { session, .. } => titled(
            texts.hooks,
            &fill(texts.no_hook_of, &[session.as_str()]),
            &[],
        ),
        Finding::HooksElsewhere(urls) => titled(texts.hooks, texts.hooks_elsewhere, urls),
        Finding::HookToOtherPort { owner, port, ours } => hook(
            texts.hook_port,
            owner,
            &[&port.to_string(), &ours.to_string()],
        ),
        Finding::HookToItself(owner, host) => hook(texts.hook_to_itself, owner, &[host]),
        Finding::HookToLocalhost { owner, port } => {
            hook(texts.hook_to_localhost, owner, &[&port.to_string()])
        }
        Finding::HookPathDiffers(owner) => hook(texts.hook_path, owner, &[]),
        Finding::HookLeadsElsewhere {
            owner,
            place,
            reason,
            ..
        } => {
            let mut words = hook(texts.hook_elsewhere, owner, &[place]);
            words.details.push(reason.clone());
            words
        }
        Finding::HookWithoutEvents(owner) => hook(texts.hook_no_events, owner, &[EVENTS]),
        Finding::HookLacksEvents(owner, events) => {
            hook(texts.hook_lacks_events, owner, &[&events.join(", ")])
        }
        Finding::HookEventsTwice(owner, events) => {
            hook(texts.hook_events_twice, owner, &[events, EVENTS])
        }
        Finding::HookUnsigned(owner) => hook(texts.hook_unsigned, owner, &[]),
        Finding::HookKeyDiffers(owner) => hook(texts.hook_key_differs, owner, &[]),
        Finding::HookKeyOld(owner) => hook(texts.hook_key_old, owner, &[]),
        Finding::HookGivesUpEarly(owner, after) => {
            hook(texts.hook_gives_up, owner, &[&length(*after)])
        }
        Finding::HooksTwice(session) => titled(
            texts.hooks,
            &fill(texts.hooks_twice, &[session.as_str()]),
            &[],
        ),
        Finding::FilesLast(seconds) => titled(
            texts.files,
            &fill(texts.files_last, &[&of_seconds(*seconds)]),
            &[],
        ),
        Finding::FilesDieEarly(seconds) => titled(
            texts.files,
            &fill(texts.files_die_early, &[&of_seconds(*seconds)]),
            &[],
        ),
        Finding::FilesForever => titled(texts.files, texts.files_forever, &[]),
        Finding::FilesLastStrangely(typed) => titled(
            texts.files,
            &fill(texts.files_last_strangely, &[&format!("{typed:?}")]),
            &[],
        ),
        Finding::SessionWorks { session, heard_at } => {
            let heard = heard_at.map(|at| fill(texts.session_heard, &[&time(at)]));
            let message = format!("{} {}", texts.session_works, heard.unwrap_or_default());
            of_session(session.as_str(), message.trim())
        }
        Finding::SessionDown {
            session,
            status,
            since,
        } => {
            let says = match since {
                Some(since) => fill(texts.session_says, &[status, &time(*since)]),
                None => fill(texts.session_is, &[status]),
            };
            let details = Some(says).filter(|_| !status.is_empty());
            titled(
                &fill(texts.session, &[session.as_str()]),
                texts.session_down,
                details.as_slice(),
            )
        }
        Finding::NoSession => titled(texts.sessions, texts.no_session, &[]),
        Finding::NowebStoreOff(session) => of_session(session.as_str(), texts.noweb_store_off),
        Finding::SessionDeaf {
            session,
            sent_at,
            heard_at,
        } => {
            let message = match heard_at {
                Some(heard_at) => fill(texts.session_deaf, &[&time(*sent_at), &time(*heard_at)]),
                None => fill(texts.session_never_heard, &[&time(*sent_at)]),
            };
            of_session(session.as_str(), &message)
        }
        Finding::SessionNotHeardYet { session, sent_at } => of_session(
            session.as_str(),
            &fill(texts.session_never_heard, &[&time(*sent_at)]),
        ),
        Finding::SessionCaughtUp { session, sent_at } => of_session(
            session.as_str(),
            &fill(texts.session_caught_up, &[&time(*sent_at)]),
        ),
        Finding::SessionQuiet { session, heard_at } => of_session(
            session.as_str(),
            &fill(texts.session_quiet, &[&time(*heard_at)]),
        ),
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
            titled(&title, &fill(texts.line_paused, &[by, &time(*since)]), &[])
        }
        Finding::HistoryWorks => titled(texts.history, texts.history_works, &[]),
        Finding::HistoryFails(why) => one(texts.history, texts.history_fails, why),
        Finding::HistoryNotThere => titled(texts.history, texts.history_not_there, &[]),
        Finding::HistoryNewer(why) => one(texts.history, texts.history_newer, why),
        Finding::HistoryLags { entries, since } => {
            let message = fill(texts.history_lags, &[&entries.to_string(), &time(*since)]);
            titled(texts.history, &message, &[])
        }
        Finding::HistoryElsewhere(label) => one(texts.history, texts.history_elsewhere, label),
        Finding::DiskHasSpace { free: bytes, days } => {
            titled(texts.disk, &free(*bytes, *days), &[])
        }
        Finding::DiskFillsUp { free: bytes, days } => titled(
            texts.disk,
            &format!("{} {}", free(*bytes, *days), texts.disk_fills_up),
            &[],
        ),
        Finding::DiskFull { free: bytes } => titled(
            texts.disk,
            &format!("{} {}", free(*bytes, None), texts.disk_full),
            &[],
        ),
        Finding::WalGrows(bytes) => {
            titled(texts.disk, &fill(texts.wal_grows, &[&size(*bytes)]), &[])
        }
        Finding::DataDirOpen(mode) => {
            titled(texts.data_dir, &fill(texts.data_dir_open, &[mode]), &[])
        }
        Finding::DataDirUnusable(why) => one(texts.data_dir, texts.data_dir_unusable, why),
        Finding::DataDirOnNetwork(kind) => {
            titled(texts.data_dir, &fill(texts.data_dir_network, &[kind]), &[])
        }
        Finding::FlowsWork(flows) => one(texts.flows, texts.flows_work, flows),
        Finding::FlowsHaveMistakes(mistakes) => titled(texts.flows, texts.flows_mistakes, mistakes),
        Finding::FlowsHaveWarnings(warnings) => titled(texts.flows, texts.flows_warnings, warnings),
        Finding::NoDeadReplies => titled(texts.dead, texts.no_dead, &[]),
        Finding::DeadReplies(count) => titled(
            texts.dead,
            &fill(texts.some_dead, &[&count.to_string()]),
            &[],
        ),
    }
}

fn length(time: Duration) -> String {
    brief(time).to_string()
}

fn of_seconds(seconds: u64) -> String {
    length(Duration::from_secs(seconds))
}

/// A size as people read it: two digits are enough.
fn size(bytes: u64) -> String {
    const STEP: f64 = 1024.0;
    let units = ["B", "kB", "MB", "GB", "TB"];
    let (mut size, mut unit) = (bytes as f64, 0);
    while size >= STEP && unit + 1 < units.len() {
        size /= STEP;
        unit += 1;
    }
    match size < 9.95 && unit > 0 {
        true => format!("{size:.1} {}", units[unit]),
        false => format!("{size:.0} {}", units[unit]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_has_two_digits() {
        for (bytes, shown) in [
            (0, "0 B"),
            (1_536, "1.5 kB"),
            (256 << 20, "256 MB"),
            (3_400_000_000, "3.2 GB"),
            (10 << 40, "10 TB"),
        ] {
            assert_eq!(size(bytes), shown);
        }
    }
}
