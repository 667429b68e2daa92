//! The documents match the program: its names, commands, links and log lines are compared with theirs.

mod flows;
mod markdown;
mod package;

use std::collections::{BTreeMap, BTreeSet};

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser as _};
use regex::Regex;
use waha_sm::cli::Cli;

use crate::harness::{SESSION, TestSetup, chat, eventually};
use crate::webhook::message;
use markdown::{Document, documents, first_cells, read, root};

const OPERATIONS: &str = "examples/README.md";

/// The settings, with what their help says.
fn settings() -> BTreeMap<String, String> {
    let cli = Cli::command();
    let all = cli.find_subcommand("all").unwrap();
    let found: BTreeMap<String, String> = all
        .get_arguments()
        .filter_map(|argument| {
            let name = argument.get_env()?.to_str()?.to_owned();
            Some((name, argument.get_help()?.to_string()))
        })
        .collect();
    assert!(found.len() > 20, "{found:?}");
    found
}

#[test]
fn every_setting_is_on_the_operations_page_and_in_the_env_example() {
    let (operations, example) = (Document::read(OPERATIONS), read("waha.env.example"));
    for (name, help) in settings() {
        assert!(!help.is_empty(), "{name}");
        assert!(operations.names(&name), "{OPERATIONS} does not name {name}");
        assert!(
            example.lines().any(|line| line
                .trim_start_matches(['#', ' '])
                .starts_with(&format!("{name}="))),
            "waha.env.example does not have {name}"
        );
    }
}

#[test]
fn the_defaults_on_the_operations_page_match_the_help() {
    let settings = settings();
    let mut compared = 0;
    for row in Document::read(OPERATIONS).rows() {
        let Some(help) = settings.get(row[0].trim_matches('`')) else {
            continue;
        };
        let shown = row[1].trim_matches('`');
        let default = help.split_once("[default: ").map_or("none", |(_, rest)| {
            rest.split([']', ',', ';']).next().unwrap()
        });
        let default = match help.starts_with("Required") {
            true => "required",
            false => default,
        };
        assert_eq!(shown, default, "{}", row[0]);
        compared += 1;
    }
    // The `..._FILE` forms of secrets are not in these tables.
    let of_files = settings
        .keys()
        .filter(|name| name.ends_with("_FILE") && *name != "FLOW_FILE");
    assert_eq!(compared, settings.len() - of_files.count());
}

#[test]
fn a_flag_is_its_variable_in_lower_case() {
    let cli = Cli::command();
    for argument in cli.find_subcommand("all").unwrap().get_arguments() {
        let (Some(flag), Some(name)) = (argument.get_long(), argument.get_env()) else {
            continue;
        };
        let name = name.to_str().unwrap();
        let expected = name.to_lowercase().replace('_', "-");
        assert!(
            flag == expected || (name, flag) == ("RUST_LOG", "log"),
            "{name}: --{flag}"
        );
    }
}

#[test]
fn names_in_capitals_are_our_settings_or_wahas() {
    let (settings, example) = (settings(), read("waha.env.example"));
    let name = Regex::new("^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$").unwrap();
    // A session status of WAHA's, a variable that most terminal programs read, and those of `tests/fuzz`.
    let others = ["SCAN_QR_CODE", "NO_COLOR", "FUZZ_SECONDS", "FUZZ_SEED"];
    for document in documents() {
        for (line, span) in document.spans() {
            let named = span.split('=').next().unwrap();
            if !name.is_match(named) {
                continue;
            }
            assert!(
                settings.contains_key(named)
                    || example.contains(&format!("{named}="))
                    || others.contains(&named),
                "{}:{line}: `{named}` is not a setting",
                document.name
            );
        }
    }
}

#[test]
fn ci_runs_the_readmes_test_command() {
    let readme = read("README.md");
    let packages = "apt-get update && apt-get install -y gcc libc6-dev redis-server";
    let for_tests = format!("{packages} chromium chromium-driver");
    for command in [
        format!("{packages} && cargo run --locked --example demo\n"),
        format!("{for_tests} && cargo test --locked\n"),
    ] {
        assert!(readme.contains(&command), "{command}");
    }
    let ci = read(".ci/run");
    assert!(ci.contains("cargo test --locked\n") && ci.contains(&for_tests));
}

