//! Settings for flows: which flow customers follow, and the secret that signs its calls to the shop's own system.

use std::path::Path;

use super::reader::{SettingsReader, guessable, set};
use super::role::Role;
use crate::flow::Locale;
use crate::flows::Flows;
use crate::secret::Secret;
use crate::settings::FlowSettings;

/// Which flow customers follow.
#[derive(Debug)]
pub struct FlowConfig {
    /// The flow of each session.
    pub flows: Flows,
    /// The secret that signs calls.
    pub call_secret: Option<Secret>,
    /// The warning to log once a flow calls the shop's own system on another machine; `None` if it is among the warnings of
    /// the start.
    pub warning_of_calls: Option<String>,
}

impl FlowConfig {
    pub(super) fn read(
        reader: &mut SettingsReader,
        settings: &FlowSettings,
        role: Role,
    ) -> Option<Self> {
        let locale = reader.parsed(
            "LOCALE",
            settings.locale.as_ref(),
            "en",
            "one of en, pt-BR, es",
        );
        let flows = flows(
            reader,
            settings.flow_file.as_ref(),
            locale.unwrap_or(Locale::En),
        );
        let call_secret = reader.secret(
            "FLOW_CALL_HMAC_SECRET",
            settings.flow_call_hmac_secret.as_ref(),
            settings.flow_call_hmac_secret_file.as_ref(),
        );
        let mut warning_of_calls = match role.works() {
            true => warning_of_calls(call_secret.as_ref()),
            false => None,
        };
        let flows = flows?;
        if flows.loaded().calls_other_machines()
            && let Some(warning) = warning_of_calls.take()
        {
            reader.warn(warning);
        }
        Some(Self {
            flows,
            call_secret,
            warning_of_calls,
        })
    }
}

fn flows(reader: &mut SettingsReader, place: Option<&String>, locale: Locale) -> Option<Flows> {
    match Flows::load(set(place).map(Path::new), locale) {
        Ok(flows) => Some(flows),
        Err(mistakes) => {
            for mistake in mistakes {
                reader.mistake("FLOW_FILE", &mistake);
            }
            None
        }
    }
}

fn warning_of_calls(secret: Option<&Secret>) -> Option<String> {
    match secret {
        None => Some(
            "the flow calls your own system, but FLOW_CALL_HMAC_SECRET is not set: the calls are not signed, so that system \
             can't tell them from anybody else's; make a secret with: openssl rand -hex 32"
                .to_owned(),
        ),
        Some(secret) => guessable("FLOW_CALL_HMAC_SECRET", secret),
    }
}
