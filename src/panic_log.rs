//! Logs each panic as one line of the log, in its format, with the place and what to do. Without this, a panic prints several
//! lines of plain text beside the log, with whatever its message quotes.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::{self, PanicHookInfo};
use std::thread;

use tracing::dispatcher::get_default;
use tracing::error;
use tracing::subscriber::NoSubscriber;

/// Replaces a message that may quote a customer.
const NOT_SHOWN: &str = "(not shown, because it may quote what a customer wrote)";

/// Logs panics from now on.
pub(crate) fn start() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        // There is no log yet, or this panic is in the log itself.
        if get_default(|log| log.is::<NoSubscriber>()) {
            before(panic);
        } else {
            log(panic);
        }
    }));
}

fn log(panic: &PanicHookInfo<'_>) {
    // A message without arguments is in our source, or in a library's.
    let reason = panic.payload().downcast_ref::<&'static str>();
    let reason = reason.copied().unwrap_or(NOT_SHOWN);
    let place = panic
        .location()
        .map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    let thread = thread::current();
    let backtrace = Backtrace::capture();
    let backtrace =
        (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
    error!(
        place,
        thread = thread.name().unwrap_or("unnamed"),
        reason,
        backtrace,
        "panicked at {place}: this is a bug in waha-sm. Please report it with this line and the lines after it; nothing that \
        was saved is lost"
    );
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::logging::tests::Kept;

    #[test]
    fn a_panic_is_one_line_of_the_log_with_its_place_and_without_what_it_quotes() {
        start();
        let kept = Kept::default();
        let writer = kept.clone();
        let json = tracing_subscriber::fmt()
            .json()
            .flatten_event(true)
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::with_default(json, || {
            for words in ["12345678901", "Ana"] {
                let quoting = panic::catch_unwind(|| panic!("can't add {words}"));
                assert!(quoting.is_err());
            }
            let quoting = panic::catch_unwind(|| "12345678901é"[..12].to_owned());
            assert!(quoting.is_err());
            let plain = panic::catch_unwind(|| panic!("no such thing"));
            assert!(plain.is_err());
        });
        let text = kept.text();
        assert!(
            !text.contains("12345678901") && !text.contains("Ana"),
            "{text}"
        );
        let lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 4, "{text}");
        for line in &lines {
            assert_eq!(line["level"], "ERROR");
            let message = line["message"].as_str().unwrap();
            assert!(message.contains("panicked at ") && message.contains("report it"));
        }
        assert!(
            lines[0]["place"]
                .as_str()
                .unwrap()
                .starts_with("src/panic_log.rs:")
        );
        assert_eq!(lines[3]["reason"], "no such thing");
    }
}