#[test]
fn the_readme_is_short() {
    let lines = read("README.md").lines().count();
    assert!(lines <= 250, "{lines} lines");
}

#[test]
fn every_link_leads_somewhere() {
    let all = documents();
    let of = |name: &str| all.iter().find(|document| document.name == name);
    let mut followed = 0;
    for document in &all {
        let directory = root().join(&document.name).parent().unwrap().to_owned();
        for (line, target) in document.links() {
            if target.starts_with("https://") || target.starts_with("http://localhost") {
                continue;
            }
            let place = format!("{}:{line}: {target}", document.name);
            let (file, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let path = directory.join(file).canonicalize();
            let path = path.unwrap_or_else(|_| panic!("{place}: there is no such file"));
            if !anchor.is_empty() {
                let name = path.strip_prefix(root().canonicalize().unwrap()).unwrap();
                let other = match file {
                    "" => document,
                    _ => {
                        of(name.to_str().unwrap()).unwrap_or_else(|| panic!("{place}: no document"))
                    }
                };
                assert!(
                    other.anchors().iter().any(|one| one == anchor),
                    "{place}: no such heading"
                );
            }
            followed += 1;
        }
    }
    assert!(followed > 60, "{followed}");
}

#[test]
fn files_and_examples_in_commands_exist() {
    let path = Regex::new(r"(?:^|[\s'=(])((?:examples|src|tests)/[\w./-]+)").unwrap();
    let example = Regex::new(r"--example (\w+)").unwrap();
    // The README asks its reader to write this file.
    let written = ["examples/flows/first.toml", "examples/flows/primeiro.toml"];
    for document in documents() {
        let blocks = document
            .blocks
            .iter()
            .map(|block| (block.place.clone(), block.text.clone()));
        let spans = document
            .spans()
            .into_iter()
            .map(|(line, span)| (format!("{}:{line}", document.name), span));
        for (place, text) in blocks.chain(spans) {
            for found in path.captures_iter(&text) {
                let there = root().join(&found[1]).exists() || written.contains(&&found[1]);
                assert!(there, "{place}: there is no {}", &found[1]);
            }
            for found in example.captures_iter(&text) {
                let file = format!("examples/{}.rs", &found[1]);
                assert!(root().join(&file).exists(), "{place}: there is no {file}");
            }
        }
    }
}

/// The arguments that a shell line gives to `waha-sm`, alone or in a container. `None` if it runs something else.
fn ours(command: &str) -> Option<Vec<String>> {
    let mut words = shell_words(command)
        .into_iter()
        .skip_while(|word| {
            let name = word.split('=').next().unwrap_or_default();
            word.contains('=')
                && !name.is_empty()
                && name.chars().all(|c| c.is_ascii_uppercase() || c == '_')
        })
        .peekable();
    let first = words.next()?;
    let mut words: Vec<String> = words.collect();
    if let Some(end) = words.iter().position(|word| word.starts_with('>')) {
        words.truncate(end);
    }
    if first == "docker" {
        if !words.iter().any(|word| word == "run" || word == "exec") {
            return None;
        }
        let image = words.iter().rposition(|word| word == "waha-sm")?;
        words.drain(..=image);
    } else if !(first == "waha-sm" || first.ends_with("/waha-sm")) {
        return None;
    }
    (!words.is_empty()).then_some(words)
}

/// The commands of a shell text, without comments. A line that ends in `\` is joined with the next one.
fn shell_commands(text: &str) -> Vec<String> {
    let text = text.replace("\\\n", " ");
    let lines = text.lines().map(|line| match line.find(" #") {
        Some(comment) if !line[..comment].contains('\'') => &line[..comment],
        _ => line,
    });
    let split = Regex::new(r"\s*(?:\||&&|;)\s*").unwrap();
    lines
        .flat_map(|line| {
            split
                .split(line.trim())
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .collect()
}

/// The words of a command, as the shell separates them: spaces in quotes belong to the word.
fn shell_words(command: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for c in command.chars() {
        if quote == Some(c) {
            quote = None;
        } else if quote.is_none() && matches!(c, '"' | '\'') {
            quote = Some(c);
            word.get_or_insert_default();
        } else if quote.is_none() && c.is_whitespace() {
            words.extend(word.take());
        } else {
            word.get_or_insert_default().push(c);
        }
    }
    words.extend(word);
    words
}

#[test]
fn every_command_in_the_documents_exists() {
    let mut leaves = BTreeSet::new();
    for document in documents() {
        let blocks = document.blocks_in("sh").flat_map(|block| {
            let commands = shell_commands(&block.text);
            commands
                .into_iter()
                .map(|command| (block.place.clone(), command, true))
        });
        let spans = document
            .spans()
            .into_iter()
            .map(|(line, span)| (format!("{}:{line}", document.name), span, false));
        for (place, command, whole) in blocks.chain(spans) {
            let Some(arguments) = ours(&command) else {
                continue;
            };
            let path: Vec<&str> = arguments
                .iter()
                .map(String::as_str)
                .take_while(|word| !word.starts_with('-'))
                .collect();
            let parsed = Cli::try_parse_from(
                std::iter::once("waha-sm").chain(arguments.iter().map(String::as_str)),
            );
            match parsed.map_err(|error| error.kind()) {
                Ok(_) | Err(ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {}
                // In a sentence, a command may be named without its arguments.
                Err(
                    ErrorKind::MissingRequiredArgument
                    | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
                    | ErrorKind::MissingSubcommand,
                ) if !whole => {}
                Err(kind) => panic!("{place}: `{command}`: {kind}"),
            }
            // The second word may be an argument.
            leaves.extend((1..=2).map(|words| path[..words.min(path.len())].join(" ")));
        }
    }
    // Every command and every option is in some document.
    let all_text: String = documents()
        .iter()
        .map(|document| document.text.clone())
        .collect();
    for command in Cli::command().get_subcommands() {
        let name = command.get_name().to_owned();
        let below: Vec<_> = command.get_subcommands().collect();
        if below.is_empty() {
            assert!(leaves.contains(&name), "no document shows `waha-sm {name}`");
        }
        for leaf in &below {
            let path = format!("{name} {}", leaf.get_name());
            assert!(leaves.contains(&path), "no document shows `waha-sm {path}`");
        }
        for option in std::iter::once(command)
            .chain(below)
            .flat_map(|one| one.get_arguments())
        {
            let flag = option.get_long().map(|flag| format!("--{flag}"));
            let named_as_variable = option
                .get_env()
                .is_some_and(|name| all_text.contains(name.to_str().unwrap()));
            if let Some(flag) = flag {
                assert!(
                    named_as_variable || all_text.contains(&flag),
                    "no document names {name} {flag}"
                );
            }
        }
    }
}

#[test]
fn the_operations_page_lists_exactly_the_metrics_that_exist() {
    let test = TestSetup::new();
    let daemon = test.setup("all").set("FLOW_FILE", test.echo()).start();
    daemon.posts(&message(SESSION, &chat(1), "Ana", "hello"));
    let metrics = eventually("the session has metrics", || {
        let (_, text) = daemon.get("/metrics");
        text.contains("waha_sm_lane_age_seconds{").then_some(text)
    });
    let mut there = BTreeSet::new();
    for line in metrics
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE "))
    {
        let (name, kind) = line.split_once(' ').unwrap();
        there.insert(match kind {
            "counter" => format!("{name}_total"),
            _ => name.to_owned(),
        });
    }
    let mut named: BTreeSet<String> = first_cells(&Document::read(OPERATIONS).rows())
        .into_iter()
        .collect();
    named.retain(|name| name.starts_with("waha_sm_"));
    assert_eq!(named, there);
    // The dashboard and the alerts show all of them, and none that is not there.
    assert_eq!(package::metrics_in_files(), there);
}

/// The requests in code spans of a table's first cells: `POST /dead/{retry,drop}` is two.
fn requests<'a>(cells: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    let request = Regex::new("`((?:GET|POST|DELETE) /[^`{]*)(?:\\{([^}]*)\\})?`").unwrap();
    let mut found = BTreeSet::new();
    for cell in cells {
        for parts in request.captures_iter(cell) {
            let ends = parts.get(2).map_or("", |ends| ends.as_str());
            found.extend(ends.split(',').map(|end| format!("{}{end}", &parts[1])));
        }
    }
    found
}

#[test]
fn the_operations_page_lists_exactly_the_requests_of_the_api() {
    let source = read("src/console/api/mod.rs");
    let table = source.lines().filter_map(|line| line.strip_prefix("//! |"));
    let there = requests(table.filter_map(|row| row.split(" | ").next()));
    assert!(there.len() > 30, "{there:?}");
    let operations = Document::read(OPERATIONS);
    let rows = operations.rows_under("## The API of the console");
    let listed = requests(rows.iter().map(|row| row[0].as_str()));
    assert_eq!(listed, there);
}

/// The texts in the picture's bubbles of this class.
fn bubbles(svg: &str, class: &str) -> Vec<String> {
    let bubble = Regex::new(&format!("(?s)class=\"{class}\">(.*?)</text>")).unwrap();
    let line = Regex::new("<tspan[^>]*>([^<]*)</tspan>").unwrap();
    bubble
        .captures_iter(svg)
        .map(|found| {
            let lines: Vec<&str> = line
                .captures_iter(found.get(1).unwrap().as_str())
                .map(|line| line.get(1).unwrap().as_str())
                .collect();
            lines.join(" ")
        })
        .collect()
}

#[test]
fn the_picture_shows_the_current_texts() {
    let (svg, source) = (read("examples/demo.svg"), source());
    // Names and numbers are filled in. The parts between them are in the source.
    let first_names = bubbles(&svg, "name");
    assert_eq!(first_names.len(), 6);
    let mut names: Vec<String> = ["customer", "unheard"]
        .iter()
        .flat_map(|class| bubbles(&svg, class))
        .filter(|said| first_names.iter().any(|name| said.starts_with(name)))
        .collect();
    names.extend(first_names);
    let filled = Regex::new(&format!("{}|[0-9]+", names.join("|"))).unwrap();
    let replies = bubbles(&svg, "bot");
    assert!(replies.len() > 20, "{replies:?}");
    for reply in &replies {
        for part in filled.split(reply) {
            let part = part.trim_matches([' ', ',', '!', '.']);
            assert!(
                source.contains(part),
                "the source has no {part:?} ({reply}); make the picture again: \
                 cargo run --example demo -- --svg examples/demo.svg"
            );
        }
    }
}

/// All our source as one text. A string over several lines is joined into one.
fn source() -> String {
    fn walk(directory: &std::path::Path, text: &mut String) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, text);
            } else if path
                .extension()
                .is_some_and(|extension| extension == "rs" || extension == "toml")
            {
                text.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }
    let mut text = String::new();
    walk(&root().join("src"), &mut text);
    Regex::new(r"\\\n\s*")
        .unwrap()
        .replace_all(&text, "")
        .into_owned()
}

#[test]
fn the_pictures_of_the_console_are_small() {
    let readme = Document::read("README.md");
    let mut found = 0;
    for (line, target) in readme.links() {
        if !target.ends_with(".png") {
            continue;
        }
        let picture = std::fs::read(root().join(&target)).unwrap();
        assert!(
            picture.starts_with(b"\x89PNG"),
            "README.md:{line}: {target}"
        );
        assert!(
            picture.len() < 60_000,
            "{target}: {} bytes; make it again: cargo run --example demo -- --pictures examples",
            picture.len()
        );
        found += 1;
    }
    assert_eq!(found, 3);
}

#[test]
fn the_log_lines_on_the_operations_page_are_in_the_source() {
    let operations = Document::read(OPERATIONS);
    let (source, code) = (source(), Regex::new("`([^`]+)`").unwrap());
    let mut found = 0;
    for row in operations.rows() {
        for quoted in code.captures_iter(&row[0]) {
            // Log lines are sentences; names, addresses and commands have two words at most.
            let quoted = &quoted[1];
            let sentence = quoted.split_whitespace().count() > 2 && !quoted.starts_with("waha-sm ");
            if !sentence {
                continue;
            }
            for part in quoted
                .split("...")
                .map(|part| part.trim_matches(['(', ')']))
            {
                assert!(source.contains(part), "the source has no {quoted:?}");
            }
            found += 1;
        }
    }
    assert!(found > 25, "{found}");
}
