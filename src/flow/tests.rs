//! Dialogues through whole flows: what a customer writes, what must come back and what must be saved.

use super::media::Reply;
use super::*;

mod calling;
mod properties;

const CLINIC: &str = include_str!("../../examples/flows/clinic.toml");
const SHOP: &str = include_str!("../../examples/flows/shop.toml");
const RECEPTION: &str = include_str!("../../examples/flows/reception.toml");
const VISIT: &str = include_str!("../../examples/flows/visit.toml");
const TICKETS: &str = include_str!("../../examples/flows/tickets.toml");
const MENU: &str = include_str!("../../examples/flows/menu.toml");
const ECHO: &str = include_str!("../../examples/flows/echo.toml");

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

fn after(minutes: u64) -> u64 {
    1_000_000 + minutes * 60_000
}

/// Plays a dialogue. `>` is said by the customer (several lines together are unread at once), `<` is the
/// reply that must come, `+5` is the minute at which the clock looks, `=` is the outcome, `~` comes back
/// after a close, `$` is a variable that must be saved.
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
                assert_eq!(replies, Vec::<String>::new(), "not awaited before {line}");
                unread.push(said(words));
                due = true;
            }
            "+" => {
                assert_eq!(replies, Vec::<String>::new(), "not awaited before {line}");
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
            "." => assert_eq!(replies, Vec::<String>::new(), "not awaited at the end"),
            _ => panic!("{line}"),
        }
        // Between two turns the state is always stored.
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

#[test]
fn a_clinic_s_customer_books_an_appointment() {
    check(
        &load(CLINIC),
        r"
        > oi
        > 1
        < Olá, Ana!
        < Aqui é a Clínica Exemplo.
        < 1 - Marcar consulta\n2 - Falar com a recepção
        > marcar!
        < Qual é o seu CPF?
        > 123
        < Esse CPF não confere. Envie os 11 números, por favor.
        > 529.982.247-25
        < Anotado: 52998224725. Até logo!
        = booked
        $ cpf=52998224725
        $ name=Ana",
    );
}

#[test]
fn without_a_burst_answers_that_came_together_are_taken_in_order() {
    check(
        &one_by_one(CLINIC),
        r"
        > oi
        < Olá, Ana!
        < Aqui é a Clínica Exemplo.
        < 1 - Marcar consulta\n2 - Falar com a recepção
        > 1)
        > 52998224725
        < Qual é o seu CPF?
        < Anotado: 52998224725. Até logo!
        = booked",
    );
}

#[test]
fn too_many_invalid_answers_lead_where_the_flow_says() {
    check(
        &load(CLINIC),
        r"
        > oi
        < Olá, Ana!
        < Aqui é a Clínica Exemplo.
        < 1 - Marcar consulta\n2 - Falar com a recepção
        > 7
        < Responda 1 ou 2, por favor.
        > posição
        < Você já saiu da fila: está sendo atendido agora. Estou esperando a sua resposta.
        > [media]
        < Responda 1 ou 2, por favor.
        > ?
        < A recepção vai falar com você.
        = front_desk",
    );
}

#[test]
fn silence_brings_a_reminder_and_then_a_close_that_can_be_resumed() {
    check(
        &load(CLINIC),
        r"
        > oi
        < Olá, Ana!
        < Aqui é a Clínica Exemplo.
        < 1 - Marcar consulta\n2 - Falar com a recepção
        > 1
        < Qual é o seu CPF?
        + 4
        + 5
        < Você ainda está aí? Estou esperando a sua resposta.
        + 14
        > ??
        < Esse CPF não confere. Envie os 11 números, por favor.
        + 19
        < Você ainda está aí? Estou esperando a sua resposta.
        + 29
        < Como não tive resposta, encerro por aqui. É só escrever, e continuamos de onde paramos.
        = silence
        ~
        > desculpe
        > 52998224725
        < Qual é o seu CPF?
        > 52998224725
        < Anotado: 52998224725. Até logo!
        = booked
        $ name=Ana",
    );
}

