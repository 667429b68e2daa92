//! `waha-sm flow`: the tools for people who write flows.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use tempfile::TempDir;

use crate::harness::{binary, terminal};

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples/flows")
        .join(name)
}

fn flow(arguments: &[&str]) -> Output {
    binary().arg("flow").args(arguments).output().unwrap()
}

/// Runs a tool with `input` on its standard input.
fn typed(arguments: &[&str], input: &str) -> Output {
    let mut child = binary()
        .arg("flow")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A tool may stop reading early; only its output counts.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    child.wait_with_output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn path(directory: &TempDir, name: &str) -> String {
    directory.path().join(name).display().to_string()
}

/// A flow without mistakes. Tests below rely on its line numbers.
const GOOD: &str = r#"name = "good"
start = "hello"
[texts]
left = "Bye{% if name %}, {{ name }}{% endif %}."
[commands]
leave = ["bye"]
[timeouts]
remind_after = "1m"
close_after = "2m"
[step.hello]
say = "Hello!"
next = "menu"
[step.menu]
ask = "1 or 2?"
options = { "1" = "age", "2" = "done" }
attempts = 2
otherwise = "done"
[step.age]
ask = "How old?"
expect = "number"
save = "age"
next = "done"
[step.done]
say = "Thanks, {{ age }}."
end = "done"
"#;

#[test]
fn each_planted_mistake_is_reported_with_its_line() {
    // Per mistake: the good text, the bad text, and the line and words that the report must have.
    let planted = [
        (
            "start = \"hello\"",
            "strat = \"hello\"",
            2,
            "did you mean `start`?",
        ),
        (
            "start = \"hello\"",
            "start = \"helo\"",
            2,
            "did you mean `hello`?",
        ),
        (
            "name = \"good\"",
            "locale = \"fr\"",
            1,
            "write one of en, pt-BR, es",
        ),
        ("name = \"good\"", "name = good", 1, "write \"good\""),
        (
            "name = \"good\"",
            "timezone = \"GMT-3\"",
            1,
            "like \"America/Sao_Paulo\"",
        ),
        (
            "name = \"good\"",
            "timezone = \"Etc/GMT-3\"",
            1,
            "warning: `Etc/GMT-3` is UTC+3",
        ),
        ("left = ", "lefft = ", 4, "did you mean `left`?"),
        (
            "left = \"Bye",
            "left = \"Bye {{ age }}",
            4,
            "nothing is saved as `age`",
        ),
        ("[\"bye\"]", "[]", 6, "at least one word"),
        ("\"1m\"", "60", 8, "needs a unit"),
        ("\"2m\"", "\"30s\"", 9, "must be longer than `remind_after`"),
        ("say = \"Hello!\"", "sya = \"Hello!\"", 10, "does nothing"),
        (
            "say = \"Hello!\"",
            "say = \"{{ hello\"",
            11,
            "is not a valid template",
        ),
        (
            "next = \"menu\"",
            "next = \"mneu\"",
            12,
            "did you mean `menu`?",
        ),
        (
            "next = \"menu\"",
            "next = \"hello\"",
            10,
            "form an endless loop that asks nothing",
        ),
        (
            "next = \"menu\"",
            "next = \"done\"",
            13,
            "nothing leads to [step.menu]",
        ),
        (
            "\"2\" = \"done\"",
            "\"2\" = \"noe\"",
            15,
            "option `2` in [step.menu] leads to `noe`",
        ),
        (
            "\"2\" = \"done\"",
            "\"bye\" = \"done\"",
            15,
            "can never be chosen",
        ),
        ("attempts = 2", "attempts = 0", 16, "at least 1"),
        ("\"number\"", "\"nubmer\"", 20, "did you mean `number`?"),
        (
            "save = \"age\"",
            "save = \"your age\"",
            21,
            "a name of letters",
        ),
        ("{{ age }}", "{{ agee }}", 24, "did you mean `age`?"),
        ("{{ age }}", "{{ age | shout }}", 24, "unknown filter"),
        ("end = \"done\"", "", 23, "leads nowhere"),
        ("end = \"done\"", "next = \"menu\"", 10, "reaches an `end`"),
    ];
    let directory = TempDir::new().unwrap();
    for (number, (right, wrong, line, words)) in planted.into_iter().enumerate() {
        assert!(GOOD.contains(right), "{right}");
        let file = path(&directory, &format!("{number}.toml"));
        std::fs::write(&file, GOOD.replacen(right, wrong, 1)).unwrap();
        let output = flow(&["check", "--strict", &file]);
        let text = stdout(&output);
        assert!(
            text.lines()
                .any(|said| said.starts_with(&format!("{file}:{line}:")) && said.contains(words)),
            "{wrong:?} is not reported with line {line}: {text}"
        );
        assert_eq!(output.status.code(), Some(1), "{text}");
    }
}

/// A file of raw bytes, and what `flow check` says about it.
fn checked(directory: &TempDir, name: &str, bytes: &[u8]) -> (Option<i32>, String) {
    let file = path(directory, name);
    std::fs::write(&file, bytes).unwrap();
    let output = flow(&["check", &file]);
    (output.status.code(), stdout(&output).replace(&file, "FILE"))
}

#[test]
fn a_slip_in_toml_is_one_mistake_with_its_place_and_its_remedy() {
    let directory = TempDir::new().unwrap();
    for (right, wrong, said) in [
        (
            "expect = \"number\"",
            "pattern = \"\\d+\"",
            "FILE:20:12: a backslash in double quotes begins a code like \\n; write the text in single quotes: '\\d+', or write the backslash twice",
        ),
        (
            "[step.done]",
            "[step.menu]",
            "FILE:23:1: [step.menu] is here a second time (first on line 13); give this step another name, or move its keys there",
        ),
        (
            "[step.done]",
            "[step.recepção]",
            "FILE:23:1: a name with other characters than a to z, 0 to 9, - and _ needs quotes; write [step.\"recepção\"]",
        ),
        (
            "say = \"Hello!\"",
            "say = \"Hello!\nHow are you?\"",
            "FILE:11:7: this text continues on the next line; write three quotes before it and after it: \"\"\" ... \"\"\"",
        ),
        (
            "say = \"Hello!\"",
            "say = “Hello!”",
            "FILE:11:7: `“` is no quote in TOML (word processors and phones write it); write straight quotes: say = \"Hello!\"",
        ),
        (
            "say = \"Hello!\"",
            "say: \"Hello!\"",
            "FILE:11:4: after a key comes =, not :; write say = \"Hello!\"",
        ),
    ] {
        let (code, text) = checked(
            &directory,
            "slip.toml",
            GOOD.replacen(right, wrong, 1).as_bytes(),
        );
        assert_eq!((code, text.trim_end()), (Some(1), said), "{wrong}");
    }
    // Dialogues are read in the same way.
    let (code, text) = checked(&directory, "x.test.toml", b"[[dialogue]]\nname = oi\n");
    assert_eq!(
        (code, text.trim_end()),
        (Some(1), "FILE:2:8: a text needs quotes; write \"oi\"")
    );
}

#[test]
fn a_file_that_is_not_utf_8_is_told_with_the_byte_and_how_to_save_it() {
    let directory = TempDir::new().unwrap();
    let good = GOOD.replace("Thanks, ", "Olá, ação: ");
    let latin: Vec<u8> = good
        .chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap())
        .collect();
    let (code, text) = checked(&directory, "latin.toml", &latin);
    let at = latin.iter().position(|b| *b == 0xe1).unwrap();
    assert_eq!(code, Some(1));
    let told = format!(
        "FILE:24:10: byte {at} of this file (0xE1) is not UTF-8: in Windows-1252 (Latin-1) it is \"á\" in \"Olá\"; save it as UTF-8"
    );
    assert!(text.starts_with(&told), "{text}");

    let wide: Vec<u8> = [0xfeff]
        .into_iter()
        .chain(good.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let (code, text) = checked(&directory, "wide.toml", &wide);
    assert!(
        code == Some(1) && text.starts_with("FILE:1:1: this file is UTF-16, not UTF-8"),
        "{text}"
    );

    // A mark at the start and line ends of Windows are fine.
    let windows = format!("\u{feff}{}", good.replace('\n', "\r\n"));
    let (code, text) = checked(&directory, "windows.toml", windows.as_bytes());
    assert!(code == Some(0) && text.starts_with("FILE: good"), "{text}");

    // So is the daemon's own reading.
    let output = binary()
        .arg("all")
        .env("WEBHOOK_HMAC_SECRET", "x".repeat(32))
        .env("FLOW_FILE", path(&directory, "latin.toml"))
        .output()
        .unwrap();
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(64), "{text}");
    assert!(
        text.contains("latin.toml, line 24: byte") && text.contains("\"Olá\""),
        "{text}"
    );
}

