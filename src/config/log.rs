//! Settings for the log: its format, what is in it, and the time zone of its times.

use jiff::tz::TimeZone;
use tracing_subscriber::EnvFilter;

use super::reader::{SettingsReader, set};
use crate::flow::{misleading_rule, time_zone_hint};
use crate::logging::{LogConfig, LogFormat};
use crate::settings::LogSettings;

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
/// Our own part's name.
const OWN: &str = "waha_sm";
/// The parts that log anything; without a level, all of their lines are meant.
const PARTS: [&str; 9] = [
    OWN,
    "fred",
    "hyper",
    "hyper_util",
    "ureq",
    "ureq_proto",
    "rustls",
    "tokio",
    "mio",
];
/// What is valid.
const LIKE: &str = "write a level (off, error, warn, info, debug or trace), or waha_sm=debug for one part; commas separate several";

pub(super) fn read(reader: &mut SettingsReader, settings: &LogSettings) -> Option<LogConfig> {
    let format = reader.choice(
        "LOG_FORMAT",
        settings.log_format.as_ref(),
        &[("text", LogFormat::Text), ("json", LogFormat::Json)],
    );
    let filter = filter(reader, settings.rust_log.as_ref());
    let zone = zone(reader, settings.tz.as_ref());
    Some(LogConfig {
        format: format?,
        filter: filter?,
        zone,
    })
}

fn filter(reader: &mut SettingsReader, setting: Option<&String>) -> Option<EnvFilter> {
    let value = set(setting).unwrap_or("info");
    let directives = directives(value);
    if let Some(wrong) = directives.iter().find_map(|one| mistake_in(one)) {
        reader.mistake("RUST_LOG", &format!("is {value:?}: {wrong}; {LIKE}"));
        return None;
    }
    // At every retry, fred logs what our own lines say once. To see its lines, name it in the filter.
    let mut filter: Vec<String> = directives.iter().map(|one| without_dumps(one)).collect();
    if !value.contains("fred") {
        filter.push("fred=off".to_owned());
    }
    if directives.iter().any(|one| is_trace(one)) {
        filter.extend(DUMPING.map(|part| format!("{part}=debug")));
    }
    match EnvFilter::try_new(filter.join(",")) {
        Ok(filter) => Some(filter),
        Err(error) => {
            reader.mistake("RUST_LOG", &format!("is {value:?}: {error}; {LIKE}"));
            None
        }
    }
}

/// At level trace these dump whole requests, with the API key in them, so they log at most at level debug.
const DUMPING: [&str; 2] = ["ureq", "ureq_proto"];

fn is_trace(level: &str) -> bool {
    level.eq_ignore_ascii_case("trace") || level == "5"
}

/// The directive, or one of level debug if it would let secrets into the log.
fn without_dumps(directive: &str) -> String {
    let (target, level) = directive.split_once('=').unwrap_or((directive, "trace"));
    let part = target.split("::").next().unwrap_or_default().trim();
    let dumps = DUMPING.contains(&part) && (level.trim().is_empty() || is_trace(level.trim()));
    match dumps {
        true => format!("{target}=debug"),
        false => directive.to_owned(),
    }
}

/// The parts between commas. Fields in brackets may contain commas.
fn directives(value: &str) -> Vec<&str> {
    let mut depth = 0_i32;
    let parts = value.split(|c| {
        depth += match c {
            '[' | '{' => 1,
            ']' | '}' => -1,
            _ => 0,
        };
        c == ',' && depth <= 0
    });
    parts
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect()
}

/// The mistake in one part. The filter takes any word for the name of a program's part, so `inf` would log nothing.
fn mistake_in(directive: &str) -> Option<String> {
    if directive.contains('[') {
        return None;
    }
    let is_level = |word: &str| {
        let word = word.to_ascii_lowercase();
        LEVELS.contains(&word.as_str()) || (word.len() == 1 && "012345".contains(&word))
    };
    let (target, level) = match directive.split_once('=') {
        Some((target, level)) => (target.trim(), Some(level.trim())),
        None => (directive, None),
    };
    if let Some(level) = level.filter(|level| !level.is_empty() && !is_level(level)) {
        return Some(format!("`{level}` is not a level{}", meant(level)));
    }
    let part = target.split("::").next().unwrap_or_default();
    if level.is_none() && (is_level(target) || PARTS.contains(&part)) || part == OWN {
        return None;
    }
    let letters = |text: &str| text.replace(['-', '_'], "").to_ascii_lowercase();
    if letters(part) == letters(OWN) || letters(part) == "waha" {
        return Some(format!(
            "`{part}` is no part of the program; did you mean `{OWN}`?"
        ));
    }
    // Another program's part may be named in an environment that several programs share.
    level
        .is_none()
        .then(|| format!("`{target}` is not a level{}", meant(target)))
}

