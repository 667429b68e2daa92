//! Settings for the log: its format, what is in it, and the time zone of its times.

use jiff::tz::TimeZone;
use tracing_subscriber::EnvFilter;

use super::reader::{SettingsReader, set};
use crate::logging::{LogConfig, LogFormat};
use crate::settings::LogSettings;

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
    // At every retry, fred logs what our own lines say once. To see its lines, name it in the filter.
    let filter = if value.contains("fred") {
        value.to_owned()
    } else {
        format!("{value},fred=off")
    };
    match EnvFilter::try_new(filter) {
        Ok(filter) => Some(filter),
        Err(error) => {
            reader.mistake(
                "RUST_LOG",
                &format!("is {value:?}: {error}; write e.g. info or waha_sm=debug"),
            );
            None
        }
    }
}

/// The time zone: a name or a POSIX rule (`BRT3`); `None` if it is not set.
fn zone(reader: &mut SettingsReader, setting: Option<&String>) -> Option<TimeZone> {
    let value = set(setting)?;
    let name = value.strip_prefix(':').unwrap_or(value);
    let zone = TimeZone::get(name).or_else(|_| TimeZone::posix(name)).ok();
    if zone.is_none() {
        // Not a mistake: other programs may understand it, and the log can use UTC.
        reader.warn(format!(
            "TZ is {value:?}, and there is no such time zone: the log's times are in UTC; write e.g. America/Sao_Paulo"
        ));
    }
    zone
}