#[test]
fn good_files_are_summarized_in_one_line_with_their_steps_and_outcomes() {
    // All examples, so that none is forgotten.
    let mut files: Vec<String> = std::fs::read_dir(example(""))
        .unwrap()
        .map(|file| file.unwrap().path().display().to_string())
        .collect();
    files.sort();
    // The directory also holds the files that the flows send.
    files.retain(|file| file.ends_with(".toml"));
    let names: Vec<&str> = files.iter().map(String::as_str).collect();
    let output = flow(&[&["check"], &names[..]].concat());
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert_eq!(
        text.lines()
            .filter(|line| line.contains(": good: "))
            .count(),
        names.len()
    );
    assert_eq!(text.lines().count(), names.len() + 1, "one warning: {text}");
    assert!(
        text.contains("tickets.toml: good: 13 steps, 2 outcomes (booked, people)"),
        "{text}"
    );
    assert!(
        text.contains("clinic.toml: good: 5 steps, 2 outcomes (booked, front_desk)"),
        "{text}"
    );
    // This flow loops on purpose: a warning, and an error only with `--strict`.
    assert!(
        text.contains("echo.toml:26:7: warning: no path through this flow"),
        "{text}"
    );
    assert_eq!(
        flow(&["check", "--strict", example("echo.toml").to_str().unwrap()])
            .status
            .code(),
        Some(1)
    );
}