#[test]
fn a_close_that_is_overdue_comes_without_the_reminder() {
    check(
        &load(CLINIC),
        r"
        > oi
        < Olá, Ana!
        < Aqui é a Clínica Exemplo.
        < 1 - Marcar consulta\n2 - Falar com a recepção
        + 200
        < Como não tive resposta, encerro por aqui. É só escrever, e continuamos de onde paramos.
        = silence",
    );
}

#[test]
fn a_customer_can_leave_at_every_step_but_not_by_the_opening() {
    check(
        &load(CLINIC),
        r"
        > sair
        < Olá, Ana!
        < Aqui é a Clínica Exemplo.
        < 1 - Marcar consulta\n2 - Falar com a recepção
        > 1
        > Sair.
        < Qual é o seu CPF?
        < Tudo bem, paramos por aqui. Escreva de novo quando quiser.
        = left",
    );
}

#[test]
fn a_shop_takes_an_order() {
    check(
        &one_by_one(SHOP),
        r"
        > hi
        < Hello Ana, welcome to the Corner Shop!
        < What can we do for you?\n1 - Order something\n2 - Ask about an order\n3 - Talk to us
        > 1
        < What would you like? One article, please; a photo is fine too.
        > [media]
        < How many?
        > two
        < Just the number, please, like 2.
        > 2
        < Where shall we send the receipt? Your e-mail address, or 'no'.
        > nope
        < That does not look like an address. Write it like ann@example.com, or 'no'.
        > No!
        < 2 x [media]: is that right? (yes / no)
        > no
        < No problem, let us start over.
        < What would you like? One article, please; a photo is fine too.
        > Tea {{ 7 * 7 }}
        > 3
        > ann@example.com
        > Yes
        < How many?
        < Where shall we send the receipt? Your e-mail address, or 'no'.
        < 3 x Tea {{ 7 * 7 }}: is that right? (yes / no)
        < Thank you! We write to you when it is ready.
        = ordered
        $ item=Tea {{ 7 * 7 }}
        $ quantity=3
        $ email=ann@example.com
        $ opening=hi",
    );
    check(
        &load(SHOP),
        r"
        > hi
        < Hello Ana, welcome to the Corner Shop!
        < What can we do for you?\n1 - Order something\n2 - Ask about an order\n3 - Talk to us
        > status
        < What is the number of your order? It looks like CS-1234.
        > cs1234
        < Thank you. We look up CS1234 and write to you within the hour.
        = status_asked",
    );
}

#[test]
fn a_visit_is_booked_in_the_customer_s_own_words_and_kept_in_one_form() {
    // The clock of these tests stands at 31 December 1969, 21:16 in São Paulo.
    check(
        &load(VISIT),
        r"
        > oi
        < Olá, Ana! Vamos agendar a visita do técnico.
        < O que está acontecendo? Descreva em poucas palavras.
        > oi
        < Conte um pouco mais, em até 500 letras.
        > a geladeira não gela
        < Mande uma foto ou um vídeo do aparelho, ou escreva 'não tenho'.
        > [voice]
        < Preciso de uma foto ou de um vídeo. Se não tiver, escreva 'não tenho'.
        > [image]
        < Para que dia?
        > Amanhã.
        < A que horas?
        > às 14h30
        < Em que telefone o técnico pode ligar? Com DDD, por favor.
        > 99999-0000
        < Escreva o número com DDD, assim: 11 99999-0000.
        > (11) 99999-0000
        < Anotado: dia 1970-01-01 às 14:30. O técnico liga antes para +5511999990000.
        = booked
        $ day=1970-01-01
        $ time=14:30
        $ phone=+5511999990000
        $ problem=a geladeira não gela",
    );
}

