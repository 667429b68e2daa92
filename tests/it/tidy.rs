//! Rules of the code that a test can check: rooms and what they may import, import cycles, and names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Each room of `src`, and the rooms that its files may import besides its own files and the leaves. A file belongs to the
/// longest room that its path begins with. A room in the second column includes everything inside it.
const ROOMS: &[(&str, &[&str])] = &[
    ("main", &["cli"]),
    ("build", &[]),
    // The edge: what the user types, and the parts put together.
    (
        "cli",
        &[
            "app",
            "backup",
            "config",
            "settings",
            "data_dir",
            "health",
            "runtime",
            "console/address",
            "console/finding_words",
            "service/accounts",
            "service/checkup",
            "service/dead",
            "service/desk",
            "service/person",
            "store",
            "history",
            "flows",
            "flow",
        ],
    ),
    (
        "app",
        &[
            "settings",
            "config",
            "console",
            "data_dir",
            "logging",
            "panic_log",
            "runtime",
            "service",
            "store",
            "history",
            "waha",
            "flows",
            "flow",
        ],
    ),
    (
        "config",
        &[
            "settings", "logging", "console", "service", "store", "waha", "flows", "flow",
        ],
    ),
    (
        "console",
        &[
            "service/desk",
            "service/person",
            "service/accounts",
            "service/checkup",
            "service/dead",
            "service/kit",
            "store",
            "history",
            "waha",
            "flows",
            "flow",
        ],
    ),
    ("settings", &[]),
    ("health", &[]),
    ("logging", &[]),
    ("panic_log", &[]),
    ("runtime", &[]),
    ("data_dir", &["history"]),
    ("backup", &["data_dir", "store", "history", "flows"]),
    // The agents. Their rooms know only what they share, and not each other.
    ("service/kit", &["store", "waha", "flow"]),
    (
        "service/owner",
        &["service/kit", "store", "waha", "flows", "flow"],
    ),
    (
        "service/inlet",
        &[
            "service/kit",
            "service/owner",
            "store",
            "waha",
            "flows",
            "flow",
        ],
    ),
    (
        "service/handle",
        &[
            "service/kit",
            "service/owner",
            "store",
            "waha",
            "shop",
            "flows",
            "flow",
        ],
    ),
    (
        "service/deliver",
        &[
            "service/kit",
            "service/owner",
            "store",
            "waha",
            "flows",
            "flow",
        ],
    ),
    ("service/accounts", &["store", "flow/words"]),
    ("service/dead", &["store"]),
    (
        "service/checkup",
        &["service/kit", "store", "history", "waha", "health", "flows"],
    ),
    ("service/desk", &["service/kit", "store", "flows", "flow"]),
    (
        "service/person",
        &["service/kit", "store", "history", "flow"],
    ),
    (
        "service/line",
        &["service/kit", "store", "waha", "flows", "flow"],
    ),
    (
        "service/upkeep",
        &["service/kit", "store", "history", "flows"],
    ),
    // The rooms in which the agents meet.
    ("store", &["flow/script"]),
    ("history", &[]),
    ("waha", &[]),
    ("shop", &[]),
    ("flows", &["flow"]),
    // The flow: pure, in its own layers.
    ("flow/words", &[]),
    ("flow/answer", &["flow/words"]),
    ("flow/line", &["flow/words"]),
    ("flow/script", &["flow/words", "flow/answer", "flow/line"]),
    (
        "flow/load",
        &["flow/words", "flow/answer", "flow/line", "flow/script"],
    ),
    ("flow/turn", &["flow/words", "flow/answer", "flow/script"]),
    (
        "flow/author",
        &[
            "flow/words",
            "flow/answer",
            "flow/script",
            "flow/load",
            "flow/turn",
        ],
    ),
];

/// Every room may import these. They import nothing of ours but other leaves.
const LEAVES: &[&str] = &[
    "clock",
    "copy_pace",
    "describe",
    "health_socket",
    "ids",
    "private_dir",
    "secret",
    "terminal",
    "throttle",
    "time_span",
    "version",
];

