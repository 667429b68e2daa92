//! The registry of the Lua scripts, one file each in `lua/`: the arguments that they take, and how they are called.

use std::collections::HashSet;
use std::sync::{Arc, OnceLock};

use fred::bytes_utils::Str;
use fred::types::Value;
use fred::types::scripts::Script;

use crate::clock::Millis;
use crate::ids::SessionName;
use crate::store::connection::config::FirstNoticeDelay;
use crate::store::connection::redis::Redis;
use crate::store::connection::redis_command::RedisCommand;
use crate::store::error::StoreError;
use crate::store::scripts::arguments::Arguments;
use crate::store::scripts::keys::{Keys, lua_names};

/// Goes in front of every script.
const BASICS: &str = include_str!("../lua/shared/basics.lua");

macro_rules! includes {
    ($($name:ident),* $(,)?) => {
        /// The shared files, by name. Each goes in front of the scripts that name it in their header (`-- Uses: ...`). Each
        /// stands after those that it uses itself.
        const INCLUDES: &[(&str, &str)] = &[$((
            stringify!($name),
            include_str!(concat!("../lua/shared/", stringify!($name), ".lua")),
        )),*];
    };
}

includes! {
    server, inbox, seen, pace, lines, conversations, sent_by_us, lanes, limits, owner_takeover, message_changes, unseen, merge_chats, actions, notices,
}

/// How many arguments every script gets: the session, the time, and how long a conversation waits before its first notice.
const OF_EACH_SCRIPT: usize = 3;

/// How many arguments a script takes, without those that every script gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Arity {
    /// For the whole call.
    call_arguments: usize,
    /// For each item after that; 0: there are no items.
    per_item: usize,
    /// The last argument of an item is a count: that many more follow.
    counted: bool,
}

const fn call(call_arguments: usize) -> Arity {
    items(call_arguments, 0)
}

const fn items(call_arguments: usize, per_item: usize) -> Arity {
    Arity {
        call_arguments,
        per_item,
        counted: false,
    }
}

const fn counted_items(call_arguments: usize, per_item: usize) -> Arity {
    Arity {
        counted: true,
        ..items(call_arguments, per_item)
    }
}

impl Arity {
    fn fits(self, arguments: &[Value]) -> bool {
        let Some(mut rest) = arguments.get(self.call_arguments..) else {
            return false;
        };
        while let (false, Some(last)) = (rest.is_empty(), self.per_item.checked_sub(1)) {
            let more = match rest.get(last) {
                Some(count) if self.counted => count.as_usize(),
                Some(_) => Some(0),
                None => None,
            };
            let Some(after) = more.and_then(|more| rest.get(self.per_item + more..)) else {
                return false;
            };
            rest = after;
        }
        rest.is_empty()
    }
}

/// A script as it is in the repository.
struct ScriptFile {
    name: &'static str,
    lua: &'static str,
    arity: Arity,
}

macro_rules! scripts {
    ($($name:ident: $arity:expr),* $(,)?) => {
        /// All our scripts, ready to be called.
        #[derive(Clone)]
        pub(crate) struct Scripts {
            $(pub(crate) $name: StateChange,)*
        }

        impl Scripts {
            pub(crate) fn new(context: ScriptContext) -> Self {
                let context = Arc::new(context);
                Self { $($name: StateChange::new(&context, &script_file!($name: $arity)),)* }
            }
        }

        #[cfg(test)]
        const FILES: &[ScriptFile] = &[$(script_file!($name: $arity)),*];
    };
}

macro_rules! script_file {
    ($name:ident: $arity:expr) => {
        ScriptFile {
            name: stringify!($name),
            lua: include_str!(concat!("../lua/", stringify!($name), ".lua")),
            arity: $arity,
        }
    };
}

