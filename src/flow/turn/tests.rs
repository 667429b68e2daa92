//! Each rule of a turn by itself. Whole dialogues of the examples are in `tests/examples.rs`.

use std::time::Duration;

use crate::clock::Millis;
use crate::flow::script::reply::FlowReply;
use crate::flow::*;

mod calling;
mod examples;
mod given;
mod going;
mod media;
mod properties;
mod rating;
mod remembering;
mod waiting;

const CLINIC: &str = include_str!("../../../examples/flows/clinic.toml");
const SHOP: &str = include_str!("../../../examples/flows/shop.toml");
const RECEPTION: &str = include_str!("../../../examples/flows/reception.toml");
const VISIT: &str = include_str!("../../../examples/flows/visit.toml");
const TICKETS: &str = include_str!("../../../examples/flows/tickets.toml");
const MENU: &str = include_str!("../../../examples/flows/menu.toml");
const INTERNET: &str = include_str!("../../../examples/flows/internet.toml");
const ECHO: &str = include_str!("../../../examples/flows/echo.toml");

fn load(source: &str) -> Script {
    Script::load(source, Locale::En).unwrap_or_else(|mistakes| {
        let lines: Vec<String> = mistakes.iter().map(Mistake::to_string).collect();
        panic!("{}", lines.join("\n"))
    })
}

/// A flow in which each message is an answer.
fn one_by_one(source: &str) -> Script {
    let burst = "[timeouts]\nburst = '0s'\n";
    match source.contains("[timeouts]") {
        true => load(&source.replace("[timeouts]\n", burst)),
        false => load(&format!("{source}\n{burst}")),
    }
}

fn after(minutes: u64) -> Millis {
    Millis::new(1_000_000) + Duration::from_secs(60 * minutes)
}

/// Plays a dialogue. `>` is a message of the customer (several in a row are unread together), `<` is the next reply that
/// must come, `+5` moves the clock to minute 5, `=` is the outcome, `~` returns after a close, `$` is a variable that must be
/// saved.
fn check(script: &Script, dialogue: &str) {
    let mut state = State::new(Some("Ana"));
    let (mut unread, mut minute, mut due) = (Vec::new(), 0, true);
    let mut replies: Vec<String> = Vec::new();
    let mut next = None;
    let lines = dialogue
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty());
    for line in lines.chain(["."]) {
        let (mark, words) = line.split_at(1);
        let words = words.trim();
        if !matches!(mark, ">" | "+" | "~") && due {
            let turn = script.advance(state, &unread, after(minute));
            assert_eq!(turn.fault, None, "{line}");
            unread.drain(..turn.consumed);
            (state, next, due) = (turn.state, Some(turn.next), false);
            replies.extend(turn.replies.iter().map(|reply| script.show(reply)));
        }
        match mark {
            ">" => {
                assert_eq!(replies, Vec::<String>::new(), "unexpected before {line}");
                unread.push(said(words));
                due = true;
            }
            "+" => {
                assert_eq!(replies, Vec::<String>::new(), "unexpected before {line}");
                minute = words.parse().unwrap();
                due = true;
            }
            "<" => {
                assert!(!replies.is_empty(), "nothing came for {line}");
                assert_eq!(replies.remove(0), words.replace("\\n", "\n"));
            }
            "=" => match &next {
                Some(Next::Close { outcome, .. }) => assert_eq!(outcome, words),
                other => panic!("{line}: {other:?}"),
            },
            "~" => state = state.resume(Some("Ana WhatsApp")),
            "$" => {
                let (name, value) = words.split_once('=').unwrap();
                let saved = state.variables().get(name).map(String::as_str);
                assert_eq!(saved, Some(value), "{line}");
            }
            "." => assert_eq!(replies, Vec::<String>::new(), "unexpected at the end"),
            _ => panic!("{line}"),
        }
        // The state is stored between two turns.
        let stored = serde_json::to_string(&state).unwrap();
        state = serde_json::from_str(&stored).unwrap();
    }
}

fn said(words: &str) -> Said {
    let kind = match words {
        "[media]" => SaidKind::Media,
        "[image]" => SaidKind::Image,
        "[voice]" => SaidKind::Voice,
        "[location]" => SaidKind::Location,
        _ => return Said::text(words),
    };
    Said {
        text: String::new(),
        kind,
    }
}

