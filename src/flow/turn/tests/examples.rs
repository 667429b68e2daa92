//! Dialogues through the example flows: messages, the replies that must come and the answers that must be saved.

use crate::flow::turn::tests::*;

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
        < Anotado: CPF 52998224725. Até logo!
        = booked
        $ cpf=52998224725
        $ name=Ana",
    );
}

#[test]
fn without_a_burst_messages_that_came_together_are_separate_answers() {
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
        < Anotado: CPF 52998224725. Até logo!
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
        < Já é a sua vez! Estou aguardando a sua resposta.
        > [media]
        < Responda 1 ou 2, por favor.
        > ?
        < A nossa recepção já vai falar com você.
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
        < Você ainda está aí? Estou aguardando a sua resposta.
        + 14
        > ??
        < Esse CPF não confere. Envie os 11 números, por favor.
        + 19
        < Você ainda está aí? Estou aguardando a sua resposta.
        + 29
        < Como não tive resposta, vou encerrar por aqui. Quando quiser, é só escrever e continuamos de onde paramos.
        = silence
        ~
        > desculpe
        > 52998224725
        < Qual é o seu CPF?
        > 52998224725
        < Anotado: CPF 52998224725. Até logo!
        = booked
        $ name=Ana",
    );
}

#[test]
fn a_late_close_skips_the_reminder() {
    check(
        &load(CLINIC),
        r"
        > oi
        < Olá, Ana!
        < Aqui é a Clínica Exemplo.
        < 1 - Marcar consulta\n2 - Falar com a recepção
        + 200
        < Como não tive resposta, vou encerrar por aqui. Quando quiser, é só escrever e continuamos de onde paramos.
        = silence",
    );
}

#[test]
fn a_customer_can_leave_at_every_step_but_not_with_the_first_message() {
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
        < Tudo bem, encerramos este atendimento. Nada mais foi cancelado. Quando quiser, é só escrever de novo.
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
        < What would you like? One item at a time, please. A photo is fine too.
        > [media]
        < How many?
        > a few
        < Please write just the number, like 2.
        > 2
        < Where should we send the receipt? Write your e-mail address, or 'no'.
        > later
        < That doesn't look like an e-mail address. Write it like ann@example.com, or 'no'.
        > No!
        < 2 x [media]: is that right? (yes / no)
        > no
        < No problem, let's start over.
        < What would you like? One item at a time, please. A photo is fine too.
        > Tea {{ 7 * 7 }}
        > 3
        > ann@example.com
        > Yes
        < How many?
        < Where should we send the receipt? Write your e-mail address, or 'no'.
        < 3 x Tea {{ 7 * 7 }}: is that right? (yes / no)
        < Thank you! We'll write to you when it's ready.
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
        < What's your order number? It looks like CS-1234.
        > cs1234
        < Thank you. We'll look up CS1234 and write to you within the hour.
        = status_asked",
    );
}

#[test]
fn a_visit_is_booked_in_the_customer_s_own_words_and_saved_in_normal_form() {
    // In these tests it is 31 December 1969, 21:16 in São Paulo.
    check(
        &load(VISIT),
        r"
        > oi
        < Olá, Ana! Vamos agendar a visita do técnico.
        < O que está acontecendo? Descreva em poucas palavras.
        > oi
        < Conte um pouco mais, por favor (até 500 letras).
        > a geladeira não gela
        < Mande uma foto ou um vídeo do aparelho, ou escreva 'não tenho'.
        > [voice]
        < Preciso de uma foto ou de um vídeo. Se não tiver, escreva 'não tenho'.
        > [image]
        < Para que dia podemos marcar?
        > Amanhã.
        < A que horas?
        > às 14h30
        < Para qual telefone o técnico pode ligar? Com DDD, por favor.
        > 99999-0000
        < Escreva o número com DDD, assim: 11 99999-0000.
        > (11) 99999-0000
        < Combinado: quinta-feira, 1º de janeiro de 1970, às 14h30. O técnico liga antes para +5511999990000.
        = booked
        $ day=1970-01-01
        $ time=14:30
        $ phone=+5511999990000
        $ problem=a geladeira não gela",
    );
}

#[test]
fn the_price_of_tickets_is_calculated_and_their_number_chooses_the_path() {
    let script = load(TICKETS);
    for (quantity, replies) in [
        (
            "1",
            r"< Para una sola persona también hay un pase anual: pregunte en la entrada.
            < 1 entrada para el 02/01: 12 €. ¿Es correcto? (sí / no)",
        ),
        (
            "2",
            "< 2 entradas para el 02/01: 24 €. ¿Es correcto? (sí / no)",
        ),
        (
            "15",
            "< 15 entradas para el 02/01: 180 €, con guía. ¿Es correcto? (sí / no)",
        ),
    ] {
        check(
            &script,
            &format!(
                r"
            > hola
            < ¡Hola, Ana! Aquí puede reservar sus entradas para el museo.
            < ¿Para qué día las quiere?
            > mañana
            < ¿Cuántas entradas necesita? Hasta 60.
            > 61
            < Escriba un número de 1 a 60, por favor.
            > {quantity}
            {replies}
            > sí, gracias
            < ¡Listo, reservado! Las entradas se pagan al llegar.
            + 1
            < Un consejo: las mañanas son más tranquilas. ¡Hasta pronto!
            = booked
            $ quantity={quantity}"
            ),
        );
    }
}

#[test]
fn expressions_calculate_with_numbers_and_see_all_else_as_texts() {
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
fn an_echo_answers_every_message_once_including_the_opening() {
    check(
        &load(ECHO),
        r"
        > one
        > quit
        > [media]
        < one
        < quit
        < [media]
        > four
        > five
        < four
        < five
        > quit
        < All right, we've closed this chat. Nothing else was cancelled. Write to us again any time.
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
fn the_built_in_flow_asks_for_name_and_subject_in_every_locale() {
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
                assert_eq!(
                    turn.next,
                    Next::Close {
                        outcome,
                        resumable,
                        asks_rating: false
                    }
                );
            }
        }
        let saved = |name: &str| state.variables().get(name).map(String::as_str);
        assert_eq!(saved("subject"), Some("a question"));
        assert_eq!(saved("name"), Some("Bia"));
    }
}
