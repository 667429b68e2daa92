//! Settings for conversations: how they are handled and answered.

use super::reader::{SettingsReader, set};
use crate::service::deliver::send_config::{InDoubt, Pacing};
use crate::settings::HandlingSettings;

/// A worker takes a few kilobytes. A higher number is probably a typing mistake.
const WORKERS_MAX: usize = 100_000;

/// How conversations are handled and answered.
#[derive(Debug)]
pub struct HandlingConfig {
    /// How many conversations are handled at a time.
    pub workers: usize,
    /// Whether to type like a person.
    pub pacing: Pacing,
    /// What to do with a reply if WAHA can't tell whether it was sent.
    pub in_doubt: InDoubt,
}

impl HandlingConfig {
    pub(super) fn read(reader: &mut SettingsReader, settings: &HandlingSettings) -> Option<Self> {
        let workers = workers(reader, settings.workers.as_ref());
        let pacing = reader.choice(
            "PACING",
            settings.pacing.as_ref(),
            &[("human", Pacing::Human), ("off", Pacing::Off)],
        );
        let in_doubt = reader.choice(
            "IN_DOUBT",
            settings.in_doubt.as_ref(),
            &[("resend", InDoubt::Resend), ("hold", InDoubt::Hold)],
        );
        Some(Self {
            workers: workers?,
            pacing: pacing?,
            in_doubt: in_doubt?,
        })
    }
}

fn workers(reader: &mut SettingsReader, setting: Option<&String>) -> Option<usize> {
    let value = set(setting).unwrap_or("1");
    let workers = value
        .parse()
        .ok()
        .filter(|workers| (1..=WORKERS_MAX).contains(workers));
    if workers.is_none() {
        reader.mistake(
            "WORKERS",
            &format!("is {value:?}: write a whole number from 1 to {WORKERS_MAX}"),
        );
    }
    workers
}