/// A flow of these steps, in which each message is an answer.
fn flow(steps: &str) -> Script {
    one_by_one(&format!("start = 'a'\n{steps}"))
}

#[test]
fn too_many_invalid_answers_without_otherwise_close_with_an_apology() {
    check(
        &flow("[step.a]\nask = 'age?'\nexpect = 'number'\nattempts = 2\nend = 'x'"),
        "
        > hi
        < age?
        > old
        < Sorry, I didn't understand that. Could you answer again, please?
        > very
        < Sorry, I couldn't understand your answers. Please write again later and we'll start over.
        = invalid",
    );
}

#[test]
fn an_option_among_other_words_counts_if_it_is_the_only_one() {
    let options = "options = { '1' = 'one', 'order' = 'one', '2' = 'two', 'talk' = 'two' }";
    let ends = "[step.one]\nsay = '1'\nend = 'one'\n[step.two]\nsay = '2'\nend = 'two'";
    let answer = |question: &str, words: &str| {
        let script = flow(&format!("[step.a]\nask = '?'\n{question}\n{ends}"));
        let turn = script.advance(State::new(None), &[], after(0));
        let turn = script.advance(turn.state, &[said(words)], after(0));
        match turn.next {
            Next::Close { outcome, .. } => outcome,
            Next::Wait { .. } | Next::Call | Next::HandOff { .. } => String::new(),
        }
    };
    for (words, outcome) in [
        ("Option 1.", "one"),
        ("1 - order", "one"),
        ("I want to ORDER", "one"),
        ("2)", "two"),
        ("1 or 2", ""),
        ("order or talk", ""),
        ("do not order", ""),
        ("talk", "two"),
    ] {
        assert_eq!(answer(options, words), outcome, "{words}");
    }
    // If the word is saved, two words are two different answers.
    let kept = format!("{options}\nsave = 'x'");
    assert_eq!(answer(&kept, "1 - order"), "");
    assert_eq!(answer(&kept, "option 1"), "one");
    // A free answer comes before an option among its words; an option's exact word comes before everything.
    let free = format!("{options}\nexpect = 'text'\nnext = 'two'");
    assert_eq!(answer(&free, "I want to order"), "two");
    assert_eq!(answer(&free, "Order!"), "one");
    let number = format!("{options}\nexpect = 'number'\nnext = 'two'");
    assert_eq!(answer(&number, "3"), "two");
    assert_eq!(answer(&number, "option 1"), "one");
}

#[test]
fn a_text_that_renders_to_nothing_is_not_sent() {
    check(
        &flow(
            "[step.a]\nsay = ['{% if coupon is defined %}x{% endif %} ', '''\nyes\n''']\nnext = 'b'\n[step.b]\nask = '?'\nsave = 'coupon'\nend = 'x'",
        ),
        "
        > hi
        < yes
        < ?",
    );
}

#[test]
fn texts_can_use_the_answer_and_the_opening() {
    check(
        &flow(
            "[step.a]\nask = 'you said: {{ opening }}'\nexpect = 'number'\ninvalid = '{{ answer }} is no number'\nnext = 'b'\n[step.b]\nsay = 'got {{ answer }}'\nend = 'x'",
        ),
        r"
        > hello
        > there
        < you said: hello\nthere
        > many
        < many is no number
        > 1,000
        < got 1000
        = x",
    );
}

#[test]
fn a_flow_that_asks_nothing_uses_the_opening() {
    let script = flow("[step.a]\nsay = 'closed today'\nend = 'closed'");
    let unread = [Said::text("one"), Said::text("two")];
    let turn = script.advance(State::new(None), &unread, after(0));
    assert_eq!((turn.consumed, turn.replies.len()), (2, 1));
    assert_eq!(turn.state.step(), Some("a"));
}

#[test]
fn messages_after_the_end_stay_unread() {
    let script =
        flow("[step.a]\nask = ''\nsave = 'x'\nnext = 'b'\n[step.b]\nsay = '{{ x }}'\nend = 'x'");
    let unread = [Said::text("one"), Said::text("two")];
    let turn = script.advance(State::new(None), &unread, after(0));
    assert_eq!(
        (turn.consumed, turn.replies),
        (1, vec![FlowReply::text("one")])
    );
}