#[test]
fn tickets_are_reckoned_and_take_their_way_by_number() {
    let script = load(TICKETS);
    for (quantity, replies) in [
        (
            "1",
            r"< Para una persona sola hay también un pase anual: pregunta en la entrada.
            < 1 entradas para el 1970-01-02: 12 €. ¿Está bien? (sí / no)",
        ),
        (
            "2",
            "< 2 entradas para el 1970-01-02: 24 €. ¿Está bien? (sí / no)",
        ),
        (
            "15",
            "< 15 entradas para el 1970-01-02: 180 €, con guía. ¿Está bien? (sí / no)",
        ),
    ] {
        check(
            &script,
            &format!(
                r"
            > hola
            < ¡Hola, Ana! Aquí se reservan las entradas del museo.
            < ¿Para qué día?
            > mañana
            < ¿Cuántas entradas? Hasta 60.
            > 61
            < Un número de 1 a 60, por favor.
            > {quantity}
            {replies}
            > sí, gracias
            < ¡Reservado! Las entradas se pagan al llegar.
            + 1
            < Un consejo: las mañanas son más tranquilas. ¡Hasta pronto!
            = booked
            $ quantity={quantity}"
            ),
        );
    }
}

#[test]
fn expressions_reckon_with_numbers_and_see_all_else_as_texts() {
    let ask = "[step.a]\nask = '?'\nexpect = 'number'\noptions = { none = 'b' }\nsave = 'n'\nnext = 'b'\n";
    let ends = "[step.yes]\nsay = 'y'\nend = 'yes'\n[step.no]\nsay = 'n'\nend = 'no'";
    for (set, condition, words, outcome) in [
        ("x = 'n + 1'", "x == 3", "2", Some("yes")),
        ("x = 'n / 2'", "x == 1.25", "2.5", Some("yes")),
        ("x = 'n / 2'", "x > 10", "1,000", Some("yes")),
        ("x = '{{ n }}'", "x == '2'", "2", Some("yes")),
        ("x = '{{ n }}'", "x | int == 2", "2", Some("yes")),
        ("x = 'n > 1'", "x", "2", Some("yes")),
        ("x = 'n > 1'", "x", "1", Some("no")),
        ("x = 'n'", "x == 'none'", "none", Some("yes")),
        ("x = \"n ~ '!'\"", "x == '2!'", "2", Some("yes")),
        ("x = 'none'", "not x", "2", Some("yes")),
        (
            "x = '{{ n }}', y = 'n / 2', z = '{{ y }}'",
            "z == '1'",
            "2",
            Some("yes"),
        ),
        ("x = '(n * 10) ** 308 * 10.0 ** 308'", "x", "10", None),
        ("x = '1', y = 'x + 1'", "y == 2", "2", Some("yes")),
        ("x = 'answer'", "x == '2'", "2", Some("yes")),
        ("x = '1 # not a comment'", "x", "2", None),
        ("x = '1 / n'", "x", "none", None),
        ("x = '1'", "n < 1 / name", "2", None),
    ] {
        let steps = format!(
            "{ask}[step.b]\nset = {{ {set} }}\nnext = 'c'\n[step.c]\nwhen = [{{ if = \"{condition}\", next = 'yes' }}]\notherwise = 'no'\n{ends}"
        );
        let loaded = Script::load(&format!("start = 'a'\n{steps}"), Locale::En);
        let script = match loaded {
            Ok(script) => script,
            Err(mistakes) => {
                assert!(outcome.is_none(), "{mistakes:?}");
                continue;
            }
        };
        let turn = script.advance(State::new(Some("secret")), &[], after(0));
        let turn = script.advance(turn.state, &[said(words)], after(0));
        let Next::Close { outcome: found, .. } = turn.next else {
            panic!("{set} {condition}");
        };
        assert_eq!(found, outcome.unwrap_or("trouble"), "{set} {condition}");
        assert_eq!(turn.fault.is_some(), outcome.is_none(), "{:?}", turn.fault);
        if let Some(fault) = turn.fault {
            assert!(fault.starts_with("step `") && !fault.contains("secret"));
        }
    }
}