scripts! {
    ingest: items(2, 14),
    record: items(1, 14),
    link_ids: items(1, 2),
    claim: call(3),
    commit: counted_items(0, 15),
    release: call(1),
    due: call(1),
    due_waiting: call(3),
    announce: counted_items(1, 14),
    expire: call(1),
    take_lanes: call(2),
    attempt: items(0, 5),
    settle: items(2, 11),
    retry_dead: items(0, 2),
    notify_owner: call(4),
    status: call(5),
    write_back: items(6, 2),
    read: call(2),
    line: call(2),
    show: call(2),
    people: call(1),
    take: items(9, 1),
    say: call(8),
    note: call(7),
    give: call(10),
    close: call(10),
    move_in_line: call(7),
    pause_line: call(5),
    return_held: items(1, 2),
    erase: items(3, 1),
    forget_marks: items(2, 1),
    rewrite_history: call(1),
}

/// What the scripts need to run.
pub(crate) struct ScriptContext {
    pub(crate) client: Redis,
    pub(crate) keys: Keys,
    pub(crate) first_notice_after: FirstNoticeDelay,
}

/// One script, bound to a connection.
#[derive(Clone)]
pub(crate) struct StateChange {
    /// Assembled when it is first run: a command of a person runs one or two of them, and shall not wait for all.
    script: Arc<OnceLock<Script>>,
    lua: &'static str,
    context: Arc<ScriptContext>,
    name: &'static str,
    arity: Arity,
}

impl StateChange {
    fn new(context: &Arc<ScriptContext>, file: &ScriptFile) -> Self {
        Self {
            script: Arc::default(),
            lua: file.lua,
            context: context.clone(),
            name: file.name,
            arity: file.arity,
        }
    }

    /// Runs the script for one session at `now`; `arguments` are those in its header. Every script also gets the session,
    /// the time, and how long a conversation of that session waits before its first notice.
    ///
    /// # Errors
    /// [`StoreError::Disconnected`] at once while the connection is down: a command that waits for it could run long after its
    /// caller gave up. [`StoreError::Script`] if the script fails or Redis refuses it.
    pub(crate) async fn run(
        &self,
        session: &SessionName,
        now: Millis,
        arguments: Arguments,
    ) -> Result<Value, StoreError> {
        let context = &self.context;
        let first_notice_after = context.first_notice_after.of(session);
        let of_each = Arguments::new().text(session.as_str()).time(now);
        let mut all = of_each.length(first_notice_after).into_values();
        all.extend(arguments.into_values());
        debug_assert!(
            self.arity.fits(&all[OF_EACH_SCRIPT..]),
            "{} takes {:?}, not {} arguments",
            self.name,
            self.arity,
            all.len() - OF_EACH_SCRIPT
        );
        let script = self
            .script
            .get_or_init(|| Script::from_lua(assemble(self.lua, &context.keys.bell())));
        let call = |name, script: Option<&Str>, arguments: Vec<Value>| {
            let script = script.cloned().unwrap_or_default();
            let keys = context.keys.of_scripts(session);
            let command = RedisCommand::script(name, script.into(), keys, arguments);
            context.client.send(command)
        };
        let called = match call("EVALSHA", Some(script.sha1()), all.clone()).await {
            // A server that does not have it yet. From now on it has.
            Err(StoreError::Redis(reason)) if reason.starts_with("NOSCRIPT") => {
                call("EVAL", script.lua(), all).await
            }
            called => called,
        };
        called.map_err(|error| match error {
            StoreError::Redis(reason) => StoreError::Script {
                name: self.name,
                reason,
            },
            other => other,
        })
    }
}

/// The shared files that a file names in its header.
fn uses(lua: &str) -> Vec<&str> {
    lua.lines()
        .take_while(|line| line.starts_with("--"))
        .find_map(|line| line.strip_prefix("-- Uses: "))
        .map_or_else(Vec::new, |names| names.split(", ").collect())
}

fn assemble(lua: &str, bell: &str) -> String {
    let mut needed = uses(lua);
    let mut shared = Vec::new();
    // From the last to the first, because each stands after those that it uses.
    for (name, include) in INCLUDES.iter().rev() {
        if needed.contains(name) {
            needed.extend(uses(include));
            shared.push(*include);
        }
    }
    shared.push(BASICS);
    let mut body = lua.to_owned();
    let mut mentioned: HashSet<&str> = code(lua).flat_map(words).collect();
    for file in shared {
        let block = in_a_block(file, &mut mentioned);
        body = format!("{block}\n{body}");
    }
    // The settings check the prefix, so it has nothing in it that would end the string in Lua.
    format!("local BELL = '{bell}'\n{}{body}", lua_names(&mentioned))
}