#[test]
fn the_opening_is_not_an_answer_to_a_later_question() {
    let script = flow("[step.a]\nask = ''\nnext = 'b'\n[step.b]\nask = 'sure?'\nend = 'x'");
    let unread = [Said::text("one"), Said::text("two")];
    let turn = script.advance(State::new(None), &unread, after(0));
    assert_eq!((turn.consumed, turn.replies.len()), (2, 1));
    assert!(matches!(turn.next, Next::Wait { .. }));
}

#[test]
fn silence_brings_first_the_reminder_and_then_the_close() {
    let script = flow("[step.a]\nask = '?'\nend = 'x'");
    let turn = script.advance(State::new(None), &[], after(0));
    assert_eq!(turn.next, Next::Wait { wake_at: after(5) });
    let mut turn = script.advance(turn.state, &[], after(6));
    assert_eq!(turn.next, Next::Wait { wake_at: after(15) });
    assert_eq!(turn.replies.len(), 1);
    // Another worker took over: the silence starts again now, without a second reminder.
    turn.state.restart_silence(after(14));
    let turn = script.advance(turn.state, &[], after(28));
    assert_eq!(
        (turn.next, turn.replies.len()),
        (Next::Wait { wake_at: after(29) }, 0)
    );
    let turn = script.advance(turn.state, &[], after(29));
    let outcome = "silence".to_owned();
    let resumable = true;
    assert_eq!(
        turn.next,
        Next::Close {
            outcome,
            resumable,
            asks_rating: false
        }
    );
}

#[test]
fn if_a_step_no_longer_exists_the_flow_restarts_with_the_saved_answers() {
    let before =
        flow("[step.a]\nask = '?'\nsave = 'x'\nnext = 'b'\n[step.b]\nask = '??'\nend = 'x'");
    let now = flow("[step.a]\nask = 'new?'\nsave = 'x'\nend = 'x'");
    let turn = before.advance(State::new(None), &[Said::text("hi")], after(0));
    let turn = before.advance(turn.state, &[Said::text("kept")], after(0));
    assert_eq!(turn.state.step(), Some("b"));
    // Time alone changes nothing.
    let turn = now.advance(turn.state, &[], after(1));
    assert_eq!((turn.replies.len(), turn.fault), (0, None));
    let turn = now.advance(turn.state, &[Said::text("yes")], after(1));
    assert_eq!(
        (turn.replies, turn.consumed),
        (vec![FlowReply::text("new?")], 1)
    );
    assert_eq!(
        turn.fault.as_deref(),
        Some("step `b` no longer exists; restarted at `a`")
    );
    assert_eq!(turn.state.variables()["x"], "kept");
    assert_eq!(turn.state.variables()["opening"], "hi");
    let turn = now.advance(turn.state, &[Said::text("1")], after(1));
    assert_eq!(turn.fault, None);
}

#[test]
fn a_fault_for_the_log_has_no_values_and_the_one_for_the_author_has_them() {
    for failing in [
        "{{ (opening | int) ** 50 }}",
        "{{ (opening | int) * 99999999999999999999999999999999 }}",
        "{{ range(opening | int) }}",
        "{{ opening.x.y }}",
    ] {
        let script = flow(&format!("[step.a]\nsay = \"{failing}\"\nend = 'x'"));
        let turn = script.advance(State::new(None), &[Said::text("12345678901")], after(0));
        let (logged, with_values) = (turn.fault.unwrap(), turn.fault_with_values.unwrap());
        assert!(
            !logged.contains("12345678901") && logged.contains("step.a.say"),
            "{failing}: {logged}"
        );
        assert!(with_values.starts_with("step `a`: "), "{with_values}");
    }
    let script = flow("[step.a]\nsay = '{{ (opening | int) ** 50 }}'\nend = 'x'");
    let turn = script.advance(State::new(None), &[Said::text("12345678901")], after(0));
    let with_values = turn.fault_with_values.unwrap();
    assert!(with_values.contains("12345678901"), "{with_values}");
}