#[test]
fn an_echo_answers_every_message_once_also_before_it_began() {
    check(
        &load(ECHO),
        r"
        > one
        > cancel
        > [media]
        < one
        < cancel
        < [media]
        > four
        > five
        < four
        < five
        > cancel
        < All right, we stop here. Write again whenever you like.
        = left",
    );
    let many: Vec<Said> = (0..500).map(|n| Said::text(n.to_string())).collect();
    let turn = load(ECHO).advance(State::new(None), &many, after(0));
    assert_eq!(
        (turn.replies.len(), turn.consumed, turn.fault),
        (500, 500, None)
    );
}

#[test]
fn the_built_in_flow_takes_name_and_subject_in_every_locale() {
    for locale in Locale::ALL {
        let script = Script::built_in(locale).unwrap();
        assert_eq!(script.locale(), locale);
        let mut state = State::new(None);
        for (words, replies) in [("hi", 2), ("Bia", 1), ("a question", 1)] {
            let turn = script.advance(state, &[Said::text(words)], after(0));
            assert_eq!((turn.replies.len(), turn.consumed), (replies, 1));
            state = turn.state;
            if words == "a question" {
                assert!(turn.replies[0].text.contains("Bia"), "{:?}", turn.replies);
                let outcome = "noted".to_owned();
                let resumable = false;
                assert_eq!(turn.next, Next::Close { outcome, resumable });
            }
        }
        let saved = |name: &str| state.variables().get(name).map(String::as_str);
        assert_eq!(saved("subject"), Some("a question"));
        assert_eq!(saved("name"), Some("Bia"));
    }
}

/// A flow of these steps, in which each message is an answer.
fn flow(steps: &str) -> Script {
    one_by_one(&format!("start = 'a'\n{steps}"))
}

#[test]
fn an_invalid_answer_without_a_way_out_closes_with_words() {
    check(
        &flow("[step.a]\nask = 'age?'\nexpect = 'number'\nattempts = 2\nend = 'x'"),
        "
        > hi
        < age?
        > old
        < Sorry, I did not understand that. Could you answer once more?
        > very
        < I am sorry, we do not understand each other today. Please write again later, and we start afresh.
        = invalid",
    );
}

#[test]
fn an_option_is_taken_among_other_words_when_only_one_can_be_meant() {
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
    // Where the word is kept, two words are two meanings.
    let kept = format!("{options}\nsave = 'x'");
    assert_eq!(answer(&kept, "1 - order"), "");
    assert_eq!(answer(&kept, "option 1"), "one");
    // Free words come before an option among them, and an option's own word before everything.
    let free = format!("{options}\nexpect = 'text'\nnext = 'two'");
    assert_eq!(answer(&free, "I want to order"), "two");
    assert_eq!(answer(&free, "Order!"), "one");
    let number = format!("{options}\nexpect = 'number'\nnext = 'two'");
    assert_eq!(answer(&number, "3"), "two");
    assert_eq!(answer(&number, "option 1"), "one");
}

