//! The step that hands a customer to a person: the customer waits under their ticket and holds no worker.

use serde_json::{Value, json};

use crate::harness::{Daemon, Redis, SESSION, Setup, TestSetup, chat, eventually};
use crate::webhook::{message_with, new_message_id};

/// A flow that asks for the subject and hands off. WITHIN is the longest wait.
const FLOW: &str = r#"
name = "test"
locale = "en"
start = "ask"
[notices]
first_after = "200ms"
at_most_every = "1s"
[texts]
person_position = "place {{ position }}{% if wait %}, {{ wait }}{% endif %}"
person_next = "you are first"
left = "you left"
[step.ask]
ask = "hello"
save = "subject"
next = "person"
[step.person]
handoff = ["somebody will come", "about {{ subject }}"]
within = "WITHIN"
otherwise = "nobody"
[step.nobody]
ask = "nobody came; your number?"
next = "bye"
[step.bye]
say = "we call {{ answer }}"
end = "call_back"
"#;

/// The chat where the owner is notified.
const OWNER: &str = "120363000000000007@g.us";

fn setup(test: &TestSetup, redis: &Redis, within: &str) -> Setup {
    let flow = FLOW.replace("WITHIN", within);
    test.all(redis)
        .set("FLOW_FILE", test.flow(&flow))
        .set("NOTIFY_CHAT", OWNER)
}

/// A customer writes and answers, and then waits for a person.
#[track_caller]
fn hands_off(test: &TestSetup, daemon: &Daemon, chat: &str) {
    daemon.customer_writes(chat, "hi");
    let before = test.texts(chat, 1).len();
    daemon.customer_writes(chat, "a cake");
    let texts = test.texts(chat, before + 2);
    assert_eq!(
        texts[before..before + 2],
        ["somebody will come", "about a cake"]
    );
}

fn owner_writes(daemon: &Daemon, chat: &str, text: &str) {
    let message_id = new_message_id();
    let mut event = message_with("message.any", SESSION, chat, "Shop", text, &message_id);
    event["payload"]["id"] = format!("true_{chat}_{message_id}").into();
    event["payload"]["fromMe"] = true.into();
    daemon.posts(&event);
}

fn waiting(daemon: &Daemon) -> Option<f64> {
    daemon.metric("waha_sm_waiting_for_person{session=\"default\"}")
}

fn outcomes(test: &TestSetup, chat: &str) -> Vec<Value> {
    let found = test.history(&["--chat", chat, "--conversations"]);
    found.iter().map(|one| one["outcome"].clone()).collect()
}

#[test]
fn a_customer_who_waits_for_a_person_holds_no_worker_and_gets_notices_until_the_owner_answers() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let setup = setup(&test, &redis, "1h");
    let mut daemon = setup.start();
    let [first, second, third] = [1, 2, 3].map(chat);
    // The only worker is free after each handoff.
    hands_off(&test, &daemon, &first);
    hands_off(&test, &daemon, &second);
    assert_eq!(test.texts(&first, 4)[3], "you are first");
    assert_eq!(test.texts(&second, 4)[3], "place 2");
    assert_eq!(waiting(&daemon), Some(2.0));
    let texts = test.texts(OWNER, 2);
    let notice_of_second = "Ana (+5511900000002) is waiting for a person: \"a cake\".\nsubject: a cake\nPlace in line: 2. Customers waiting: 2.\n\
                            https://wa.me/5511900000002\nReply in their chat, from your phone.";
    assert!(texts.contains(&notice_of_second.to_owned()), "{texts:?}");

    // A restart changes nothing, because everything is in Redis.
    daemon.kill();
    let daemon = setup.start();
    assert_eq!(
        daemon.customer_writes(&second, "position"),
        json!({"result": "queued", "position": 2})
    );
    assert_eq!(test.texts(&second, 5)[4], "place 2");

    owner_writes(&daemon, &first, "hi, this is Jo");
    assert_eq!(test.texts(&second, 6)[5], "you are first");
    assert_eq!(
        daemon.customer_writes(&first, "at last"),
        json!({"result": "phone"})
    );
    assert_eq!(waiting(&daemon), Some(1.0));

    daemon.customer_writes(&second, "leave");
    assert_eq!(test.texts(&second, 7)[6], "you left");
    eventually("nobody waits for a person", || {
        (waiting(&daemon) == Some(0.0)).then_some(())
    });
    owner_writes(&daemon, &first, "#fim");
    eventually("both are closed", || {
        let closed = (outcomes(&test, &first), outcomes(&test, &second));
        (closed == (vec![json!("phone")], vec![json!("left")])).then_some(())
    });
    // The worker still serves other customers.
    hands_off(&test, &daemon, &third);
    assert_eq!(test.waha.texts(&first).len(), 4);
    assert_eq!(
        test.texts(OWNER, 3).len(),
        3,
        "one notification per customer"
    );
}

