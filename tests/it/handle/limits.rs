//! Two bots don't talk forever: a chat that reaches a limit is left alone for a while. A person in a hurry is not.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use crate::harness::{Daemon, Redis, SESSION, Setup, TestSetup, chat, eventually};
use crate::webhook::{message, message_with, new_message_id};

/// Three wrong answers lead to a last text and an end, which the other bot answers, too.
const FLOW: &str = r#"
name = "test"
locale = "en"
start = "hello"
[limits]
LIMITS
[timeouts]
burst = "BURST"
[step.hello]
say  = ["Olá!", "Este é o nosso cardápio."]
next = "more"
[step.more]
ask       = "Quer ouvir as promoções? (sim / não)"
options   = { "sim" = "when", "não" = "bye" }
invalid   = "Responda sim ou não."
otherwise = "bye"
[step.when]
ask  = "De que dia?"
save = "day"
next = "promotions"
[step.promotions]
say = "As promoções de {{ day }}."
end = "promotions"
[step.bye]
say = "Até logo!"
end = "seen"
"#;

/// Another company's bot says this to all that it does not understand.
const OTHER_BOT: &str = "Não entendi sua resposta. Digite 9 para o menu.";

/// The chat where the owner is notified.
const OWNER: &str = "120363000000000007@g.us";

fn flow(limits: &str, burst: &str) -> String {
    FLOW.replace("LIMITS", limits).replace("BURST", burst)
}

fn setup(test: &TestSetup, redis: &Redis, limits: &str, burst: &str) -> Setup {
    test.all(redis)
        .set("FLOW_FILE", test.flow(&flow(limits, burst)))
        .set("NOTIFY_CHAT", OWNER)
        .set("WORKERS", "1")
}

fn result(answer: &Value) -> String {
    answer["result"].as_str().unwrap_or_default().to_owned()
}

fn texts_of(test: &TestSetup, chats: &[&str]) -> usize {
    let sent = test.waha.sent();
    sent.iter()
        .filter(|sent| chats.contains(&sent.chat.as_str()))
        .count()
}

/// The other bot: it begins, and answers each message of ours after `delay`, with `words` of the number of its answer, from
/// each of the ids in turn. It ends when it hears nothing for longer than a burst, or after `answers_max` answers. Returns
/// how many answers it gave.
fn other_bot(
    test: &TestSetup,
    daemon: &Daemon,
    ids: &[&str],
    delay: Duration,
    answers_max: usize,
    words: impl Fn(usize) -> String,
) -> usize {
    let before = texts_of(test, ids);
    let mut answers = 0;
    while answers < answers_max {
        let from = ids[answers % ids.len()];
        let other = ids[(answers + 1) % ids.len()];
        let mut event = message(SESSION, from, "Loja", &words(answers));
        if from != other {
            let raw = other.replace("@c.us", "@s.whatsapp.net");
            event["payload"]["_data"]["Info"]["SenderAlt"] = raw.into();
        }
        daemon.posts(&event);
        answers += 1;
        let next = test.waha.wait_for(Duration::from_secs(4), |sent, _| {
            let ours = sent.iter().filter(|sent| ids.contains(&sent.chat.as_str()));
            (ours.count() >= before + answers).then_some(())
        });
        if next.is_none() {
            break;
        }
        // Not a wait for us: how fast the other bot answers is what is tested.
        std::thread::sleep(delay);
    }
    answers
}

#[track_caller]
fn owner_is_told(test: &TestSetup, part: &str) -> String {
    let told = test.texts(OWNER, 1);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains(part), "{told:?}");
    told[0].clone()
}

fn outcomes(test: &TestSetup, chat: &str) -> Vec<Value> {
    let found = test.history(&["--chat", chat, "--conversations"]);
    found.iter().map(|one| one["outcome"].clone()).collect()
}

fn owner_writes(daemon: &Daemon, chat: &str, text: &str) {
    let message_id = new_message_id();
    let mut event = message_with("message.any", SESSION, chat, "Shop", text, &message_id);
    event["payload"]["id"] = format!("true_{chat}_{message_id}").into();
    event["payload"]["fromMe"] = true.into();
    daemon.posts(&event);
}