/// Which room may use a library.
const LIBRARIES: &[(&str, &[&str])] = &[
    ("fred", &["store"]),
    ("rusqlite", &["history"]),
    ("hyper", &["service/inlet", "console"]),
    ("maud", &["console"]),
    ("ureq", &["waha", "health", "shop"]),
    ("clap", &["cli", "settings"]),
    ("rustyline", &["cli"]),
    ("csv", &["history"]),
    (
        "icu_normalizer",
        &["flow/words", "history", "service/accounts"],
    ),
    ("argon2", &["service/accounts"]),
];

/// A file of `src`.
struct Source {
    path: PathBuf,
    /// Such as `service/inlet/intake`. A `mod.rs` has the name of its folder.
    module: String,
    text: String,
}

impl Source {
    /// The text without the code that is compiled for tests only.
    fn production(&self) -> &str {
        self.text.split("#[cfg(test)]").next().unwrap()
    }

    fn is_test(&self) -> bool {
        self.module.split('/').any(|part| part == "tests")
    }

    /// Whether the file only lists other files, and defines nothing.
    fn is_table_of_contents(&self) -> bool {
        self.path.ends_with("mod.rs") || self.module == "lib"
    }

    fn room(&self) -> &'static str {
        room(&self.module)
            .unwrap_or_else(|| panic!("{}: its room is not in the table", self.path.display()))
    }

    /// Each path of our crate that the code names, from the crate's root, such as `store/lanes/Lane`.
    fn names(&self) -> Vec<Named> {
        let mut names = Vec::new();
        let code: Vec<&str> = self
            .production()
            .lines()
            .map(|line| line.split("//").next().unwrap())
            .collect();
        let code = code.join("\n");
        let mut rest = code.as_str();
        while !rest.is_empty() {
            let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
            let statement = line.trim_start();
            let tree = statement.strip_prefix("use ").or_else(|| {
                statement
                    .strip_prefix("pub")
                    .and_then(|it| Some(it.split_once(" use ")?.1))
            });
            let (Some(_), Some(end)) = (tree, rest.find(';')) else {
                self.inline(line, &mut names);
                rest = after;
                continue;
            };
            let (_, tree) = rest[..end].split_once("use ").unwrap();
            let mut paths = Vec::new();
            expand("", tree, &mut paths);
            let passes_on = statement.starts_with("pub");
            names.extend(paths.iter().filter_map(|path| {
                let path = self.absolute(path, passes_on)?;
                Some(Named { path, passes_on })
            }));
            rest = &rest[end + 1..];
        }
        names
    }

    fn inline(&self, line: &str, names: &mut Vec<Named>) {
        for start in ["crate::", "super::", "self::"] {
            for (at, _) in line.match_indices(start) {
                let goes_on = |c: char| c.is_alphanumeric() || c == '_' || c == ':' || c == '$';
                if line[..at].ends_with(goes_on) {
                    continue;
                }
                let path: String = line[at..]
                    .chars()
                    .take_while(|c| goes_on(*c) && *c != '$')
                    .collect();
                if let Some(path) = self.absolute(path.trim_end_matches(':'), false) {
                    names.push(Named {
                        path,
                        passes_on: false,
                    });
                }
            }
        }
    }

    /// `crate::a::B` or `super::B` as `a/B`; `None` if it is another crate's. A table of contents may pass on its own items
    /// without `self`.
    fn absolute(&self, path: &str, passes_on: bool) -> Option<String> {
        let own = || {
            if self.module == "lib" {
                Vec::new()
            } else {
                self.module.split('/').collect()
            }
        };
        let mut parts = path.split("::").peekable();
        let mut whole: Vec<&str> = match *parts.peek()? {
            "crate" => Vec::new(),
            "self" | "super" => own(),
            _ if passes_on && self.is_table_of_contents() => own(),
            _ => return None,
        };
        for part in parts {
            match part {
                "crate" | "self" => {}
                "super" => drop(whole.pop()),
                part => whole.push(part),
            }
        }
        Some(whole.join("/"))
    }
}

/// A path of ours in a file's code.
struct Named {
    path: String,
    /// It is a `pub use`: importers get the item from the file that defines it.
    passes_on: bool,
}

