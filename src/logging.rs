//! The log: lines for people, or JSON for machines, on standard error. What others wrote steers no terminal there.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::debug_fn;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::LogFormat;
use crate::terminal;
use crate::terminal::OneLine;

/// Starts logging. If somebody else does in this process already, theirs stays.
pub fn start(format: LogFormat, filter: EnvFilter) {
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_target(false);
    let started = match format {
        LogFormat::Text => builder
            .with_writer(io::stderr)
            .with_ansi(io::stderr().is_terminal())
            // Before the colours are added, which are escapes themselves.
            .fmt_fields(safe_fields())
            .finish()
            .try_init(),
        LogFormat::Json => builder
            .with_writer(|| SafeJson(io::stderr()))
            .json()
            .flatten_event(true)
            .finish()
            .try_init(),
    };
    drop(started);
}

/// The message and the fields of an event, on one line that steers no terminal.
fn safe_fields() -> impl for<'writer> FormatFields<'writer> + 'static {
    debug_fn(|writer, field, value| {
        let mut line = OneLine(writer);
        match field.name() {
            "message" => write!(line, "{value:?}"),
            // Where in a library's source it was said.
            name if name.starts_with("log.") => Ok(()),
            name => write!(line, "{name}={value:?}"),
        }
    })
    .delimited(" ")
}

/// JSON lets through what some terminals obey.
struct SafeJson<Out>(Out);

impl<Out: io::Write> io::Write for SafeJson<Out> {
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
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

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
            .fmt_fields(safe_fields())
            .finish();
        tracing::subscriber::with_default(text, log);
        let writer = kept.clone();
        let json = tracing_subscriber::fmt()
            .with_writer(move || SafeJson(writer.clone()))
            .json()
            .finish();
        tracing::subscriber::with_default(json, log);

        let shown = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
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
}