#[test]
fn a_bot_that_answers_at_once_is_left_alone_and_the_owner_is_told_once() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = setup(&test, &redis, "", "1.5s").start();
    let bot = chat(1);
    let answers = other_bot(
        &test,
        &daemon,
        &[&bot],
        Duration::from_millis(100),
        60,
        |_| OTHER_BOT.to_owned(),
    );
    assert!(test.waha.texts(&bot).len() <= 15, "{answers}");
    let told = owner_is_told(&test, "answers like another bot");
    assert!(
        told.contains("Loja (+5511900000001)") && told.contains("#fim"),
        "{told}"
    );
    daemon.wait_for_log("this chat reached a limit of its flow");
    // It is heard, and not answered.
    let before = test.waha.texts(&bot).len();
    for _ in 0..3 {
        assert_eq!(result(&daemon.customer_writes(&bot, OTHER_BOT)), "limit");
    }
    // The worker is free for others.
    daemon.customer_writes(&chat(2), "oi");
    test.texts(&chat(2), 3);
    assert_eq!(test.waha.texts(&bot).len(), before);
    assert_eq!(test.waha.texts(OWNER).len(), 1);
    let log = daemon.log();
    assert_eq!(log.matches("reached a limit of its flow").count(), 1);
    assert!(
        !log.contains("this process lost this conversation"),
        "{log}"
    );
    let metric = daemon.metric("waha_sm_events_total{result=\"limit\"}");
    assert!(metric.is_some_and(|count| count >= 3.0), "{metric:?}");
    eventually("the history has all that it said", || {
        let entries = test.history(&["--chat", &bot]);
        let heard = entries.iter().filter(|one| one["text"] == OTHER_BOT);
        (heard.count() == answers + 3).then_some(())
    });
}

#[test]
fn a_bot_that_repeats_itself_slowly_is_left_alone() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = setup(&test, &redis, "", "0s").start();
    other_bot(
        &test,
        &daemon,
        &[&chat(1)],
        Duration::from_millis(1_200),
        60,
        |_| OTHER_BOT.to_owned(),
    );
    owner_is_told(&test, "answers like another bot");
    assert!(test.waha.texts(&chat(1)).len() <= 15);
}

#[test]
fn a_bot_that_says_something_else_each_time_reaches_a_limit_of_the_hour() {
    for (limits, told, replies_max) in [
        (
            "conversations_per_hour = 3\nreplies_per_hour = 0",
            "3 conversations within an hour",
            // Each of at most six texts; and a fourth one, if the third closed before it had read all.
            24,
        ),
        (
            "conversations_per_hour = 0\nreplies_per_hour = 6",
            "6 replies within an hour",
            11,
        ),
    ] {
        let (test, redis) = (TestSetup::new(), Redis::start());
        let daemon = setup(&test, &redis, limits, "0s").start();
        other_bot(
            &test,
            &daemon,
            &[&chat(1)],
            Duration::from_millis(20),
            60,
            |number| format!("opção {number}"),
        );
        owner_is_told(&test, told);
        assert!(
            test.waha.texts(&chat(1)).len() <= replies_max,
            "{:?}",
            test.waha.texts(&chat(1))
        );
    }
}

#[test]
fn a_person_in_a_hurry_is_not_left_alone() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = setup(&test, &redis, "", "0s").start();
    let (ana, bia) = (chat(1), chat(2));
    let mut results = BTreeSet::new();
    let mut writes = |chat: &str, text: &str| {
        results.insert(result(&daemon.customer_writes(chat, text)));
    };
    // Many conversations, each answer written as soon as the question is there.
    let mut expected = 0;
    for day in 1..=9 {
        for (text, replies) in [
            ("oi", 3),
            // The same slip, again and again.
            ("ja tenho", 1),
            ("ssim", 1),
            ("sim", 1),
            (format!("quero as promoções do dia {day}").as_str(), 1),
        ] {
            writes(&ana, text);
            expected += replies;
            test.texts(&ana, expected);
        }
    }
    // The same message, copied.
    for _ in 0..3 {
        for (text, replies) in [
            ("quero um orçamento para a minha empresa", 3),
            ("sim", 1),
            ("hoje", 1),
        ] {
            writes(&ana, text);
            expected += replies;
            test.texts(&ana, expected);
        }
    }
    // Forty messages that the flow does not understand, as fast as they can be sent.
    for number in 0..40 {
        writes(
            &bia,
            ["oi", "quero", "as", "promoções", "de hoje"][number % 5],
        );
    }
    assert!(!results.contains("limit"), "{results:?}");
    assert_eq!(test.waha.texts(OWNER), [""; 0]);
}