/// The paths of a `use` tree, without `as`.
fn expand(before: &str, tree: &str, paths: &mut Vec<String>) {
    let tree = tree.trim();
    let Some((head, group)) = tree.split_once('{') else {
        let name = tree.split(" as ").next().unwrap().trim();
        if !name.is_empty() {
            paths.push(
                format!("{before}{name}")
                    .trim_end_matches("::self")
                    .to_owned(),
            );
        }
        return;
    };
    let group = group.trim_end().strip_suffix('}').unwrap();
    let (mut depth, mut part) = (0, String::new());
    for c in group.chars().chain([',']) {
        depth += i32::from(c == '{') - i32::from(c == '}');
        if c == ',' && depth == 0 {
            expand(&format!("{before}{}", head.trim()), &part, paths);
            part.clear();
        } else {
            part.push(c);
        }
    }
}

fn is_within(path: &str, room: &str) -> bool {
    path.strip_prefix(room)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn room(module: &str) -> Option<&'static str> {
    let rooms = ROOMS.iter().map(|(room, _)| *room);
    rooms
        .chain(LEAVES.iter().copied())
        .filter(|room| is_within(module, room))
        .max_by_key(|room| room.len())
}

fn sources() -> Vec<Source> {
    fn walk(root: &Path, folder: &Path, found: &mut Vec<Source>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(root, &path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let module = path.strip_prefix(root).unwrap().with_extension("");
                let module = module.to_str().unwrap();
                let module = module.strip_suffix("/mod").unwrap_or(module).to_owned();
                found.push(Source { path, module, text });
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    walk(&root, &root, &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(found.len() > 100);
    found
}

/// The file that defines what a path names. It is found through `pub use`, so that importing a table of contents counts as
/// importing the file behind it.
struct Definitions<'a> {
    modules: BTreeSet<&'a str>,
    passed_on: BTreeMap<String, String>,
}

impl<'a> Definitions<'a> {
    fn of(sources: &'a [Source]) -> Self {
        let mut passed_on = BTreeMap::new();
        for source in sources {
            for named in source.names().into_iter().filter(|named| named.passes_on) {
                let name = named.path.rsplit('/').next().unwrap();
                let here = match source.module.as_str() {
                    "lib" => name.to_owned(),
                    module => format!("{module}/{name}"),
                };
                passed_on.insert(here, named.path);
            }
        }
        Self {
            modules: sources
                .iter()
                .map(|source| source.module.as_str())
                .collect(),
            passed_on,
        }
    }

    fn file(&self, path: &str) -> Option<&'a str> {
        let mut path = path.to_owned();
        // Each step leads to another file: there are no more steps than files.
        for _ in &self.modules {
            let parts: Vec<&str> = path.split('/').collect();
            let moved = (1..=parts.len()).rev().find_map(|count| {
                let to = self.passed_on.get(&parts[..count].join("/"))?;
                Some([&[to.as_str()], &parts[count..]].concat().join("/"))
            });
            match moved {
                Some(moved) if moved != path => path = moved,
                _ => break,
            }
        }
        let parts: Vec<&str> = path.split('/').collect();
        (1..=parts.len())
            .rev()
            .find_map(|count| self.modules.get(parts[..count].join("/").as_str()).copied())
    }
}

#[test]
fn every_file_begins_with_a_header() {
    for source in sources() {
        assert!(
            source.text.starts_with("//!"),
            "{}: no header",
            source.path.display()
        );
    }
}

#[test]
fn the_mod_rs_of_a_room_is_its_table_of_contents() {
    let sources = sources();
    for source in sources
        .iter()
        .filter(|source| source.is_table_of_contents() && !source.is_test())
    {
        for line in source.production().lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            let defines = words.iter().take(3).any(|word| {
                [
                    "fn",
                    "struct",
                    "enum",
                    "impl",
                    "trait",
                    "const",
                    "static",
                    "macro_rules!",
                ]
                .contains(word)
            });
            assert!(
                !defines || line.trim_start().starts_with("//"),
                "{}: this needs its own file: {line}",
                source.path.display()
            );
        }
    }
}

#[test]
fn each_library_stays_in_its_room() {
    for source in sources() {
        for (library, allowed) in LIBRARIES {
            let used = source.production().lines().any(|line| {
                !line.trim_start().starts_with("//")
                    && (line.contains(&format!("{library}::"))
                        || line.contains(&format!("use {library}")))
            });
            let is_allowed = allowed.iter().any(|room| is_within(&source.module, room));
            assert!(
                !used || is_allowed,
                "{} uses {library}",
                source.path.display()
            );
        }
    }
}