#[test]
fn a_step_that_fails_apologises_and_closes() {
    let endless = "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}";
    let chain: String = (0..200)
        .map(|n| format!("[step.s{n}]\nsay = ' x '\nnext = 's{}'\n", n + 1))
        .collect();
    for (steps, part) in [
        (
            format!("[step.a]\nsay = '{endless}'\nend = 'x'"),
            "step `a`: ",
        ),
        (
            "[step.a]\nsay = '{{ 1 / opening }}'\nend = 'x'".to_owned(),
            "step `a`: ",
        ),
        (
            format!("[step.a]\nsay = 'x'\nnext = 's0'\n{chain}[step.s200]\nsay = 'x'\nend = 'x'"),
            "more than 100 steps",
        ),
    ] {
        let turn = flow(&steps).advance(State::new(None), &[Said::text("secret")], after(0));
        let fault = turn.fault.unwrap();
        assert!(fault.contains(part) && !fault.contains("secret"), "{fault}");
        let outcome = "trouble".to_owned();
        let resumable = false;
        assert_eq!(
            turn.next,
            Next::Close {
                outcome,
                resumable,
                asks_rating: false
            }
        );
        assert!(
            turn.replies
                .last()
                .unwrap()
                .text
                .starts_with("Sorry, something went wrong")
        );
        assert_eq!(turn.consumed, 1);
    }
}

#[test]
fn a_text_that_fails_is_replaced_by_the_built_in_one() {
    let script = load(
        "start = 'a'\n[texts]\nleft = '{{ 1 / name }}'\nposition = '{{ 1 / name }}'\n[step.a]\nask = '?'\nend = 'x'",
    );
    let turn = script.advance(State::new(None), &[Said::text("hi")], after(0));
    let turn = script.advance(turn.state, &[Said::text("leave")], after(0));
    assert!(
        turn.replies[0].text.starts_with("All right"),
        "{:?}",
        turn.replies
    );
    assert!(turn.fault.unwrap().contains("text `left`"));
    let text = script.queue_text(
        QueueText::Position {
            position: 3,
            wait: None,
        },
        Some("Ana"),
    );
    assert_eq!(text, "You're number 3 in line.");
}

#[test]
fn queue_texts_and_commands_are_in_the_flow_s_language() {
    let clinic = load(CLINIC);
    let wait = Some(std::time::Duration::from_secs(280));
    for (text, expected) in [
        (
            QueueText::Position { position: 3, wait },
            "Você está em 3º lugar na fila. Tempo estimado de espera: cerca de 5 minutos.",
        ),
        (
            QueueText::Position {
                position: 3,
                wait: None,
            },
            "Você está em 3º lugar na fila. Tempo estimado de espera: ainda sem previsão.",
        ),
        (
            QueueText::Next { wait: None },
            "O próximo atendimento é o seu! Falta pouco.",
        ),
        (
            QueueText::StillWaiting { position: 2, wait },
            "Obrigado por aguardar! Não esquecemos de você: você está em 2º lugar na fila.",
        ),
        (
            QueueText::Left,
            "Tudo bem, encerramos este atendimento. Nada mais foi cancelado. Quando quiser, é só escrever de novo.",
        ),
    ] {
        assert_eq!(clinic.queue_text(text, None), expected);
    }
    for (words, command) in [
        ("SAIR", Some(Command::Leave)),
        ("posicao?", Some(Command::Position)),
        ("quero sair", None),
        ("desistir", None),
        ("", None),
    ] {
        assert_eq!(clinic.command(&Said::text(words)), command, "{words}");
    }
    let captioned = Said {
        text: "sair".to_owned(),
        kind: SaidKind::Media,
    };
    assert_eq!(clinic.command(&captioned), None);
    for (locale, word) in [
        (Locale::En, "quit"),
        (Locale::PtBr, "desistir"),
        (Locale::Es, "salir"),
    ] {
        let script = Script::built_in(locale).unwrap();
        assert_eq!(script.command(&Said::text(word)), Some(Command::Leave));
    }
    assert_eq!(clinic.resume_within().as_secs(), 86_400);
    assert_eq!(clinic.notice_rules(), &NoticeRules::default());
    assert_eq!((clinic.name(), clinic.locale()), ("clinic", Locale::PtBr));
}

