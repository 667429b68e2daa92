//! The flows and dialogues in the documents work, and the reference leaves nothing out.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::Value;
use toml::{Table, Value as Toml};
use waha_sm::flow::{Locale, Script, schema};

use super::markdown::{Document, documents, read, root};
use crate::harness::binary;

const REFERENCE: &str = "examples/flows/README.md";

/// What `waha-sm flow` prints on standard output, or on standard error if that is empty.
fn flow(arguments: &[&str], directory: &std::path::Path) -> String {
    let output = binary()
        .arg("flow")
        .args(arguments)
        .current_dir(directory)
        .output()
        .unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    if out.is_empty() { error } else { out }
}

/// Collects the steps that a part of a flow leads to.
fn led_to(value: &Toml, found: &mut BTreeSet<String>) {
    match value {
        Toml::Table(table) => {
            for (key, value) in table {
                match (key.as_str(), value) {
                    ("next" | "otherwise" | "closed", Toml::String(step)) => {
                        found.insert(step.clone());
                    }
                    ("go", Toml::Table(words)) => {
                        let steps = words.values().filter_map(Toml::as_str);
                        found.extend(steps.filter(|step| *step != "back").map(str::to_owned));
                    }
                    ("options", Toml::Table(options)) => {
                        found.extend(options.values().filter_map(Toml::as_str).map(str::to_owned));
                    }
                    ("may", Toml::Array(steps)) => {
                        found.extend(steps.iter().filter_map(Toml::as_str).map(str::to_owned));
                    }
                    _ => led_to(value, found),
                }
            }
        }
        Toml::Array(values) => values.iter().for_each(|value| led_to(value, found)),
        _ => {}
    }
}

/// Completes a part of a flow: adds a first step that can reach all others and may set any variable, and the steps that
/// the part leads to but does not show.
fn completed(part: &str) -> String {
    let table: Table = part
        .parse()
        .unwrap_or_else(|error| panic!("{error}\n{part}"));
    if table.contains_key("start") {
        return part.to_owned();
    }
    let mut steps = BTreeSet::new();
    led_to(&Toml::Table(table.clone()), &mut steps);
    let shown = table.get("step").and_then(Toml::as_table);
    steps.retain(|step| shown.is_none_or(|shown| !shown.contains_key(step)));
    let mut whole = format!("start = 'first_of_all'\n{part}");
    whole.push_str(
        "\n[step.first_of_all]\ncall = 'http://localhost/'\nend = 'x'\notherwise = 'last_of_all'\n",
    );
    whole.push_str("[step.last_of_all]\nsay = 'x'\nend = 'x'\n");
    for step in steps {
        write!(whole, "[step.{step}]\nsay = 'x'\nend = 'x'\n").unwrap();
    }
    whole
}

fn is_dialogue(text: &str) -> bool {
    text.contains("[[dialogue]]")
}

#[test]
fn every_flow_in_the_documents_loads() {
    let mut loaded = 0;
    for document in documents() {
        for block in document.blocks_in("toml") {
            if is_dialogue(&block.text) {
                continue;
            }
            if let Err(mistakes) = Script::load(&completed(&block.text), Locale::En) {
                let lines: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
                panic!("{}: {}", block.place, lines.join("\n"));
            }
            loaded += 1;
        }
    }
    assert!(loaded > 8, "{loaded}");
}

#[test]
fn every_dialogue_in_the_documents_passes() {
    let mut played = 0;
    for document in documents() {
        for block in document.blocks_in("toml") {
            if !is_dialogue(&block.text) {
                continue;
            }
            // The first line names the file: `# shop.test.toml`.
            let name = block.text.lines().next().unwrap().trim_start_matches("# ");
            let example = name.replace(".test.toml", ".toml");
            let directory = tempfile::tempdir().unwrap();
            std::fs::write(
                directory.path().join(&example),
                read(&format!("examples/flows/{example}")),
            )
            .unwrap();
            std::fs::write(directory.path().join(name), &block.text).unwrap();
            let output = binary()
                .args(["flow", "test", &example])
                .current_dir(directory.path())
                .output()
                .unwrap();
            assert!(
                output.status.success(),
                "{}: {}",
                block.place,
                String::from_utf8_lossy(&output.stdout)
            );
            played += 1;
        }
    }
    assert!(played > 0);
}