#[test]
fn a_room_knows_only_the_rooms_that_the_table_gives_it() {
    let sources = sources();
    let definitions = Definitions::of(&sources);
    let mut wrong = BTreeSet::new();
    for source in sources
        .iter()
        .filter(|source| !source.is_test() && !source.is_table_of_contents())
    {
        let here = source.room();
        let allowed = ROOMS.iter().find(|(room, _)| *room == here);
        let allowed = allowed.map_or(&[][..], |(_, allowed)| allowed);
        for named in source.names() {
            let Some(file) = definitions.file(&named.path) else {
                continue;
            };
            let is_allowed = is_within(file, here)
                || LEAVES
                    .iter()
                    .chain(allowed)
                    .any(|room| is_within(file, room));
            if !is_allowed {
                wrong.insert(format!("{} knows {file} ({})", source.module, named.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_import_cycle_crosses_files() {
    let sources = sources();
    let definitions = Definitions::of(&sources);
    let mut imports: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for source in sources.iter().filter(|source| !source.is_test()) {
        let named = source.names().into_iter().filter(|named| !named.passes_on);
        let files = named.filter_map(|named| definitions.file(&named.path));
        // A file and the folder with its name count as one: the folder is the inside of the file.
        let others = files
            .filter(|file| !is_within(file, &source.module) && !is_within(&source.module, file));
        imports.insert(&source.module, others.collect());
    }
    let cycles: Vec<&&str> = imports
        .keys()
        .filter(|start| {
            let (mut seen, mut open) = (BTreeSet::new(), vec![**start]);
            while let Some(file) = open.pop() {
                let next = imports.get(file).into_iter().flatten();
                open.extend(next.filter(|file| seen.insert(**file)));
            }
            seen.contains(**start)
        })
        .collect();
    assert!(cycles.is_empty(), "these import each other: {cycles:#?}");
}

#[test]
fn one_type_name_has_one_meaning() {
    let mut defined: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let sources = sources();
    for source in sources.iter().filter(|source| !source.is_test()) {
        // Only lines without indentation: an associated type has the meaning that its trait gives it.
        for line in source.production().lines() {
            let mut words = line.split(' ').skip_while(|word| word.starts_with("pub"));
            let (kind, name) = (words.next(), words.next().unwrap_or_default());
            if matches!(kind, Some("struct" | "enum" | "type" | "trait")) {
                let name = name.split(|c: char| !c.is_alphanumeric()).next().unwrap();
                defined
                    .entry(name.to_owned())
                    .or_default()
                    .push(source.module.clone());
            }
        }
    }
    defined.retain(|_, places| places.len() > 1);
    assert!(defined.is_empty(), "{defined:#?}");
}

#[test]
fn the_checks_find_what_they_look_for() {
    let source = |module: &str, text: &str| Source {
        path: PathBuf::from(format!("src/{module}.rs")),
        module: module.to_owned(),
        text: text.to_owned(),
    };
    let agent = source(
        "service/deliver/sender",
        "use crate::{clock, store::{self, lanes::Lane as L}};\nuse super::doubt::{\n    Doubt,\n};\nfn a() { crate::config::b(); } // crate::c\n",
    );
    let paths: Vec<String> = agent.names().into_iter().map(|named| named.path).collect();
    assert_eq!(
        paths,
        [
            "clock",
            "store",
            "store/lanes/Lane",
            "service/deliver/doubt/Doubt",
            "config/b"
        ]
    );
    let mut contents = source(
        "store",
        "pub use lanes::{Lane, Taken};\npub use crate::ids::ChatId;",
    );
    contents.path = PathBuf::from("src/store/mod.rs");
    let all = [contents, source("store/lanes", ""), source("ids", "")];
    let definitions = Definitions::of(&all);
    assert_eq!(definitions.file("store/Lane"), Some("store/lanes"));
    assert_eq!(definitions.file("store/ChatId"), Some("ids"));
    assert_eq!(definitions.file("store/Other"), Some("store"));
    assert_eq!(room("service/deliver/sender"), Some("service/deliver"));
}
