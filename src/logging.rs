//! The log on standard error: lines for people, or JSON for machines. Text from customers or WAHA can't control a terminal.

use std::fmt::{self, Write as _};
use std::io::{self, IsTerminal as _};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tracing::field::{Field, Visit};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::terminal::{self, OneLine};

/// How to log.
#[derive(Clone, Debug)]
pub struct LogConfig {
    /// The format of a line.
    pub format: LogFormat,
    /// What to log.
    pub filter: EnvFilter,
    /// The time zone of the times; `None`: UTC.
    pub zone: Option<TimeZone>,
}

/// The format of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

/// Starts logging. If this process already has a log, that one stays.
pub fn start(config: LogConfig) {
    let builder = tracing_subscriber::fmt()
        .with_env_filter(config.filter)
        .with_timer(LogTime(config.zone))
        .with_target(false);
    let started = match config.format {
        LogFormat::Text => {
            let builder = builder.with_writer(io::stderr);
            // On a terminal we keep the default: colours, unless NO_COLOR is set (https://no-color.org).
            let builder = match io::stderr().is_terminal() {
                true => builder,
                false => builder.with_ansi(false),
            };
            builder.fmt_fields(PlainFields).finish().try_init()
        }
        LogFormat::Json => builder
            .with_writer(|| SafeJsonLines(io::stderr()))
            .json()
            .flatten_event(true)
            .finish()
            .try_init(),
    };
    drop(started);
}

/// The time of a line, to the millisecond: in the zone, with its offset, or in UTC.
struct LogTime(Option<TimeZone>);

impl FormatTime for LogTime {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        let now = Timestamp::now();
        match &self.0 {
            None => write!(writer, "{now:.3}"),
            Some(zone) => {
                let local = now.to_zoned(zone.clone());
                write!(writer, "{}", local.strftime("%Y-%m-%dT%H:%M:%S%.3f%:z"))
            }
        }
    }
}

/// Writes an event's message and fields on one line that can't control a terminal: `message reason="no answer" retry_in=2s`.
struct PlainFields;

impl<'writer> FormatFields<'writer> for PlainFields {
    fn format_fields<R: RecordFields>(
        &self,
        mut writer: Writer<'writer>,
        fields: R,
    ) -> fmt::Result {
        let mut line = PlainLine {
            line: OneLine(&mut writer),
            empty: true,
            written: Ok(()),
        };
        fields.record(&mut line);
        line.written
    }
}

struct PlainLine<'a> {
    line: OneLine<'a>,
    empty: bool,
    written: fmt::Result,
}

impl PlainLine<'_> {
    fn show(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        // These fields name the place in a library's source.
        if self.written.is_err() || field.name().starts_with("log.") {
            return;
        }
        let space = if self.empty { "" } else { " " };
        self.empty = false;
        self.written = match field.name() {
            "message" => write!(self.line, "{space}{value}"),
            name => write!(self.line, "{space}{name}={}", quoted(value.to_string())),
        };
    }
}

impl Visit for PlainLine<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.show(field, format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.show(field, format_args!("{value:?}"));
    }
}

/// The value, in quotes if its end would not be clear without them.
fn quoted(value: String) -> String {
    if value.is_empty() || value.contains(|c: char| c.is_whitespace() || c == '"') {
        format!("\"{}\"", value.replace('"', "\\\""))
    } else {
        value
    }
}

/// Escapes characters that JSON allows but that control some terminals.
struct SafeJsonLines<Out>(Out);

impl<Out: io::Write> io::Write for SafeJsonLines<Out> {
    /// An event comes in one piece, with its newline.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let mut safe = Vec::with_capacity(text.len() + 1);
        terminal::write_json(text.trim_end_matches('\n'), &mut safe)?;
        safe.push(b'\n');
        self.0.write_all(&safe)?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// Keeps what is logged.
    #[derive(Clone, Default)]
    pub(crate) struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Kept {
        pub(crate) fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn log() {
        let error = "a\u{1b}[31m\u{9b}b\0\u{7f}\r\nERROR forged\u{202e}é";
        tracing::warn!(%error, quoted = error, "it {error}");
    }

    #[test]
    fn what_others_wrote_is_one_line_without_anything_that_a_terminal_obeys() {
        let kept = Kept::default();
        let writer = kept.clone();
        let builder = tracing_subscriber::fmt().with_ansi(false);
        let text = builder
            .with_writer(move || writer.clone())
            .fmt_fields(PlainFields)
            .finish();
        tracing::subscriber::with_default(text, log);
        let writer = kept.clone();
        let json = tracing_subscriber::fmt()
            .with_writer(move || SafeJsonLines(writer.clone()))
            .json()
            .finish();
        tracing::subscriber::with_default(json, log);

        let shown = kept.text();
        let unsafe_one = shown
            .chars()
            .find(|c| *c != '\n' && terminal::is_unsafe(*c));
        assert_eq!((unsafe_one, shown.lines().count()), (None, 2), "{shown:?}");
        assert!(
            shown
                .lines()
                .all(|line| line.contains("forged") && line.contains('é'))
        );
        let json: serde_json::Value = serde_json::from_str(shown.lines().nth(1).unwrap()).unwrap();
        assert!(
            json["fields"]["error"]
                .as_str()
                .unwrap()
                .contains("\u{9b}b\0\u{7f}")
        );
    }

    fn text_of(log: impl FnOnce(), timer: LogTime) -> String {
        let kept = Kept::default();
        let writer = kept.clone();
        let text = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_timer(timer)
            .with_target(false)
            .with_writer(move || writer.clone())
            .fmt_fields(PlainFields)
            .finish();
        tracing::subscriber::with_default(text, log);
        kept.text()
    }

    #[test]
    fn a_value_is_in_quotes_only_if_its_end_could_not_be_seen_otherwise() {
        let log = || {
            tracing::info!(
                session = "shop",
                count = 2,
                none = "",
                reason = "no \"answer\"",
                error = %"can't connect",
                "it failed"
            );
        };
        let line = text_of(log, LogTime(None));
        let (_, fields) = line.split_once("INFO ").unwrap();
        assert_eq!(
            fields.trim_end(),
            r#"it failed session=shop count=2 none="" reason="no \"answer\"" error="can't connect""#
        );
    }

    #[test]
    fn times_are_local_in_a_zone_and_else_utc() {
        let time = |zone: Option<&str>| {
            let zone = zone.map(|name| TimeZone::get(name).unwrap());
            let line = text_of(|| tracing::info!("now"), LogTime(zone));
            let time = line.split(' ').next().unwrap().to_owned();
            let parsed: Timestamp = time.parse().unwrap();
            assert!(
                parsed.duration_until(Timestamp::now()).as_secs() < 60,
                "{time}"
            );
            time
        };
        let local = time(Some("America/Sao_Paulo"));
        assert!(local.ends_with("-03:00") && local.len() == 29, "{local}");
        let utc = time(None);
        assert!(utc.ends_with('Z') && utc.len() == 24, "{utc}");
    }
}