/// The level that a wrong word probably means.
fn meant(word: &str) -> String {
    let word = word.to_ascii_lowercase();
    let level = match word.as_str() {
        "verbose" | "all" => Some("trace"),
        "silent" | "none" | "quiet" => Some("off"),
        "critical" | "fatal" => Some("error"),
        _ => {
            let near = LEVELS
                .into_iter()
                .map(|level| (strsim::osa_distance(&word, level), level));
            let starts = |level: &&str| {
                word.len() > 2 && (level.starts_with(&word) || word.starts_with(*level))
            };
            let (distance, level) = near.min().unwrap_or((9, ""));
            LEVELS
                .into_iter()
                .find(starts)
                .or((distance <= 1).then_some(level))
        }
    };
    level.map_or_else(String::new, |level| format!("; did you mean `{level}`?"))
}

/// The time zone: a name or a POSIX rule (`BRT3`); `None` if it is not set.
fn zone(reader: &mut SettingsReader, setting: Option<&String>) -> Option<TimeZone> {
    let value = set(setting)?;
    let name = value.strip_prefix(':').unwrap_or(value);
    let zone = TimeZone::get(name).or_else(|_| TimeZone::posix(name)).ok();
    // Not mistakes: other programs may understand it, and the log can use UTC.
    if zone.is_none() {
        reader.warn(format!(
            "TZ is {value:?}, and there is no such time zone: the log's times are in UTC; {}",
            time_zone_hint(name)
        ));
    } else if let Some(misleading) = misleading_rule(name) {
        reader.warn(format!("TZ is {value:?}: {misleading}"));
    }
    zone
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(value: &str) -> String {
        let mut reader = SettingsReader::default();
        let read = filter(&mut reader, Some(&value.to_owned()));
        let mistakes = reader
            .finish(|_| Some(()))
            .err()
            .map(|found| found.0.join("\n"));
        assert_eq!(read.is_some(), mistakes.is_none(), "{value}");
        mistakes.unwrap_or_default()
    }

    #[test]
    fn a_filter_that_would_log_nothing_by_mistake_is_refused() {
        for (wrong, has) in [
            ("inf", "`inf` is not a level; did you mean `info`?"),
            ("warning", "did you mean `warn`?"),
            ("verbose", "did you mean `trace`?"),
            ("DEBG", "did you mean `debug`?"),
            ("info;debug", "not a level"),
            ("info debug", "not a level"),
            ("info,waha-sm=debug", "did you mean `waha_sm`?"),
            ("WAHA_SM=debug", "did you mean `waha_sm`?"),
            ("waha=debug", "did you mean `waha_sm`?"),
            (
                "waha_sm=verbose",
                "`verbose` is not a level; did you mean `trace`?",
            ),
            (
                "waha_sm=debug,9",
                "`9` is not a level; write a level (off, error",
            ),
            ("banana", "`banana` is not a level; write a level"),
            ("a=b=c", "is not a level"),
        ] {
            let mistakes = mistakes(wrong);
            assert!(
                mistakes.starts_with(&format!("RUST_LOG is {wrong:?}: ")),
                "{mistakes}"
            );
            assert!(
                mistakes.contains(has) && mistakes.contains("write a level"),
                "{wrong}: {mistakes}"
            );
        }
    }

    #[test]
    fn what_the_filter_understands_is_accepted() {
        for good in [
            "",
            "info",
            "INFO",
            "Warn",
            "off",
            "3",
            "info,waha_sm=debug",
            "warn, waha_sm::store=trace",
            "waha_sm",
            "fred",
            "fred=debug,info",
            "sqlx=warn,info",
            "waha_sm[turn{chat=1}]=debug",
            "waha_sm=",
            "info,",
        ] {
            assert_eq!(mistakes(good), "", "{good}");
        }
    }
}
