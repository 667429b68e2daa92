//! The settings of the daemon that runs on a data directory. A command may have others, for example one that cron starts.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use clap::{ArgMatches, Args as _, Command};

use crate::config;
use crate::health::{RunningDaemon, running};
use crate::settings::Settings;

/// See the module.
pub(super) struct DaemonSettings {
    daemon: RunningDaemon,
    flags: ArgMatches,
}

impl DaemonSettings {
    /// `None` if no daemon runs there, or if we may not look at it.
    pub(super) fn find(data_dir: &Path) -> Option<Self> {
        let all = running(None).unwrap_or_default();
        let mut found = all.into_iter().filter_map(Self::of);
        found.find(|one| is_same(&one.data_dir(), data_dir))
    }

    /// Whether a daemon runs here that could be the one, and we can't know.
    pub(super) fn any_is_hidden() -> bool {
        let all = running(None).unwrap_or_default();
        all.iter().any(|daemon| daemon.directory().is_none())
    }

    fn of(daemon: RunningDaemon) -> Option<Self> {
        let command = Command::new("daemon")
            .no_binary_name(true)
            .ignore_errors(true);
        let command = Settings::augment_args(command);
        let flags = command.try_get_matches_from(daemon.arguments()).ok()?;
        Some(Self { daemon, flags })
    }

    fn data_dir(&self) -> PathBuf {
        self.path(&config::data_dir(self.value("DATA_DIR").as_ref()))
    }

    /// A path as the daemon understands it.
    pub(super) fn path(&self, typed: &Path) -> PathBuf {
        let directory = self.daemon.directory().unwrap_or_default();
        directory.join(typed)
    }

    /// A setting, by the name of its variable.
    pub(super) fn value(&self, name: &str) -> Option<OsString> {
        let command = Settings::augment_args(Command::new("daemon"));
        let arguments = command.get_arguments();
        let flag = arguments
            .filter(|one| one.get_env().is_some_and(|env| env == name))
            .map(|one| one.get_id().as_str().to_owned())
            .find(|id| self.flags.value_source(id) == Some(ValueSource::CommandLine));
        let typed = flag.and_then(|id| {
            let mut values = self.flags.get_raw(&id)?;
            values.next().map(OsString::from)
        });
        typed.or_else(|| self.daemon.variable(name))
    }
}

fn is_same(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}