#[test]
fn a_flow_is_checked_from_standard_input_and_wrong_usage_exits_with_64() {
    let good = typed(&["check", "-"], GOOD);
    assert_eq!(stdout(&good), "stdin: good: 4 steps, 1 outcome (done)\n");
    assert_eq!(good.status.code(), Some(0));
    let bad = typed(&["check", "-"], &GOOD.replace("end = ", "ende = "));
    assert!(stdout(&bad).contains("stdin:25:1: unknown key `ende`"));
    assert_eq!(bad.status.code(), Some(1));
    for wrong in [&["check"][..], &["check", "--loud", "-"], &[], &["fly"]] {
        assert_eq!(flow(wrong).status.code(), Some(64), "{wrong:?}");
    }
    let missing = flow(&["check", "/nowhere/x.toml"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(stdout(&missing).contains("/nowhere/x.toml: can't be read"));
}

#[test]
fn a_flow_answers_typed_messages_and_the_wait_command_moves_the_clock() {
    let shop = example("shop.toml");
    let output = typed(
        &["chat", shop.to_str().unwrap(), "--name", "Ann"],
        "hello\n/nonsense\n\n1\n/image\n/state\n/wait soon\n/wait 4m\n/wait 1m\n/wait 10m\nback\n2\nno\nyes\n/state\n/quit\nunheard\n",
    );
    assert_eq!(
        stdout(&output),
        "  < Hello Ann, welcome to the Corner Shop!
  < What can we do for you?
    1 - Order something
    2 - Ask about an order
    3 - Talk to us
-- there is no command /nonsense; /help lists the commands; begin with // to send a message that begins with a slash
  < What would you like? One item at a time, please. A photo is fine too.
  < How many?
-- step: quantity
-- item = [media]
-- name = Ann
-- opening = hello
-- without an answer it continues in 5m
-- write how long, like /wait 90s, /wait 10m or /wait 24h
  < Are you still there? I'm waiting for your answer.
  < We'll close this chat for now. Write again any time and we'll continue where you stopped.
-- closed: silence; the next message continues at the same step, if it comes in time
  < How many?
  < Where should we send the receipt? Write your e-mail address, or 'no'.
  < 2 x [media]: is that right? (yes / no)
  < Thank you! We'll write to you when it's ready.
-- closed: ordered; the next message opens a new conversation
-- no conversation is open
-- email = no
-- item = [media]
-- name = Ann
-- opening = back
-- quantity = 2
"
    );
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn a_pause_is_shown_and_the_wait_command_ends_it() {
    let tickets = example("tickets.toml");
    let output = typed(
        &["chat", tickets.to_str().unwrap()],
        "hola\n/voice\nmañana\n2\nsí\n/wait 1s\n/wait 2s\n",
    );
    assert_eq!(
        stdout(&output).lines().skip(2).collect::<Vec<_>>()[..1],
        ["  < Escriba el día así: 25/3, mañana o viernes."]
    );
    let end = "-- the flow pauses; continue with /wait 3s
-- the flow pauses; continue with /wait 2s
  < Un consejo: las mañanas son más tranquilas. ¡Hasta pronto!
-- closed: booked; the next message opens a new conversation
";
    assert!(stdout(&output).ends_with(end), "{}", stdout(&output));
}

#[test]
fn control_characters_from_the_user_or_the_flow_do_not_reach_the_terminal() {
    let directory = TempDir::new().unwrap();
    let file = path(&directory, "echo.toml");
    let echo = std::fs::read_to_string(example("echo.toml")).unwrap();
    let bell = echo.replace("say  = \"{{ said }}\"", "say = \"\\u0007{{ said }}\"");
    std::fs::write(&file, bell).unwrap();
    let output = typed(
        &["chat", &file],
        "\u{1b}[2J\u{202e}\n//slash\n/location\n/state",
    );
    let text = stdout(&output);
    assert!(text.contains("  < \\u{7}\\u{1b}[2J\\u{202e}\n"), "{text:?}");
    assert!(text.contains("/slash\n"), "{text:?}");
    assert!(
        text.contains("-- said = -23.561414,-46.655881\n"),
        "{text:?}"
    );
    assert!(
        text.chars().all(|c| c == '\n' || !c.is_control()),
        "{text:?}"
    );
}

#[test]
fn a_broken_flow_does_not_start_a_chat_and_its_mistakes_are_listed() {
    let directory = TempDir::new().unwrap();
    let file = path(&directory, "broken.toml");
    std::fs::write(&file, GOOD.replace("next = \"menu\"", "next = \"mneu\"")).unwrap();
    let output = typed(&["chat", &file], "hello\n");
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains(&format!("{file}:12:8: ")));
    assert_eq!(typed(&["chat", "-"], "").status.code(), Some(64));
}

#[test]
fn the_dialogues_of_the_examples_pass() {
    let tests: Vec<PathBuf> = std::fs::read_dir(example(""))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(".test.toml"))
        .collect();
    assert!(tests.len() >= 9, "{tests:?}");
    let flows = tests.iter().map(|test| {
        let flow = test.to_str().unwrap().replace(".test.toml", ".toml");
        PathBuf::from(flow)
    });
    for files in [flows.collect(), tests.clone()] {
        let files: Vec<&str> = files.iter().map(|file| file.to_str().unwrap()).collect();
        // A dialogue file that is named twice is played once.
        let output = flow(&[&["test", files[1]], &files[..]].concat());
        let text = stdout(&output);
        assert_eq!(output.status.code(), Some(0), "{text}");
        assert_eq!(text.lines().count(), files.len(), "{text}");
        for test in &tests {
            let expected = format!("{}: good: ", test.display());
            assert!(text.contains(&expected), "{text}");
        }
    }
    let file = example("shop.test.toml");
    let checked = flow(&["check", file.to_str().unwrap()]);
    assert!(stdout(&checked).ends_with("shop.test.toml: good: 5 dialogues\n"));
}

#[test]
fn a_dialogue_that_differs_shows_expected_and_actual_text_and_the_line() {
    let directory = TempDir::new().unwrap();
    let (file, dialogues) = (
        path(&directory, "good.toml"),
        path(&directory, "good.test.toml"),
    );
    std::fs::write(&file, GOOD).unwrap();
    std::fs::write(
        &dialogues,
        r#"
[[dialogue]]
name  = "asks the age"
turns = [
  { says = "hi", hears = ["Hello!", "1 or 3?"] },
]

[[dialogue]]
name  = "saves the age"
turns = [
  { says = "hi" },
  { says = "1", contains = "old" },
  { says = "30" },
]
outcome = "over"
saved   = { age = "31" }

[[dialogue]]
name  = "is good"
turns = [{ says = "hi" }, { wait = "1m", contains = "still there" }, { wait = "1m", outcome = "silence" }]
"#,
    )
    .unwrap();
    let output = flow(&["test", &file]);
    assert_eq!(
        stdout(&output),
        format!(
            "\
{dialogues}:5: asks the age: after \"hi\", the replies differ
              Hello!
    expected  1 or 3?
    got       1 or 2?
{dialogues}:15: saves the age: at the end, the outcome differs
    expected  over
    got       done
{dialogues}:16: saves the age: at the end, the saved values differ
    expected  age = 31
    got       age = 30
{dialogues}: 2 of 3 dialogues failed
"
        )
    );
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_test_without_dialogues_or_with_mistakes_in_them_fails() {
    let directory = TempDir::new().unwrap();
    let (file, dialogues) = (
        path(&directory, "good.toml"),
        path(&directory, "good.test.toml"),
    );
    std::fs::write(&file, GOOD).unwrap();
    let none = flow(&["test", &file]);
    assert_eq!(none.status.code(), Some(1));
    assert!(stdout(&none).contains(&format!("no dialogues: write them in {dialogues}")));
    std::fs::write(
        &dialogues,
        "[[dialogue]]\nname = \"x\"\nturns = [\n  { say = \"x\" },\n]\n",
    )
    .unwrap();
    for tool in ["test", "check"] {
        let wrong = flow(&[tool, &dialogues]);
        assert_eq!(wrong.status.code(), Some(1));
        let expected =
            format!("{dialogues}:4:5: unknown key `say` in turn 1; did you mean `says`?");
        assert!(stdout(&wrong).contains(&expected), "{}", stdout(&wrong));
    }
    std::fs::write(&file, "").unwrap();
    std::fs::write(
        &dialogues,
        "[[dialogue]]\nname = \"x\"\nturns = [{ says = \"x\", hears = \"y\" }]\n",
    )
    .unwrap();
    let broken = flow(&["test", &dialogues]);
    assert_eq!(broken.status.code(), Some(1));
    assert!(stdout(&broken).contains(&format!("{file}:1:1: `start` is missing")));
}

#[test]
fn the_drawing_of_a_flow_shows_its_options_and_outcomes() {
    let clinic = example("clinic.toml");
    let output = flow(&["graph", clinic.to_str().unwrap()]);
    assert_eq!(
        stdout(&output),
        "\
flowchart TD
    start((start)) --> step1
    step1[\"hello\"]
    step2{{\"menu\"}}
    step3{{\"cpf\"}}
    step4[\"front_desk\"]
    step5[\"done\"]
    close1([\"front_desk\"])
    close2([\"booked\"])
    step1 --> step2
    step2 -->|\"1, marcar\"| step3
    step2 -->|\"2, recepção\"| step4
    step2 -->|\"3 invalid answers\"| step4
    step3 -->|\"cpf\"| step5
    step3 -->|\"3 invalid answers\"| step4
    step4 --> close1
    step5 --> close2
"
    );
    let dot = stdout(&flow(&[
        "graph",
        clinic.to_str().unwrap(),
        "--format",
        "dot",
    ]));
    assert!(dot.starts_with("digraph flow {\n"), "{dot}");
    assert!(
        dot.contains("    step2 -> step3 [label=\"1, marcar\"];\n"),
        "{dot}"
    );
    assert!(
        dot.contains("    close2 [shape=oval, label=\"booked\"];\n"),
        "{dot}"
    );
    assert!(dot.ends_with("}\n"), "{dot}");
}

#[test]
fn a_drawing_shows_the_first_step_outside_opening_hours() {
    let bakery = example("bakery.toml");
    let bakery = bakery.to_str().unwrap();
    let drawn = stdout(&flow(&["graph", bakery]));
    assert!(
        drawn.contains("    start -->|\"closed\"| step2\n") && drawn.contains("step2{{\"shut\"}}"),
        "{drawn}"
    );
    let drawn = stdout(&flow(&["graph", bakery, "--format", "dot"]));
    assert!(
        drawn.contains("    start -> step2 [label=\"closed\"];\n"),
        "{drawn}"
    );
}

#[test]
fn a_drawing_shows_teams_and_the_words_that_work_at_every_question() {
    let internet = example("internet.toml");
    let internet = internet.to_str().unwrap();
    let drawn = stdout(&flow(&["graph", internet]));
    for line in [
        "    everywhere((\"any question\"))\n    everywhere -.->|\"menu\"| step2\n",
        "    step5 -->|\"a person of support answers, urgent\"| close1\n",
        "    step11 -->|\"asks for a rating\"| close3\n",
    ] {
        assert!(drawn.contains(line), "{drawn}");
    }
    let drawn = stdout(&flow(&["graph", internet, "--format", "dot"]));
    assert!(
        drawn.contains("    everywhere -> step2 [label=\"menu\", style=dashed];\n"),
        "{drawn}"
    );
}

#[test]
fn a_chat_shows_the_team_the_rating_and_what_is_remembered() {
    let internet = example("internet.toml");
    let internet = internet.to_str().unwrap();
    let chat = |input: &str| stdout(&typed(&["chat", internet], input));
    let urgent = chat("oi\n1\n/state\n");
    assert!(
        urgent.contains("-- waits for a person of the team support, urgent; /phone TEXT")
            && urgent
                .contains("-- step: offline, waits for a person of the team support, urgent\n"),
        "{urgent}"
    );
    let rated = chat("oi\n3\n1\nBo\nsim\n4\n/state\noi\n");
    assert!(
        rated.contains("-- rated: 4; no conversation opens\n  < Obrigado pela nota 4!\n")
            && rated.contains("-- known.name = Bo\n-- known.plan = 300 mega\n")
            && rated.contains("  < Olá de novo, Bo! O seu plano é o 300 mega."),
        "{rated}"
    );
}

#[test]
fn no_step_name_breaks_the_drawing() {
    let strange = "start = 'a'\n[step.a]\nask = '?'\noptions = { 'say \"]|x' = 'b\\ -->' }\n\
        [step.'b\\ -->']\nsay = 'x'\nend = '<b>\"'\n";
    let mermaid = stdout(&typed(&["graph", "-"], strange));
    assert!(
        mermaid.contains("    step1 -->|\"say #34;#93;#124;x\"| step2\n"),
        "{mermaid}"
    );
    assert!(mermaid.contains("    step2[\"b#92;"), "{mermaid}");
    assert!(mermaid.contains("([\"#60;b#62;#34;\"])"), "{mermaid}");
    // Giving up is drawn, although no line of the file mentions it.
    assert!(
        mermaid.contains("    step1 -.->|\"3 invalid answers\"| close1\n"),
        "{mermaid}"
    );
    let dot = stdout(&typed(&["graph", "-", "--format", "dot"], strange));
    assert!(dot.contains("label=\"say \\\"]|x\""), "{dot}");
    assert!(dot.contains("style=dashed"), "{dot}");
    let broken = typed(&["graph", "-"], "start = 1");
    assert_eq!(broken.status.code(), Some(1));
    assert!(stderr(&broken).contains("stdin:1:9: "));
    assert_eq!(stdout(&broken), "");
}

#[test]
fn the_schema_is_printed_as_json() {
    let output = flow(&["schema"]);
    let schema: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    assert!(schema["properties"]["step"].is_object());
    let validator = jsonschema::draft7::new(&schema).unwrap();
    let mut examples = 0;
    for entry in std::fs::read_dir("examples/flows").unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if !name.ends_with(".toml") || name.ends_with(".test.toml") {
            continue;
        }
        examples += 1;
        let source = std::fs::read_to_string(&path).unwrap();
        let file: serde_json::Value = toml::from_str(&source).unwrap();
        let mistakes: Vec<_> = validator
            .iter_errors(&file)
            .map(|e| e.to_string())
            .collect();
        assert!(mistakes.is_empty(), "{name}: {mistakes:?}");
        // The editor's schema rejects what the program rejects.
        let slip = source.replacen("start", "strat", 1);
        let file: serde_json::Value = toml::from_str(&slip).unwrap();
        assert!(!validator.is_valid(&file), "{name}");
    }
    assert!(examples >= 9, "{examples} examples");
}

#[test]
fn the_help_of_every_tool_shows_an_example() {
    for tool in ["new", "check", "chat", "test", "graph", "schema"] {
        let text = stdout(&flow(&[tool, "--help"]));
        assert!(text.contains(&format!("  waha-sm flow {tool}")), "{text}");
    }
}

#[test]
fn a_new_flow_is_right_in_each_language_and_never_replaces_a_file() {
    for (locale, comment) in [
        ("en", "# A small flow to begin with."),
        ("pt-BR", "# Um roteiro pequeno para começar."),
        ("es", "# Un flujo pequeño para empezar."),
    ] {
        let directory = TempDir::new().unwrap();
        let file = path(&directory, "loja.toml");
        let new = |name: &str| {
            binary()
                .args(["flow", "new", name, "--locale", locale])
                .current_dir(directory.path())
                .output()
                .unwrap()
        };
        let output = new("loja");
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert!(
            stdout(&output).contains("waha-sm flow chat loja.toml"),
            "{}",
            stdout(&output)
        );
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(
            text.starts_with(comment) && !text.contains("NAME"),
            "{text}"
        );
        let checked = flow(&["check", &file]);
        assert_eq!(checked.status.code(), Some(0), "{}", stdout(&checked));
        let tested = flow(&["test", &file]);
        assert_eq!(tested.status.code(), Some(0), "{}", stdout(&tested));

        std::fs::write(&file, "mine").unwrap();
        let again = new("loja.toml");
        assert_eq!(again.status.code(), Some(1));
        assert!(
            stderr(&again).contains("loja.toml exists already"),
            "{}",
            stderr(&again)
        );
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
        assert_eq!(new("a b").status.code(), Some(64));
        assert_eq!(new("nowhere/loja").status.code(), Some(1));
    }
}

#[test]
fn at_a_terminal_lines_can_be_edited_and_earlier_ones_come_back() {
    let (mut person, program) = terminal();
    let mut command = binary();
    command
        .args(["flow", "chat", example("echo.toml").to_str().unwrap()])
        .env("TERM", "xterm")
        .stdin(program.try_clone().unwrap())
        .stdout(program.try_clone().unwrap())
        .stderr(program);
    let mut child = command.spawn().unwrap();
    drop(command);
    let mut shown = Vec::new();
    // With this sequence it begins to edit a line: it asks the terminal to mark what is pasted.
    let prompt = "\x1b[?2004h";
    let mut type_at_prompt = |prompts: usize, keys: &str| {
        let mut byte = [0];
        while String::from_utf8_lossy(&shown).matches(prompt).count() < prompts {
            person.read_exact(&mut byte).unwrap();
            shown.extend(byte);
        }
        person.write_all(keys.as_bytes()).unwrap();
    };
    // "hxllo", three letters back, and the right letter instead of the wrong one; then the same line with the arrow key.
    type_at_prompt(1, "hxllo\x1b[D\x1b[D\x1b[D\x7fe\r");
    type_at_prompt(2, "\x1b[A\r");
    type_at_prompt(3, "/quit\r");
    // Ends with an error once nobody has the other end open.
    let _ = person.read_to_end(&mut shown);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let shown = String::from_utf8_lossy(&shown);
    assert_eq!(shown.matches("  < hello").count(), 2, "{shown:?}");
}
