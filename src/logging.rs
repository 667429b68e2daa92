//! The log: lines for people, or JSON for machines, on standard error. What others wrote steers no terminal there.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::fmt::format::debug_fn;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::LogFormat;
use crate::terminal::{self, OneLine};

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
            .fmt_fields(
                debug_fn(|writer, field, value| {
                    let mut line = OneLine(writer);
                    match field.name() {
                        "message" => write!(line, "{value:?}"),
                        // Where in a library's source it was said.
                        name if name.starts_with("log.") => Ok(()),
                        name => write!(line, "{name}={value:?}"),
                    }
                })
                .delimited(" "),
            )
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

/// JSON lets through what some terminals obey.
struct SafeJson(io::Stderr);

impl io::Write for SafeJson {
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