#[test]
fn if_nobody_answers_in_time_the_flow_continues_under_the_old_ticket() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = setup(&test, &redis, "1s").start();
    let one = chat(1);
    hands_off(&test, &daemon, &one);
    // This message is for the person; it does not answer the next question.
    daemon.customer_writes(&one, "anybody?");
    eventually("the flow continues", || {
        let texts = test.waha.texts(&one);
        texts
            .contains(&"nobody came; your number?".to_owned())
            .then_some(())
    });
    daemon.customer_writes(&one, "55 11");
    eventually("the answer counts", || {
        test.waha
            .texts(&one)
            .contains(&"we call 55 11".to_owned())
            .then_some(())
    });
    eventually("the conversation is closed once", || {
        (outcomes(&test, &one) == [json!("call_back")]).then_some(())
    });
}

/// A flow that hands off at once, to the people of `notify`, with more keys and more tables.
fn urgent(keys: &str, tables: &str) -> String {
    format!(
        "locale = 'pt-BR'\ntimezone = 'America/Sao_Paulo'\nstart = 'plan'\n[timeouts]\nburst = '0s'\n[notices]\nfirst_after = '100ms'\n\
         [step.plan]\nask = 'plano?'\nsave = 'plan'\nnext = 'tooth'\n[step.tooth]\nask = 'onde dói?'\nsave = 'dor_de_dente'\n\
         next = 'person'\n[step.person]\nhandoff = 'vou chamar alguém'\n{keys}\n{tables}"
    )
}

/// A customer answers both questions, and waits for a person.
fn answers_both(test: &TestSetup, daemon: &Daemon, chat: &str) {
    for (said, replies) in [("oi", 1), ("Unimed", 2), ("do lado\ndireito", 3)] {
        daemon.customer_writes(chat, said);
        test.texts(chat, replies);
    }
}

#[test]
fn a_step_tells_its_own_people_what_it_notes_and_nobody_is_attended_in_their_chat() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    // The dentist's number, written with the ninth digit; WhatsApp knows it without.
    let dentist = "5511987654321@c.us";
    let flow = urgent(
        "note = \"Plano: {{ plan }}\\nDente: {{ dor_de_dente }}\"\nnotify = '+55 (11) 98765-4321'",
        "",
    );
    let setup = test
        .all(&redis)
        .set("FLOW_FILE", test.flow(&flow))
        .set("NOTIFY_CHAT", OWNER);
    let mut daemon = setup.start();
    answers_both(&test, &daemon, &chat(1));
    let notice = "Ana (+5511900000001) está aguardando atendimento: \"do lado direito\".\nPlano: Unimed\nDente: do lado\ndireito\n\
                  Lugar na fila: 1. Clientes aguardando: 1.\nhttps://wa.me/5511900000001\nResponda na conversa, pelo seu celular.";
    assert_eq!(test.texts(dentist, 1), [notice]);
    assert_eq!(test.waha.texts(OWNER).len(), 0, "it is not told twice");

    // A person who gets notices is not a customer, in either spelling of the number. Later notices go to the one they write from.
    let known = "551187654321@c.us";
    for owner in [dentist, known] {
        let answer = daemon.customer_writes(owner, "ok, já vou");
        assert_ne!(answer["result"], "queued", "{owner}: {answer}");
    }

    // After a restart nothing is told again, and the next customer is.
    daemon.kill();
    let daemon = setup.start();
    answers_both(&test, &daemon, &chat(2));
    let notices = test.texts(known, 1);
    assert!(
        notices[0].starts_with("Ana (+5511900000002)") && notices[0].contains("Lugar na fila: 2."),
        "{notices:?}"
    );
    let told = [dentist, known, OWNER].map(|chat| test.waha.texts(chat).len());
    assert_eq!(told, [1, 1, 0]);
}

#[test]
fn a_customer_who_waits_for_a_person_is_never_told_that_it_will_not_be_long() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test
        .all(&redis)
        .set("FLOW_FILE", test.flow(&urgent("", "")))
        .start();
    answers_both(&test, &daemon, &chat(1));
    answers_both(&test, &daemon, &chat(2));
    assert_eq!(
        test.texts(&chat(1), 4)[3],
        "Você está em 1º lugar na fila para falar com a nossa equipe. Vamos escrever para você por aqui assim que alguém puder."
    );
    let second = "Você está em 2º lugar na fila para falar com a nossa equipe.";
    assert_eq!(test.texts(&chat(2), 4)[3], second);
    daemon.customer_writes(&chat(2), "fila");
    assert_eq!(test.texts(&chat(2), 5)[4], second);
}

/// A day of the week that is not today, and how a customer reads its opening at nine.
fn day_in_three_days() -> (&'static str, &'static str) {
    let zone = jiff::tz::TimeZone::get("America/Sao_Paulo").unwrap();
    let today = jiff::Zoned::now()
        .with_time_zone(zone)
        .weekday()
        .to_monday_zero_offset();
    [
        ("mon", "na segunda-feira às 9h"),
        ("tue", "na terça-feira às 9h"),
        ("wed", "na quarta-feira às 9h"),
        ("thu", "na quinta-feira às 9h"),
        ("fri", "na sexta-feira às 9h"),
        ("sat", "no sábado às 9h"),
        ("sun", "no domingo às 9h"),
    ][(usize::try_from(today).unwrap() + 3) % 7]
}

