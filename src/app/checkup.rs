//! Builds the checkup: for the console, with what a daemon has, and for `doctor`, with what the settings say.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::config::{CheckedSettings, RedisConfig, WahaConfig, WebhookConfig};
use crate::data_dir;
use crate::flows::Flows;
use crate::runtime;
use crate::service::checkup::finding::Finding;
use crate::service::checkup::look::Checkup;
use crate::service::checkup::of_hooks::OwnWebhook;
use crate::service::checkup::of_redis::RedisAccess;
use crate::service::inlet::listener::CONNECTIONS_MAX;
use crate::settings::Settings;
use crate::store::{Connections, RedisServer, Store, StoreConfig};
use crate::waha::client::{Client, ClientConfig};

/// How long WAHA may take for one answer. A person waits for the checkup.
const WAHA_TIMEOUT: Duration = Duration::from_secs(3);
/// Requests to WAHA at once.
const REQUESTS_MAX: usize = 16;

/// A checkup from outside, whether a daemon runs or not.
pub fn for_settings(settings: &Settings) -> Checkup {
    let read = CheckedSettings::read(settings);
    let mistakes = read.mistakes.into_iter().map(Finding::SettingWrong);
    let warnings = read.warnings.into_iter().map(Finding::SettingRisky);
    let memory = read.redis.as_ref().and_then(private_memory);
    let data_dir = read.data_dir.as_deref();
    let restore = data_dir.and_then(data_dir::half_restored);
    let restore = restore.map(|error| Finding::DataDirUnusable(error.to_string()));
    let webhook = read.webhook.as_ref();
    Checkup {
        settings: or_good(
            mistakes
                .chain(warnings)
                .chain(memory)
                .chain(restore)
                .collect(),
        ),
        ack_replicas: read.redis.as_ref().map_or(0, |redis| redis.ack_replicas),
        redis: read.redis.map_or(RedisAccess::NotKnown, access),
        webhook: webhook.and_then(own_webhook),
        client: read.waha.as_ref().and_then(client),
        listen: read.listen,
        open_files_needed: open_files_needed(),
        data_dir: read.data_dir,
        flows: read.flow.map(|flow| Arc::new(flow.flows)),
    }
}

/// What a daemon knows of its settings, for the checkup of its console.
pub(super) struct KnownSettings {
    settings: Vec<Finding>,
    ack_replicas: u32,
    webhook: Option<OwnWebhook>,
    client: Option<Arc<Client>>,
    listen: SocketAddr,
}

impl KnownSettings {
    pub(super) fn of(
        warnings: &[String],
        redis: &RedisConfig,
        webhook: &WebhookConfig,
        waha: &WahaConfig,
    ) -> Self {
        let warnings = warnings.iter().cloned().map(Finding::SettingRisky);
        Self {
            settings: or_good(warnings.chain(private_memory(redis)).collect()),
            ack_replicas: redis.ack_replicas,
            webhook: own_webhook(webhook),
            client: client(waha),
            listen: webhook.listen,
        }
    }

    pub(super) fn checkup(self, store: Store, flows: Arc<Flows>, data_dir: PathBuf) -> Checkup {
        Checkup {
            settings: self.settings,
            redis: RedisAccess::Open(store),
            ack_replicas: self.ack_replicas,
            client: self.client,
            webhook: self.webhook,
            listen: Some(self.listen),
            open_files_needed: open_files_needed(),
            data_dir: Some(data_dir),
            flows: Some(flows),
        }
    }
}

fn or_good(found: Vec<Finding>) -> Vec<Finding> {
    match found.is_empty() {
        true => vec![Finding::SettingsWork],
        false => found,
    }
}

fn open_files_needed() -> u64 {
    runtime::open_files_needed(CONNECTIONS_MAX) as u64
}

fn access(config: RedisConfig) -> RedisAccess {
    let RedisConfig {
        url,
        prefix,
        data_dir,
        ..
    } = config;
    let config = move |server| StoreConfig {
        server,
        prefix: prefix.clone(),
        // Only opening a conversation needs it.
        first_notice_after: Duration::ZERO.into(),
        connections: Connections::default(),
    };
    match url {
        Some(url) => RedisAccess::Server(config(RedisServer::Url(url.reveal().to_owned()))),
        None => RedisAccess::Private {
            data_dir,
            config: Box::new(config),
        },
    }
}

/// `None` if it can't be made, which is a mistake in the settings.
fn client(config: &WahaConfig) -> Option<Arc<Client>> {
    let key = config.api_key.as_ref().map(|key| key.reveal().to_owned());
    let client = Client::new(ClientConfig {
        base_url: config.url.reveal().to_owned(),
        // An empty one could not be read; there is a mistake about it.
        api_key: key.filter(|key| !key.is_empty()),
        timeout: WAHA_TIMEOUT,
        connections: REQUESTS_MAX,
    });
    client.ok().map(Arc::new)
}

fn own_webhook(config: &WebhookConfig) -> Option<OwnWebhook> {
    if config.secret.reveal().is_empty() {
        return None;
    }
    Some(OwnWebhook {
        port: config.listen.port(),
        secrets: std::iter::once(&config.secret)
            .chain(&config.previous_secret)
            .cloned()
            .collect(),
        in_container: runtime::in_container(),
    })
}

/// If the private Redis may take more than this machine can give.
fn private_memory(config: &RedisConfig) -> Option<Finding> {
    if config.url.is_some() {
        return None;
    }
    let machine = runtime::memory(Path::new("/"))?;
    let allowed = Some(config.private_memory_max).filter(|max| *max > 0);
    // While it rewrites its file, it may take twice as much.
    let fits = allowed.is_some_and(|allowed| allowed <= machine / 2);
    (!fits).then_some(Finding::PrivateRedisTooLarge { allowed, machine })
}
