//! The Lua scripts: the only places where state changes. One file each in `lua/`, one registry here.

use std::sync::Arc;

use fred::clients::Client;
use fred::interfaces::ClientLike;
use fred::types::Value;
use fred::types::scripts::Script;

use super::Error;
use super::contact::Contact;
use super::keys::{self, Keys};

const SHARED: &str = include_str!("lua/shared.lua");
/// Only for scripts that learn which ids are one person.
const PEOPLE: &str = include_str!("lua/people.lua");
/// Only for scripts that learn who writes, or look whose time is over.
const PHONE: &str = include_str!("lua/phone.lua");

/// A script as it is in the repository.
struct Source {
    name: &'static str,
    lua: &'static str,
    /// How many arguments it takes for the whole call, before those per item.
    arguments: usize,
}

macro_rules! sources {
    ($($name:ident: $arguments:literal),* $(,)?) => {
        const SOURCES: &[Source] = &[$(Source {
            name: stringify!($name),
            lua: include_str!(concat!("lua/", stringify!($name), ".lua")),
            arguments: $arguments,
        }),*];

        /// Every script of ours, ready to be called.
        #[derive(Clone)]
        pub(crate) struct Scripts {
            $(pub(crate) $name: StateChange,)*
        }

        impl Scripts {
            pub(crate) fn new(client: &Client, keys: &Keys, contact: &Arc<Contact>) -> Self {
                let mut sources = SOURCES.iter();
                Self { $($name: StateChange::new(client, keys, contact, sources.next()),)* }
            }
        }
    };
}

sources! {
    ingest: 5,
    record: 4,
    learn: 4,
    claim: 5,
    commit: 3,
    release: 4,
    look: 4,
    announce: 3,
    overdue: 4,
    take_lanes: 4,
    attempt: 1,
    settle: 4,
    revive: 2,
    tell: 6,
    status: 6,
    spread: 3,
    read: 2,
}

/// One script, bound to a connection.
#[derive(Clone)]
pub(crate) struct StateChange {
    script: Arc<Script>,
    client: Client,
    contact: Arc<Contact>,
    keys: Keys,
    name: &'static str,
    arguments: usize,
}

impl StateChange {
    fn new(client: &Client, keys: &Keys, contact: &Arc<Contact>, source: Option<&Source>) -> Self {
        let (name, lua, arguments) = source.map_or(("", "", 0), |s| (s.name, s.lua, s.arguments));
        Self {
            script: Arc::new(Script::from_lua(assemble(lua, &keys.bell()))),
            client: client.clone(),
            contact: contact.clone(),
            keys: keys.clone(),
            name,
            arguments,
        }
    }

    /// Runs the script for one session; `arguments` begin with what the script's header names after `session`.
    ///
    /// # Errors
    /// [`Error::Away`] at once while the connection is down: a command that waits for it could run long after its
    /// caller gave up. [`Error::Redis`] for what Redis refuses.
    pub(crate) async fn run(&self, session: &str, arguments: Arguments) -> Result<Value, Error> {
        debug_assert!(
            arguments.0.len() + 1 >= self.arguments,
            "{} takes {} arguments",
            self.name,
            self.arguments
        );
        if !self.client.is_connected() {
            return Err(Error::Away);
        }
        let mut all = Vec::with_capacity(arguments.0.len() + 1);
        all.push(Value::from(session));
        all.extend(arguments.0);
        self.script
            .evalsha_with_reload(&self.client, vec![self.keys.namespace(session)], all)
            .await
            .map_err(|source| {
                self.contact.note(&source);
                Error::Script {
                    name: self.name,
                    source,
                }
            })
    }
}

/// The arguments of a script call, in the order of its header.
#[derive(Default)]
pub(crate) struct Arguments(Vec<Value>);

impl Arguments {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn text(mut self, text: &str) -> Self {
        self.push_text(text);
        self
    }

    pub(crate) fn number(mut self, number: i64) -> Self {
        self.push_number(number);
        self
    }

    pub(crate) fn push_text(&mut self, text: &str) {
        self.0.push(Value::from(text));
    }

    pub(crate) fn push_number(&mut self, number: i64) {
        self.0.push(Value::from(number));
    }
}

fn assemble(lua: &str, bell: &str) -> String {
    let people = if lua.contains("person(") { PEOPLE } else { "" };
    let phone = if !people.is_empty() || lua.contains(" phone_") {
        PHONE
    } else {
        ""
    };
    let body = format!("{SHARED}\n{phone}\n{people}\n{lua}");
    // The prefix is checked by the settings to hold nothing that Lua would take for the end of the string.
    format!(
        "local SESSION, BELL = ARGV[1], '{bell}'\n{}{body}",
        keys::lua_names(&body)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_script_opens_with_its_contract_and_takes_as_many_arguments_as_it_says() {
        for source in SOURCES {
            let header: String = source
                .lua
                .lines()
                .take_while(|l| l.starts_with("--"))
                .collect::<Vec<_>>()
                .join("\n");
            for part in ["-- KEYS: namespace", "-- ARGV: session", "-- Returns"] {
                assert!(header.contains(part), "{}: no '{part}'", source.name);
            }
            let whole = header
                .split("-- ARGV:")
                .nth(1)
                .and_then(|h| h.split("-- Returns").next())
                .unwrap_or_default();
            let common = whole.split(", then per").next().unwrap_or_default();
            let mut depth = 0;
            let commas = common.chars().filter(|c| {
                depth += i32::from(*c == '(') - i32::from(*c == ')');
                *c == ',' && depth == 0
            });
            assert_eq!(commas.count() + 1, source.arguments, "{}", source.name);
        }
    }

    #[test]
    fn the_registry_holds_every_file() {
        let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/store/lua"))
            .unwrap()
            .count();
        assert_eq!(
            files,
            SOURCES.len() + 3,
            "shared.lua, people.lua, phone.lua and one file per script"
        );
    }
}