#[test]
fn a_customer_who_writes_in_a_pause_reads_the_owner_s_words() {
    for (locale, with_words, without) in [
        (
            "en",
            "We're taking a short break (back at 14:00). You keep your place in line, and we'll write to you here.",
            "We're taking a short break. You keep your place in line, and we'll write to you here.",
        ),
        (
            "pt-BR",
            "Estamos em uma pequena pausa (back at 14:00). O seu lugar na fila está guardado, e já respondemos por aqui.",
            "Estamos em uma pequena pausa. O seu lugar na fila está guardado, e já respondemos por aqui.",
        ),
        (
            "es",
            "Estamos en una breve pausa (back at 14:00). Usted conserva su lugar en la fila y le escribiremos por aquí.",
            "Estamos en una breve pausa. Usted conserva su lugar en la fila y le escribiremos por aquí.",
        ),
    ] {
        let script = Script::built_in(locale.parse().unwrap()).unwrap();
        assert_eq!(script.paused_text(" back at 14:00.", None), with_words);
        assert_eq!(script.paused_text("", Some("Ana")), without);
    }
    let own = load(
        "start = 'a'\n[texts]\npaused = '{{ name }}: {{ paused }}'\n[step.a]\nask = '?'\nend = 'x'",
    );
    assert_eq!(
        own.paused_text("{{ 7 * 7 }} lunch", Some("Ana")),
        "Ana: {{ 7 * 7 }} lunch"
    );
}

#[test]
fn the_times_for_agents_are_read_or_have_their_defaults() {
    let times = |section: &str| {
        let flow = format!("start = 'a'\n{section}\n[step.a]\nask = '?'\nend = 'x'");
        let script = Script::load(&flow, Locale::En).map_err(|mistakes| mistakes.len())?;
        let seconds = |time: Duration| time.as_secs();
        Ok((seconds(script.agent_quiet()), seconds(script.agent_gone())))
    };
    assert_eq!(times(""), Ok((1_800, 300)));
    assert_eq!(
        times("[timeouts]\nagent_quiet = '10m'\nagent_gone = '90s'"),
        Ok((600, 90))
    );
    assert_eq!(
        times("[timeouts]\nagent_quiet = '0s'\nagent_gone = '0s'"),
        Err(2)
    );
}

#[test]
fn a_file_from_a_windows_editor_loads() {
    let script = load(&format!("\u{feff}{}", CLINIC.replace('\n', "\r\n")));
    let turn = script.advance(State::new(None), &[Said::text("oi")], after(0));
    assert_eq!(turn.replies[0], "Olá!");
}

#[test]
fn two_spellings_of_an_option_may_lead_to_the_same_step() {
    load("start = 'a'\n[step.a]\nask = '?'\noptions = { Sim = 'a', sim = 'a' }");
}

#[test]
fn a_script_can_be_shared_by_threads() {
    fn check<T: Send + Sync>() {}
    check::<Script>();
}

/// The bounds are generous: an unoptimised build on a busy machine keeps them, but code whose time grows with the square of
/// the steps does not. `cargo test --release one_step_takes -- --nocapture` prints the figures.
#[test]
fn one_step_takes_microseconds_and_a_big_flow_loads_at_once() {
    let script = load(CLINIC);
    let turn = script.advance(State::new(Some("Ana")), &[Said::text("oi")], after(0));
    let turn = script.advance(turn.state, &[Said::text("1")], after(0));
    let answer = [Said::text("529.982.247-25")];
    let mut best = std::time::Duration::MAX;
    for _ in 0..20 {
        let begun = std::time::Instant::now();
        for _ in 0..100 {
            let turn = script.advance(turn.state.clone(), &answer, after(0));
            assert_eq!(turn.replies.len(), 1);
        }
        best = best.min(begun.elapsed() / 100);
    }
    let big: String = (0..500)
        .map(|n| {
            let next = (n + 1) % 500;
            format!(
                "[step.s{n}]\nask = 'Hello {{{{ name }}}}, {n}?'\noptions = {{ '1' = 's{next}', other = 's{next}' }}\nexpect = 'number'\nsave = 'x{n}'\nnext = 's{next}'\n"
            )
        })
        .collect();
    let mut loading = std::time::Duration::MAX;
    for _ in 0..3 {
        let begun = std::time::Instant::now();
        load(&format!("start = 's0'\n{big}"));
        loading = loading.min(begun.elapsed());
    }
    println!("one step: {best:?}; a flow of 500 steps loads in {loading:?}");
    assert!(best.as_micros() < 2_000, "{best:?}");
    assert!(loading.as_millis() < 2_000, "{loading:?}");
}

/// A reply without media equals its text.
impl PartialEq<&str> for FlowReply {
    fn eq(&self, other: &&str) -> bool {
        self.media.is_none() && self.text == *other
    }
}