#[test]
fn while_it_is_closed_a_customer_learns_when_people_are_back_and_gets_no_notice_until_then() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let (day, back) = day_in_three_days();
    let hours = format!("[hours]\nclosed = 'plan'\n{day} = '09:00-18:00'");
    let daemon = test
        .all(&redis)
        .set("FLOW_FILE", test.flow(&urgent("", &hours)))
        .start();
    for (said, replies) in [("oi", 1), ("Unimed", 2), ("aqui", 4)] {
        daemon.customer_writes(&chat(1), said);
        test.texts(&chat(1), replies);
    }
    let texts = test.texts(&chat(1), 4);
    assert_eq!(
        texts[2..],
        [
            "vou chamar alguém".to_owned(),
            format!("Estamos fechados agora. Voltamos {back} e respondemos por aqui.")
        ]
    );
    daemon.customer_writes(&chat(1), "fila");
    assert_eq!(
        test.texts(&chat(1), 5)[4],
        format!(
            "Estamos fechados agora; voltamos {back}. Você está em 1º lugar na fila para falar com a nossa equipe."
        )
    );
    // The first notice would have been due before this answer.
    assert_eq!(test.waha.texts(&chat(1)).len(), 5);
}

#[test]
fn each_team_has_its_own_line_hours_and_people_who_are_told() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let (day, back) = day_in_three_days();
    // The support is never closed; the sales team is, today.
    let flow = format!(
        "locale = 'pt-BR'\ntimezone = 'America/Sao_Paulo'\nstart = 'who'\n[notices]\nfirst_after = '100ms'\n\
         [hours]\nclosed = 'who'\nmon-sun = '00:00-24:00'\n\
         [team.sales]\nnotify = '5511900000101'\n[team.sales.hours]\n{day} = '09:00-18:00'\n[team.support]\n\
         [step.who]\nask = 'quem?'\noptions = {{ 1 = 'sales', 2 = 'support', 3 = 'boss' }}\n\
         [step.sales]\nhandoff = 'vendas'\nteam = 'sales'\n\
         [step.support]\nhandoff = 'suporte'\nteam = 'support'\n\
         [step.boss]\nhandoff = 'chefe'\nteam = 'support'\npriority = 'urgent'\nnotify = '5511900000102'"
    );
    let daemon = test
        .all(&redis)
        .set("FLOW_FILE", test.flow(&flow))
        .set("NOTIFY_CHAT", OWNER)
        .start();
    let chooses = |n: usize, option: &str, answer: &str| {
        daemon.customer_writes(&chat(n), "oi");
        test.texts(&chat(n), 1);
        daemon.customer_writes(&chat(n), option);
        assert_eq!(test.texts(&chat(n), 2)[1], answer);
    };
    chooses(1, "1", "vendas");
    let closed = format!("Estamos fechados agora. Voltamos {back} e respondemos por aqui.");
    assert_eq!(test.texts(&chat(1), 3)[2], closed);
    chooses(2, "2", "suporte");
    let first = "Você está em 1º lugar na fila para falar com a nossa equipe. Vamos escrever para você por aqui assim que alguém puder.";
    assert_eq!(test.texts(&chat(2), 3)[2], first);
    // An urgent one stands before the other of the same team.
    chooses(3, "3", "chefe");
    assert_eq!(test.texts(&chat(3), 3)[2], first);
    chooses(4, "2", "suporte");
    assert_eq!(
        test.texts(&chat(4), 3)[2],
        "Você está em 3º lugar na fila para falar com a nossa equipe."
    );
    for (customer, position) in [
        (
            1,
            format!(
                "Estamos fechados agora; voltamos {back}. Você está em 1º lugar na fila para falar com a nossa equipe."
            ),
        ),
        (
            2,
            "Você está em 2º lugar na fila para falar com a nossa equipe.".to_owned(),
        ),
    ] {
        daemon.customer_writes(&chat(customer), "fila");
        assert_eq!(test.texts(&chat(customer), 4)[3], position);
    }
    // A team without a chat of its own has the owner's; a step's own chat comes first.
    for (to, customer, line, place, waiting) in [
        ("5511900000101@c.us", 1, "equipe sales", 1, 1),
        (OWNER, 2, "equipe support", 1, 1),
        ("5511900000102@c.us", 3, "equipe support, urgente", 1, 2),
    ] {
        let notice = test.texts(to, 1).remove(0);
        let who = format!("Ana (+55119{customer:08}) está aguardando atendimento ({line})");
        let where_in_line = format!("\nLugar na fila: {place}. Clientes aguardando: {waiting}.\n");
        assert!(notice.starts_with(&who), "{notice}");
        assert!(notice.contains(&where_in_line), "{notice}");
    }
    assert_eq!(test.texts(OWNER, 2).len(), 2);
}