#[test]
fn after_the_pause_the_next_message_opens_a_conversation_and_a_reload_changes_the_limits() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let limits = "conversations_per_hour = 2\nleave_alone_for = \"2s\"";
    let setup = setup(&test, &redis, limits, "0s");
    let mut daemon = setup.start();
    let bot = chat(1);
    let conversation = |daemon: &Daemon, number: usize| {
        daemon.customer_writes(&bot, "oi");
        test.texts(&bot, number * 4 - 1);
        daemon.customer_writes(&bot, "não");
        test.texts(&bot, number * 4);
    };
    conversation(&daemon, 1);
    // What was counted survives the process.
    daemon.kill();
    let daemon = setup.start();
    conversation(&daemon, 2);
    eventually("the conversation is closed", || {
        (daemon.metric("waha_sm_conversations_closed_total{session=\"default\"}") == Some(2.0))
            .then_some(())
    });
    assert_eq!(result(&daemon.customer_writes(&bot, "oi")), "limit");
    owner_is_told(&test, "2 conversations within an hour");
    eventually("the pause is over", || {
        (result(&daemon.customer_writes(&bot, "oi")) == "queued").then_some(())
    });
    test.texts(&bot, 11);
    daemon.customer_writes(&bot, "não");
    test.texts(&bot, 12);
    test.flow(&flow("conversations_per_hour = 1", "0s"));
    daemon.signal("-HUP");
    daemon.wait_for_log("reloaded the flows");
    eventually("the conversation is closed", || {
        (daemon.metric("waha_sm_conversations_closed_total{session=\"default\"}") == Some(3.0))
            .then_some(())
    });
    assert_eq!(result(&daemon.customer_writes(&bot, "oi")), "limit");
    test.flow(&flow(
        "conversations_per_hour = 0\nreplies_per_hour = 0\nmachine_answers = 0",
        "0s",
    ));
    daemon.signal("-HUP");
    eventually("the limits are off", || {
        (result(&daemon.customer_writes(&bot, "oi")) == "queued").then_some(())
    });
    let told = test.texts(OWNER, 2);
    assert_eq!(told.len(), 2, "{told:?}");
}

#[test]
fn the_other_id_of_the_person_is_left_alone_too() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = setup(&test, &redis, "", "0s").start();
    let (number, lid) = (chat(7), "199900000000007@lid");
    other_bot(
        &test,
        &daemon,
        &[lid, &number],
        Duration::from_millis(100),
        60,
        |_| OTHER_BOT.to_owned(),
    );
    owner_is_told(&test, "answers like another bot");
    for id in [lid, &number] {
        assert_eq!(result(&daemon.customer_writes(id, OTHER_BOT)), "limit");
    }
}

#[test]
fn a_customer_who_waits_for_a_person_is_never_left_alone() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let with_person = flow("replies_per_hour = 3", "0s").replace(
        "[step.bye]\nsay = \"Até logo!\"\nend = \"seen\"",
        "[step.bye]\nhandoff = \"Alguém vai responder.\"",
    );
    let daemon = test
        .all(&redis)
        .set("FLOW_FILE", test.flow(&with_person))
        .set("NOTIFY_CHAT", OWNER)
        .start();
    let ana = chat(1);
    daemon.customer_writes(&ana, "oi");
    test.texts(&ana, 3);
    daemon.customer_writes(&ana, "quê?");
    test.texts(&ana, 4);
    daemon.customer_writes(&ana, "não");
    assert_eq!(test.texts(&ana, 5)[4], "Alguém vai responder.");
    for _ in 0..20 {
        let answer = daemon.customer_writes(&ana, "Tem alguém aí? Estou esperando faz tempo.");
        assert_eq!(result(&answer), "queued");
    }
    let waiting = daemon.metric("waha_sm_waiting_for_person{session=\"default\"}");
    assert_eq!(waiting, Some(1.0));
    // The owner answers, and gives the chat back to the bot.
    owner_writes(&daemon, &ana, "Oi, Ana!");
    assert_eq!(result(&daemon.customer_writes(&ana, "oi")), "phone");
    assert!(!daemon.log().contains("reached a limit"));
}

#[test]
fn the_owner_can_answer_a_chat_that_is_left_alone_and_give_it_back_to_the_bot() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = setup(&test, &redis, "replies_per_hour = 1", "0s").start();
    let ana = chat(1);
    let reaches_the_limit = |texts: usize| {
        daemon.customer_writes(&ana, "oi");
        test.texts(&ana, texts);
        assert_eq!(result(&daemon.customer_writes(&ana, "sim")), "limit");
    };
    reaches_the_limit(3);
    owner_writes(&daemon, &ana, "Oi, Ana! Quer as promoções?");
    assert_eq!(result(&daemon.customer_writes(&ana, "quero")), "phone");
    owner_writes(&daemon, &ana, "#fim");
    // The word alone is enough.
    reaches_the_limit(6);
    owner_writes(&daemon, &ana, "#fim");
    daemon.wait_for_log("the owner gave this chat back to the bot");
    reaches_the_limit(9);
    eventually("the conversations have an outcome of their own", || {
        (outcomes(&test, &ana) == ["limit"; 3]).then_some(())
    });
    test.texts(OWNER, 1);
}