/// Collects every key of the schema, and every word of its enums.
fn words(schema: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(object) => {
            for (key, value) in object {
                match (key.as_str(), value) {
                    ("properties", Value::Object(properties)) => {
                        found.extend(properties.keys().cloned());
                        properties.values().for_each(|value| words(value, found));
                    }
                    ("enum", Value::Array(values)) => {
                        found.extend(values.iter().filter_map(Value::as_str).map(str::to_owned));
                    }
                    _ => words(value, found),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| words(value, found)),
        _ => {}
    }
}

#[test]
fn the_reference_names_every_key_and_every_kind_of_answer() {
    let reference = Document::read(REFERENCE);
    let mut known = BTreeSet::new();
    words(&schema(), &mut known);
    for expected in ["say", "reassure_after", "still_waiting", "cnpj", "pt-BR"] {
        assert!(known.contains(expected), "the schema has no {expected}");
    }
    for word in known {
        let heads = [format!("[{word}]"), format!(".{word}]")];
        assert!(
            reference.names(&word) || heads.iter().any(|head| reference.text.contains(head)),
            "{REFERENCE} does not name `{word}`"
        );
    }
}

#[test]
fn the_tables_of_the_reference_are_complete() {
    let (reference, schema) = (Document::read(REFERENCE), schema());
    let keys = |of: &Value| -> Vec<String> {
        of["properties"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect()
    };
    let complete = |heading: &str, expected: Vec<String>| {
        let listed = reference.listed_under(heading);
        for key in expected {
            assert!(
                listed.contains(&key),
                "{REFERENCE}, {heading}: `{key}` is missing"
            );
        }
    };
    complete("## A complete flow", keys(&schema));
    complete("### Texts", keys(&schema["properties"]["texts"]));
    complete("### Command words", keys(&schema["properties"]["commands"]));
    let steps = schema["properties"]["step"]["additionalProperties"]["oneOf"]
        .as_array()
        .unwrap();
    assert_eq!(steps.len(), 8);
    for step in steps {
        let kind = step["title"].as_str().unwrap();
        let heading = match kind {
            "set" | "when" => "### set and when".to_owned(),
            _ => format!("### {kind}"),
        };
        complete(&heading, keys(step));
    }
    let ask = steps.iter().find(|step| step["title"] == "ask").unwrap();
    let kinds = ask["properties"]["expect"]["enum"].as_array().unwrap();
    complete(
        "## Answers",
        kinds
            .iter()
            .map(|kind| kind.as_str().unwrap().to_owned())
            .collect(),
    );
    let messages = &steps.iter().find(|step| step["title"] == "say").unwrap()["properties"]["say"];
    let media = &messages["anyOf"][0]["anyOf"][1];
    complete("## Pictures, files and voice messages", keys(media));
}

/// The keys that the loader lists when it meets an unknown one.
fn known_here(file: &str, text: &str) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join(file), text).unwrap();
    let said = flow(&["check", file], directory.path());
    let known = said
        .lines()
        .find_map(|line| line.split_once("known here: "))
        .unwrap_or_else(|| panic!("{said}"));
    known.1.split(", ").map(str::to_owned).collect()
}

#[test]
fn the_reference_names_every_key_of_dialogues() {
    let reference = Document::read(REFERENCE);
    let of_dialogues = known_here(
        "x.test.toml",
        "[[dialogue]]\nname = 'x'\nzebra = 1\nturns = [{ says = 'x' }]",
    );
    let of_turns = known_here(
        "x.test.toml",
        "[[dialogue]]\nname = 'x'\nturns = [{ says = 'x', zebra = 1 }]",
    );
    assert!(of_dialogues.len() > 5 && of_turns.len() > 10);
    let rows = reference.listed_under("### Test");
    for key in of_dialogues.iter().chain(&of_turns) {
        assert!(rows.contains(key), "{REFERENCE} does not list `{key}`");
    }
}

#[test]
fn the_reference_names_every_chat_command() {
    let reference = Document::read(REFERENCE);
    let help = flow(&["chat", "--help"], &root());
    let commands: BTreeSet<&str> = help
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .filter(|word| word.starts_with('/') && *word != "//...")
        .collect();
    assert!(commands.len() > 10, "{help}");
    for command in commands {
        let named = reference
            .spans()
            .iter()
            .any(|(_, span)| span.split_whitespace().next() == Some(command));
        assert!(named, "{REFERENCE} does not name `{command}`");
    }
}

/// The only block in this language that begins with these words.
fn block(document: &Document, language: &str, beginning: &str) -> String {
    let mut found = document
        .blocks_in(language)
        .filter(|block| block.text.starts_with(beginning));
    let first = found
        .next()
        .unwrap_or_else(|| panic!("no {language} block begins with {beginning}"));
    assert!(found.next().is_none());
    first.text.clone()
}

#[test]
fn the_reference_shows_what_the_tools_print() {
    let reference = Document::read(REFERENCE);
    assert_eq!(
        block(&reference, "mermaid", "flowchart"),
        flow(&["graph", "examples/flows/clinic.toml"], &root())
    );

    let directory = tempfile::tempdir().unwrap();
    let planted = read("examples/flows/clinic.toml")
        .replacen("next = \"menu\"", "next = \"mneu\"", 1)
        .replacen("\"1\" = \"cpf\"", "\"1\" = \"cfp\"", 1);
    std::fs::write(directory.path().join("clinic.toml"), planted).unwrap();
    std::fs::write(
        directory.path().join("shop.toml"),
        read("examples/flows/shop.toml"),
    )
    .unwrap();
    let printed = flow(&["check", "clinic.toml", "shop.toml"], directory.path());
    let shown = block(&reference, "text", "clinic.toml:");
    assert_eq!(shown, printed, "the reference shows\n{shown}");
}