/// What the parts after it need of a shared file, in a block of its own. Redis runs the whole text at each call, and making a function
/// takes time even if nobody calls it. Only the names in `mentioned` are visible after the block: Lua allows 200 names at once in one
/// function. Adds the words of the block to `mentioned`.
fn in_a_block<'a>(lua: &'a str, mentioned: &mut HashSet<&'a str>) -> String {
    let mut needed = mentioned.clone();
    let (mut visible, mut kept) = (Vec::new(), Vec::new());
    for definition in definitions(lua).iter().rev() {
        let names = defined_in(definition.first().copied().unwrap_or_default());
        let is_visible = names.iter().any(|name| mentioned.contains(name));
        if is_visible || names.iter().any(|name| needed.contains(name)) {
            needed.extend(definition.iter().copied().flat_map(words));
            let text = definition.join("\n");
            kept.push(match text.strip_prefix("local ") {
                Some(defined) if is_visible => defined.to_owned(),
                _ => text,
            });
        }
        if is_visible {
            visible.push(names.join(", "));
        }
    }
    *mentioned = needed;
    kept.reverse();
    visible.reverse();
    let block = kept.join("\n");
    match visible.is_empty() {
        true => String::new(),
        false => format!("local {}\ndo\n{block}\nend", visible.join(", ")),
    }
}

/// The functions and constants of a shared file, each as its lines.
fn definitions(lua: &str) -> Vec<Vec<&str>> {
    let mut definitions: Vec<Vec<&str>> = Vec::new();
    for line in code(lua) {
        match definitions.last_mut() {
            Some(definition) if !line.starts_with("local ") => definition.push(line),
            _ => definitions.push(vec![line]),
        }
    }
    definitions
}

/// The lines that are not empty or only a comment.
fn code(lua: &str) -> impl Iterator<Item = &str> {
    let is_code = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with("--");
    lua.lines().filter(is_code)
}

fn words(lua: &str) -> impl Iterator<Item = &str> {
    lua.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
}