#[test]
fn what_renders_to_nothing_is_not_sent() {
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
fn the_answer_and_the_opening_are_there_in_texts() {
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
fn a_flow_that_only_talks_uses_up_the_opening() {
    let script = flow("[step.a]\nsay = 'closed today'\nend = 'closed'");
    let unread = [Said::text("one"), Said::text("two")];
    let turn = script.advance(State::new(None), &unread, after(0));
    assert_eq!((turn.consumed, turn.replies.len()), (2, 1));
    assert_eq!(turn.state.step(), Some("a"));
}

#[test]
fn a_close_leaves_what_came_after_it_unused() {
    let script =
        flow("[step.a]\nask = ''\nsave = 'x'\nnext = 'b'\n[step.b]\nsay = '{{ x }}'\nend = 'x'");
    let unread = [Said::text("one"), Said::text("two")];
    let turn = script.advance(State::new(None), &unread, after(0));
    assert_eq!((turn.consumed, turn.replies), (1, vec![Reply::text("one")]));
}

#[test]
fn the_opening_answers_no_question_that_follows_a_listening_step() {
    let script = flow("[step.a]\nask = ''\nnext = 'b'\n[step.b]\nask = 'sure?'\nend = 'x'");
    let unread = [Said::text("one"), Said::text("two")];
    let turn = script.advance(State::new(None), &unread, after(0));
    assert_eq!((turn.consumed, turn.replies.len()), (2, 1));
    assert!(matches!(turn.next, Next::Wait { .. }));
}

#[test]
fn the_wake_up_is_the_reminder_and_then_the_close() {
    let script = flow("[step.a]\nask = '?'\nend = 'x'");
    let turn = script.advance(State::new(None), &[], after(0));
    assert_eq!(turn.next, Next::Wait { wake_at: after(5) });
    let mut turn = script.advance(turn.state, &[], after(6));
    assert_eq!(turn.next, Next::Wait { wake_at: after(15) });
    assert_eq!(turn.replies.len(), 1);
    // Another worker took over: the silence counts from now, and no second reminder comes.
    turn.state.heard(after(14));
    let turn = script.advance(turn.state, &[], after(28));
    assert_eq!(
        (turn.next, turn.replies.len()),
        (Next::Wait { wake_at: after(29) }, 0)
    );
    let turn = script.advance(turn.state, &[], after(29));
    let outcome = "silence".to_owned();
    let resumable = true;
    assert_eq!(turn.next, Next::Close { outcome, resumable });
}

#[test]
fn a_step_that_is_gone_begins_again_and_keeps_what_was_saved() {
    let before =
        flow("[step.a]\nask = '?'\nsave = 'x'\nnext = 'b'\n[step.b]\nask = '??'\nend = 'x'");
    let now = flow("[step.a]\nask = 'new?'\nsave = 'x'\nend = 'x'");
    let turn = before.advance(State::new(None), &[Said::text("hi")], after(0));
    let turn = before.advance(turn.state, &[Said::text("kept")], after(0));
    assert_eq!(turn.state.step(), Some("b"));
    // The clock alone moves nobody.
    let turn = now.advance(turn.state, &[], after(1));
    assert_eq!((turn.replies.len(), turn.fault), (0, None));
    let turn = now.advance(turn.state, &[Said::text("yes")], after(1));
    assert_eq!(
        (turn.replies, turn.consumed),
        (vec![Reply::text("new?")], 1)
    );
    assert_eq!(
        turn.fault.as_deref(),
        Some("step `b` is gone; began again at `a`")
    );
    assert_eq!(turn.state.variables()["x"], "kept");
    assert_eq!(turn.state.variables()["opening"], "hi");
    let turn = now.advance(turn.state, &[Said::text("1")], after(1));
    assert_eq!(turn.fault, None);
}

const PAUSE: &str = "[step.a]\nask = 'a?'\nsave = 'a'\nnext = 'w'\n[step.w]\nwait = '10m'\nnext = 'b'\n[step.b]\nask = 'b?'\nsave = 'b'\nnext = 'c'\n[step.c]\nsay = '{{ a }} {{ b }}'\nend = 'x'";

#[test]
fn what_is_written_in_a_pause_is_read_after_it() {
    let script = flow(PAUSE);
    let turn = script.advance(State::new(None), &[], after(0));
    let two = [Said::text("one"), Said::text("two")];
    let turn = script.advance(turn.state, &two, after(0));
    let pausing = Next::Wait { wake_at: after(10) };
    assert_eq!((turn.consumed, &turn.next), (1, &pausing));
    assert_eq!(turn.replies.len(), 0);
    // Neither the clock nor a word ends it early, and neither is anything lost.
    let turn = script.advance(turn.state, &[], after(4));
    assert_eq!((turn.consumed, &turn.next), (0, &pausing));
    let stored = serde_json::to_string(&turn.state).unwrap();
    let state: State = serde_json::from_str(&stored).unwrap();
    let turn = script.advance(state, &two[1..], after(9));
    assert_eq!((turn.consumed, &turn.next), (0, &pausing));
    let turn = script.advance(turn.state, &two[1..], after(10));
    assert_eq!((turn.consumed, turn.fault), (1, None));
    assert_eq!(turn.replies, ["b?", "one two"]);
}

#[test]
fn a_pause_ends_for_who_leaves_and_for_a_clock_that_was_set_back() {
    let script = flow(PAUSE);
    let turn = script.advance(State::new(None), &[], after(100));
    let paused = script.advance(turn.state, &[Said::text("one")], after(100));
    let words = [Said::text("so"), Said::text("Leave!"), Said::text("hm")];
    let turn = script.advance(paused.state.clone(), &words, after(101));
    let resumable = false;
    let outcome = "left".to_owned();
    assert_eq!(turn.next, Next::Close { outcome, resumable });
    assert_eq!((turn.consumed, turn.replies.len()), (2, 1));
    // The clock goes back an hour: the pause is not an hour longer.
    let turn = script.advance(paused.state.clone(), &[], after(40));
    assert_eq!(turn.next, Next::Wait { wake_at: after(50) });
    // Who comes back finds the pause again; a step that is gone begins again.
    let turn = script.advance(paused.state.clone().resume(None), &words, after(102));
    assert_eq!(
        turn.next,
        Next::Wait {
            wake_at: after(112)
        }
    );
    let turn = flow("[step.a]\nask = '?'\nend = 'x'").advance(paused.state, &[], after(102));
    assert_eq!((turn.replies.len(), turn.fault.is_some()), (1, true));
}

#[test]
fn what_is_written_before_the_first_question_opens_the_conversation_also_in_a_pause() {
    let script = flow(
        "[step.a]\nsay = 'hello'\nnext = 'w'\n[step.w]\nwait = '1m'\nnext = 'b'\n[step.b]\nask = 'so, {{ opening }}?'\nexpect = 'number'\nend = 'x'",
    );
    let turn = script.advance(State::new(None), &[Said::text("hi")], after(0));
    assert_eq!((turn.consumed, turn.replies.len()), (1, 1));
    let turn = script.advance(turn.state, &[Said::text("there")], after(1));
    assert_eq!(
        (turn.consumed, turn.replies),
        (1, vec![Reply::text("so, hi\nthere?")])
    );
    assert!(matches!(turn.next, Next::Wait { .. }));
}

#[test]
fn who_is_handed_off_waits_and_goes_on_only_when_nobody_came() {
    let reception = load(RECEPTION);
    let mut state = State::new(None);
    for words in ["oi", "2", "um bolo"] {
        state = reception.advance(state, &[said(words)], 0).state;
    }
    let turn = reception.advance(state.clone(), &[], 0);
    assert_eq!(
        turn.replies,
        ["Ninguém pôde atender ainda. Em que número podemos ligar?"]
    );
    // What was written meanwhile answers nothing, but who wants to leave leaves.
    let turn = reception.advance(state.clone(), &["1", "alguém?"].map(said), 0);
    assert_eq!((turn.replies.len(), turn.consumed), (1, 2));
    let turn = reception.advance(state.clone(), &["1", "sair", "x"].map(said), 0);
    assert!(matches!(turn.next, Next::Close { outcome, .. } if outcome == "left"));
    assert_eq!(turn.consumed, 2);
    // The file may be another by then.
    let patient = flow("[step.a]\nask = '?'\nnext = 'person'\n[step.person]\nhandoff = 'wait'");
    let turn = patient.advance(state.clone(), &[said("x")], 0);
    assert_eq!(turn.next, Next::HandOff { within: None });
    assert_eq!((turn.replies.len(), turn.consumed), (0, 0));
    let gone = flow("[step.a]\nask = '?'\nend = 'x'").advance(state, &[said("x")], 0);
    assert_eq!((gone.replies, gone.consumed), (vec![Reply::text("?")], 1));
}

#[test]
fn a_flow_that_begins_with_a_handoff_uses_up_the_opening() {
    let script = load("start = 'a'\n[step.a]\nhandoff = 'wait, {{ opening }}'");
    let turn = script.advance(State::new(None), &[said("hi")], 0);
    assert_eq!(turn.next, Next::HandOff { within: None });
    assert_eq!(
        (turn.replies, turn.consumed),
        (vec![Reply::text("wait, hi")], 1)
    );
    assert_eq!(turn.state.last_said(), Some("hi"));
}

#[test]
fn the_owner_s_closing_word_needs_its_mark() {
    let script = load(
        "start = 'a'\n[commands]\nphone_end = ['#fim', 'Até logo']\n[step.a]\nsay = 'x'\nend = 'x'",
    );
    for (words, ends) in [
        ("#fim", true),
        (" # FIM! ", true),
        ("fim", false),
        ("#fim de semana", false),
        ("ate LOGO.", true),
        ("", false),
    ] {
        assert_eq!(script.is_phone_end(words), ends, "{words}");
    }
    let none = load("start = 'a'\n[commands]\nphone_end = []\n[step.a]\nsay = 'x'\nend = 'x'");
    assert!(!none.is_phone_end("#fim"));
}

#[test]
fn a_broken_step_apologises_and_closes() {
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
        assert_eq!(turn.next, Next::Close { outcome, resumable });
        assert!(turn.replies.last().unwrap().text.starts_with("I am sorry"));
        assert_eq!(turn.consumed, 1);
    }
}

#[test]
fn a_broken_text_of_the_author_gives_way_to_the_built_in_one() {
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
    let told = script.queue_text(
        QueueText::Position {
            position: 3,
            wait: None,
        },
        Some("Ana"),
    );
    assert_eq!(told, "You are number 3 in line.");
}

#[test]
fn the_line_s_texts_and_commands_speak_the_flow_s_language() {
    let clinic = load(CLINIC);
    let wait = Some(std::time::Duration::from_secs(280));
    for (text, told) in [
        (
            QueueText::Position { position: 3, wait },
            "Você é o nº 3 da fila. Espera estimada: cerca de 5 minutos.",
        ),
        (
            QueueText::Position {
                position: 3,
                wait: None,
            },
            "Você é o nº 3 da fila. Espera estimada: ainda não sabemos.",
        ),
        (QueueText::Next, "Você é o próximo. Falta pouco."),
        (
            QueueText::StillWaiting { position: 2, wait },
            "Obrigado por esperar: não esquecemos de você. Você é o nº 2 da fila.",
        ),
        (
            QueueText::Left,
            "Tudo bem, paramos por aqui. Escreva de novo quando quiser.",
        ),
    ] {
        assert_eq!(clinic.queue_text(text, None), told);
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
fn a_file_from_a_windows_editor_loads() {
    let script = load(&format!("\u{feff}{}", CLINIC.replace('\n', "\r\n")));
    let turn = script.advance(State::new(None), &[Said::text("oi")], after(0));
    assert_eq!(turn.replies[0], "Olá!");
}

#[test]
fn two_spellings_of_an_option_may_stand_side_by_side() {
    load("start = 'a'\n[step.a]\nask = '?'\noptions = { Sim = 'a', sim = 'a' }");
}

#[test]
fn a_script_can_be_shared_by_threads() {
    fn check<T: Send + Sync>() {}
    check::<Script>();
}

/// The bounds are generous: an unoptimised build on a busy machine keeps them, and what grows with the square
/// of the steps does not. `cargo test --release flow::tests::a_step_is -- --nocapture` tells the figures.
#[test]
fn a_step_is_a_matter_of_microseconds_and_a_big_flow_loads_at_once() {
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

#[test]
fn a_step_says_words_and_media_in_order() {
    check(
        &load(MENU),
        r#"
        > oi
        < Olá, Ana! Nosso cardápio:
        < [image https://shop.example/menu.jpg "O prato de hoje é moqueca."]
        < [file files/cardapio.pdf]
        < De qual prato você quer ver uma foto?
        > moqueca
        < [image https://shop.example/pratos/moqueca.jpg "Moqueca"]
        < Quer ouvir as promoções da semana? (sim / não)
        > Sim
        < [voice https://shop.example/promocoes.ogg]
        = promotions
        "#,
    );
}

/// What is sent for a customer of this name by a step that says this.
fn says(say: &str, name: &str) -> Option<Reply> {
    let script = load(&format!("start = 'a'\n[step.a]\nsay = {say}\nend = 'x'"));
    let script = script.placed(std::path::Path::new("/flows"));
    let turn = script.advance(State::new(Some(name)), &[Said::text("oi")], 1);
    assert_eq!(turn.fault, None);
    turn.replies.into_iter().next()
}

#[test]
fn what_a_customer_said_chooses_neither_the_host_nor_the_path_of_media() {
    let url = |name: &str, template: &str| {
        let reply = says(&format!("{{ image = '{template}' }}"), name).unwrap();
        match reply.media.unwrap().source {
            MediaSource::Url(url) => url,
            MediaSource::Path(path) => panic!("{path}"),
        }
    };
    for (name, template, wanted) in [
        (
            "Ana",
            "https://x.example/{{ name }}.jpg",
            "https://x.example/Ana.jpg",
        ),
        (
            "@evil.example/",
            "https://x.example/{{ name }}",
            "https://x.example/%40evil.example%2F",
        ),
        (
            "../..",
            "https://x.example/{{ name }}",
            "https://x.example/..%2F..",
        ),
        (
            "..",
            "https://x.example/a/{{ name }}/b",
            "https://x.example/a//b",
        ),
        (
            "a&b=c#d é",
            "https://x.example/?n={{ name }}",
            "https://x.example/?n=a%26b%3Dc%23d%20%C3%A9",
        ),
        (
            "/x",
            "https://x.example/{{ name | safe }}",
            "https://x.example/%2Fx",
        ),
        (
            "/x",
            "https://x.example/{% autoescape false %}{{ name }}{% endautoescape %}",
            "https://x.example/%2Fx",
        ),
        (
            "/x",
            "https://x.example/{{ \"a\" ~ name }}",
            "https://x.example/a%2Fx",
        ),
    ] {
        assert_eq!(url(name, template), wanted, "{name} in {template}");
    }
}

#[test]
fn a_file_beside_the_flow_is_sent_by_its_whole_path_under_a_safe_name() {
    let file = says(
        "{ file = 'docs/a.pdf', filename = '{{ name }}' }",
        "../Ana/x",
    )
    .unwrap();
    let media = file.media.unwrap();
    assert_eq!(media.source, MediaSource::Path("/flows/docs/a.pdf".into()));
    assert_eq!(media.filename.as_deref(), Some(".._Ana_x"));
    assert_eq!(media.mimetype, "application/pdf");
    let plain = says(
        "{ file = 'docs/a.pdf', caption = ' {{ opening[:0] }} ' }",
        "Ana",
    )
    .unwrap();
    assert_eq!(plain.text, "");
    assert_eq!(plain.media.unwrap().filename.as_deref(), Some("a.pdf"));
    assert_eq!(says("['{{ opening[:0] }}']", "Ana"), None);
}

/// Words alone are compared with what they say.
impl PartialEq<&str> for Reply {
    fn eq(&self, other: &&str) -> bool {
        self.media.is_none() && self.text == *other
    }
}
