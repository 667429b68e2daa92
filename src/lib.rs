//! waha-sm

pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod data_dir;
pub mod flow;
pub mod health;
pub mod history;
pub mod logging;
pub mod service;
pub mod store;
pub mod waha;

/// An error with all that lies behind it and is not in its own text.
pub(crate) fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        source = inner.source();
    }
    text
}