/// The functions and constants that a line at the left margin defines.
fn defined_in(line: &str) -> Vec<&str> {
    let Some(defined) = line.strip_prefix("local ") else {
        return Vec::new();
    };
    match defined.strip_prefix("function ") {
        Some(function) => function.split('(').take(1).collect(),
        None => match defined.split_once(" = ") {
            Some((names, _)) => names.split(", ").collect(),
            None => Vec::new(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(lua: &str) -> String {
        lua.lines()
            .map_while(|line| line.strip_prefix("--"))
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// The parts of a list. A comma in brackets does not separate.
    fn parts(list: &str) -> Vec<String> {
        let mut depth = 0;
        list.split(|c: char| {
            depth += i32::from(c == '(') - i32::from(c == ')');
            c == ',' && depth == 0
        })
        .map(|part| part.trim().to_owned())
        .collect()
    }

    #[test]
    fn every_script_opens_with_its_contract_and_takes_the_arguments_that_it_says() {
        for file in FILES {
            let header = header(file.lua);
            for part in [" KEYS: namespace", " ARGV: ", " Returns"] {
                assert!(header.contains(part), "{}: no '{part}'", file.name);
            }
            let arguments = header.split(" ARGV: ").nth(1).unwrap();
            let arguments = arguments.split(" Returns").next().unwrap();
            let (whole, item) = match arguments.split_once("per ") {
                Some((whole, item)) => {
                    let whole = whole.trim_end().trim_end_matches(", then");
                    (whole, item.split_once(':').unwrap().1)
                }
                None => (arguments, ""),
            };
            let count = |list: &str| parts(list).iter().filter(|part| !part.is_empty()).count();
            let counted = item.trim_end().ends_with("...");
            let said = Arity {
                call_arguments: count(whole),
                per_item: count(item) - usize::from(counted),
                counted,
            };
            assert_eq!(said, file.arity, "{}", file.name);
        }
    }

    #[test]
    fn arguments_fit_where_each_item_is_whole() {
        let values = |texts: &[&str]| texts.iter().map(|t| Value::from(*t)).collect::<Vec<_>>();
        for (arity, arguments, fit) in [
            (call(1), &["a"][..], true),
            (call(1), &[], false),
            (call(1), &["a", "b"], false),
            (items(1, 2), &["a"], true),
            (items(1, 2), &["a", "b", "c"], true),
            (items(1, 2), &["a", "b"], false),
            (counted_items(0, 2), &["a", "0", "b", "1", "c"], true),
            (counted_items(0, 2), &["a", "2", "b"], false),
        ] {
            assert_eq!(
                arity.fits(&values(arguments)),
                fit,
                "{arity:?} {arguments:?}"
            );
        }
    }

    /// Whether the code mentions something that a line defines. The name of a function counts only where it is called: a variable
    /// may have the same.
    fn mentions(lua: &str, defining: &str) -> bool {
        let is_function = defining.starts_with("local function ");
        let names = defined_in(defining);
        code(lua)
            .flat_map(|line| words(line).map(move |word| (line, word)))
            .any(|(line, word)| {
                let after = word.as_ptr() as usize - line.as_ptr() as usize + word.len();
                names.contains(&word) && (!is_function || line[after..].starts_with('('))
            })
    }

    #[test]
    fn of_a_shared_file_a_script_gets_what_it_needs_and_sees_what_it_mentions() {
        let lua = "-- Two numbers.\nlocal ONE, TWO = 1, 2\nlocal function own(x)\n  -- As it is.\n  return x\nend\n\nlocal function unused()\n  return TWO\nend\n\nlocal function used()\n  return own(ONE)\nend\n";
        let mut mentioned = HashSet::from(["return", "used", "TWO"]);
        let block = in_a_block(lua, &mut mentioned);
        let seen = "local ONE, TWO, used\ndo\nONE, TWO = 1, 2\nlocal function own(x)\n  return x\nend\nfunction used()\n  return own(ONE)\nend\nend";
        assert_eq!(block, seen);
        assert!(mentioned.contains("own") && !mentioned.contains("unused"));
        assert_eq!(in_a_block("local A = 1\n", &mut HashSet::from(["x"])), "");
    }

    #[test]
    fn a_script_declares_what_it_uses_and_nothing_more() {
        let scripts = FILES.iter().map(|file| (file.name, file.lua));
        for (name, lua) in scripts.chain(INCLUDES.iter().copied()) {
            let used = INCLUDES.iter().filter(|(include, text)| {
                *include != name && text.lines().any(|line| mentions(lua, line))
            });
            let mut used: Vec<&str> = used.map(|(include, _)| *include).collect();
            let mut declared = uses(lua);
            used.sort_unstable();
            declared.sort_unstable();
            assert_eq!(declared, used, "{name}");
        }
    }

    #[test]
    fn each_include_comes_after_those_that_it_uses() {
        for (place, (name, lua)) in INCLUDES.iter().enumerate() {
            for used in uses(lua) {
                let before = INCLUDES[..place].iter().any(|(before, _)| *before == used);
                assert!(before, "{name} uses {used}");
            }
        }
    }

    #[test]
    fn the_registry_holds_every_file() {
        let names = |directory: &str| {
            let lua = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/lua");
            let files = std::fs::read_dir(lua.join(directory)).unwrap();
            let mut names: Vec<String> = files
                .map(|file| file.unwrap().file_name().into_string().unwrap())
                .filter_map(|name| name.strip_suffix(".lua").map(str::to_owned))
                .collect();
            names.sort();
            names
        };
        let mut scripts: Vec<&str> = FILES.iter().map(|file| file.name).collect();
        scripts.sort_unstable();
        assert_eq!(names(""), scripts);
        let mut includes: Vec<&str> = INCLUDES.iter().map(|(name, _)| *name).collect();
        includes.push("basics");
        includes.sort_unstable();
        assert_eq!(names("shared"), includes);
    }
}
