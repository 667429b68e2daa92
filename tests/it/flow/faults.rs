//! A failing flow affects one conversation: its customer gets an apology, the reason is logged, and the only worker serves
//! the next customer.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::field::{Field, Visit};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context as LayerContext, Layer, SubscriberExt as _};
use waha_sm::flow::{Limits, Locale};
use waha_sm::flows::Flows;
use waha_sm::ids::{ChatId, MessageId, ProcessId, SessionName};
use waha_sm::service::handle::calls::Calls;
use waha_sm::service::handle::conversation::ConversationContext;
use waha_sm::service::handle::dispatcher::Dispatcher;
use waha_sm::service::kit::handover::{GivenLanes, Handover};
use waha_sm::service::kit::waha_access::WahaAccess;
use waha_sm::service::owner::reachability::Reachability;
use waha_sm::store::{
    Bell, Connections, Hearing, Ingest, RedisServer, Store, StoreConfig, Verdict,
};
use waha_sm::waha::client::{Client, ClientConfig};

use crate::harness::{PATIENCE, Redis, SESSION, TestSetup, chat, eventually, ms};
use crate::webhook::new_message_id;

const TROUBLE: &str =
    "Desculpe, tivemos um problema por aqui. Por favor, escreva de novo daqui a pouco.";

/// Waits until a conversation of the chat is closed in the history, and returns it.
fn closed(test: &TestSetup, chat: &str) -> Value {
    eventually("the conversation is archived as closed", || {
        test.history(&["--conversations"])
            .into_iter()
            .find(|one| one["chat"] == chat && !one["outcome"].is_null())
    })
}

#[test]
fn a_failing_template_sends_its_customer_an_apology_and_affects_nobody_else() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let flow = test.flow(
        r#"
        locale = "pt-BR"
        start = "menu"
        [step.menu]
        ask = "?"
        options = { part = "part", zero = "zero", endless = "endless", huge = "huge", long = "long" }
        [step.part]
        say = "{{ name.first.letter }}"
        end = "never"
        [step.zero]
        say = "{{ 1 / (opening | length - 2) }}"
        end = "never"
        [step.endless]
        say = "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}"
        end = "never"
        [step.huge]
        say = "{{ opening * 2000000000 }}"
        end = "never"
        [step.long]
        say = "{{ opening * 100000 }}"
        end = "well"
        "#,
    );
    let daemon = test
        .all(&redis)
        .set("FLOW_FILE", flow)
        .set("WORKERS", "1")
        .start();
    for (n, word) in ["part", "zero", "endless", "huge"].into_iter().enumerate() {
        let chat = chat(n + 1);
        daemon.customer_writes(&chat, "oi");
        test.texts(&chat, 1);
        daemon.customer_writes(&chat, word);
        assert_eq!(test.texts(&chat, 2), ["?", TROUBLE], "{word}");
        assert_eq!(closed(&test, &chat)["outcome"], "trouble", "{word}");
        daemon.wait_for_log(&format!("fault=\"step `{word}`: "));
        assert!(daemon.log().contains("check FLOW_FILE"));
    }
    let well = chat(9);
    daemon.customer_writes(&well, "oi");
    test.texts(&well, 1);
    daemon.customer_writes(&well, "long");
    let long = test.texts(&well, 2).remove(1);
    assert_eq!((long.chars().count(), &long[..4]), (4096, "oioi"));
    assert!(long.ends_with('…'));
    assert_eq!(closed(&test, &well)["outcome"], "well");
}

#[test]
fn a_flow_sees_only_the_start_of_a_very_long_text_and_the_history_keeps_all_of_it() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    // About the most expensive pattern that the loader accepts: its last part can begin at every `a`.
    let flow = test.flow(
        r#"
        start = "heavy"
        [step.heavy]
        ask = "?"
        pattern = '[ab]*a[ab]{500}[xyz]?'
        attempts = 2
        otherwise = "whole"
        end = "never"
        [step.whole]
        ask = "whole?"
        pattern = 'a{4096}'
        save = "heard"
        end = "heard"
        "#,
    );
    let daemon = test
        .all(&redis)
        .set("FLOW_FILE", flow)
        .set("WORKERS", "1")
        .start();
    let chat = chat(1);
    daemon.customer_writes(&chat, "hi");
    test.texts(&chat, 1);
    let mut dice = fastrand::Rng::with_seed(7);
    let long: String = (0..65_536)
        .map(|place| match dice.bool() {
            // Near the end of what the flow sees: the pattern fails only there.
            _ if place == 4_000 => '!',
            true => 'a',
            false => 'b',
        })
        .collect();
    daemon.customer_writes(&chat, &long);
    test.texts(&chat, 2);
    daemon.customer_writes(&chat, &long);
    assert_eq!(test.texts(&chat, 3)[2], "whole?");
    let long = format!("{}é", "a".repeat(60_000));
    daemon.customer_writes(&chat, &long);
    let closed = closed(&test, &chat);
    assert_eq!(closed["outcome"], "heard");
    assert_eq!(closed["variables"]["heard"], "a".repeat(4096));
    let kept = test
        .history(&["--chat", &chat])
        .iter()
        .any(|message| message["text"] == long);
    assert!(kept, "the history has the whole text");
}

/// A flow with two questions. `second` is the name of the second step.
fn two_questions(second: &str, timeouts: &str) -> String {
    format!(
        r#"
        start = "name"
        {timeouts}
        [step.name]
        ask = "your name, please{{% if city %}}, in {{{{ city }}}}{{% endif %}}?"
        save = "who"
        next = "{second}"
        [step.{second}]
        ask = "your city, {{{{ who }}}}?"
        save = "city"
        next = "bye"
        [step.bye]
        say = "{{{{ who }}}} of {{{{ city }}}}, {{{{ opening }}}}"
        end = "done"
        "#
    )
}

#[test]
fn a_conversation_at_a_removed_step_starts_over_and_keeps_its_saved_values() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let flow = test.flow(&two_questions("city", ""));
    let setup = test.all(&redis).set("FLOW_FILE", flow).set("WORKERS", "1");
    let mut daemon = setup.start();
    let (ana, bia) = (chat(1), chat(2));
    daemon.customer_writes(&ana, "hi");
    test.texts(&ana, 1);
    daemon.customer_writes(&ana, "Zoe");
    assert_eq!(test.texts(&ana, 2)[1], "your city, Zoe?");
    daemon.customer_writes(&bia, "hello");
    daemon.terminate();
    test.flow(&two_questions("town", ""));
    let daemon = setup.start();
    daemon.customer_writes(&ana, "Rio");
    assert_eq!(test.texts(&ana, 3)[2], "your name, please?");
    daemon.wait_for_log("step `city` no longer exists; restarted at `name`");
    daemon.customer_writes(&ana, "Zoe again");
    assert_eq!(test.texts(&ana, 4)[3], "your city, Zoe again?");
    daemon.customer_writes(&ana, "Rio");
    assert_eq!(test.texts(&ana, 5)[4], "Zoe again of Rio, hi");
    assert_eq!(closed(&test, &ana)["outcome"], "done");
    eventually("the next customer is served", || {
        let texts = test.waha.texts(&bia);
        texts
            .contains(&"your name, please?".to_owned())
            .then_some(())
    });
}

#[test]
fn a_silent_conversation_at_a_removed_step_is_closed_as_usual() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let flow = test.flow(&two_questions("city", ""));
    let setup = test.all(&redis).set("FLOW_FILE", flow).set("WORKERS", "1");
    let mut daemon = setup.start();
    let ana = chat(1);
    daemon.customer_writes(&ana, "hi");
    test.texts(&ana, 1);
    daemon.customer_writes(&ana, "Zoe");
    test.texts(&ana, 2);
    daemon.terminate();
    test.flow(&two_questions(
        "town",
        "[timeouts]\nremind_after = '200ms'\nclose_after = '2s'",
    ));
    let daemon = setup.start();
    assert!(test.texts(&ana, 4)[3].starts_with("I haven't heard from you"));
    assert_eq!(closed(&test, &ana)["outcome"], "silence");
    daemon.customer_writes(&ana, "back");
    assert_eq!(test.texts(&ana, 5)[4], "your name, please?");
}

#[test]
fn a_conversation_with_an_unreadable_state_starts_over() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let flow = test.flow(&two_questions("city", ""));
    let setup = test.all(&redis).set("FLOW_FILE", flow).set("WORKERS", "1");
    for (n, state) in ["'{\"v\":2}'", "rubbish"].into_iter().enumerate() {
        let mut daemon = setup.start();
        let ana = chat(n + 1);
        daemon.customer_writes(&ana, "hi");
        test.texts(&ana, 1);
        daemon.customer_writes(&ana, "Zoe");
        test.texts(&ana, 2);
        daemon.terminate();
        redis.ask(&format!(
            "HSET waha-sm:{{default}}:chat:{ana} state {state}"
        ));
        let mut daemon = setup.start();
        daemon.wait_for_log("the saved state of this conversation can't be read");
        // The first question comes at once, so the customer sees that their answers are lost.
        assert_eq!(test.texts(&ana, 3)[2], "your name, please?");
        daemon.customer_writes(&ana, "Zoe");
        daemon.customer_writes(&ana, "Rio");
        assert_eq!(test.texts(&ana, 5)[4], "Zoe of Rio, ");
        assert_eq!(closed(&test, &ana)["outcome"], "done");
        daemon.terminate();
    }
}

/// Panics in the middle of a conversation, when the fault of this chat is logged. Nothing from outside can cause a panic.
#[derive(Clone)]
struct Panics {
    at: String,
    /// How often it panicked.
    panicked: Arc<Mutex<u32>>,
    errors: Arc<Mutex<Vec<String>>>,
}

impl Panics {
    fn at(chat: &str) -> Self {
        Self {
            at: chat.to_owned(),
            panicked: Arc::default(),
            errors: Arc::default(),
        }
    }

    /// Until the guard is dropped.
    fn start(&self) -> DefaultGuard {
        tracing::subscriber::set_default(tracing_subscriber::registry().with(self.clone()))
    }
}

#[derive(Default)]
struct Words(String);

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.0 += &format!("{field}={value:?} ");
    }
}

impl<S: Subscriber> Layer<S> for Panics {
    fn on_event(&self, event: &Event<'_>, _: LayerContext<'_, S>) {
        let mut words = Words::default();
        event.record(&mut words);
        if *event.metadata().level() == Level::ERROR {
            self.errors.lock().unwrap().push(words.0.clone());
        }
        if words.0.contains("the flow failed") && words.0.contains(&self.at) {
            *self.panicked.lock().unwrap() += 1;
            panic!("the test wants this panic");
        }
    }
}

/// A customer's message, as the intake stores it.
fn written(chat: &str, text: &str) -> Ingest {
    Ingest {
        whole: None,
        id: MessageId::stored(new_message_id()),
        from: ChatId::stored(chat),
        other_id: None,
        name: String::new(),
        message: format!("{{\"chat\":\"{chat}\",\"text\":\"{text}\"}}"),
        parts: String::new(),
        sent_at: ms(1_000),
        by_webhook: true,
        hearing: Hearing::Opens,
        phone_quiet: Duration::ZERO,
        words: None,
        limits: Limits::OFF,
        rating: None,
        now: ms(1_000),
    }
}

async fn store(redis: &Redis) -> Store {
    let config = StoreConfig {
        server: RedisServer::Url(redis.url()),
        prefix: "test:".to_owned(),
        first_notice_after: Duration::from_secs(2).into(),
        connections: Connections::default(),
    };
    Store::connect(&config, PATIENCE).await.unwrap()
}

fn dispatcher(
    store: &Store,
    flow: &str,
    bells: mpsc::UnboundedReceiver<Bell>,
) -> (Dispatcher, GivenLanes) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, flow).unwrap();
    let client = Client::new(ClientConfig {
        base_url: "http://localhost:1".to_owned(),
        api_key: None,
        timeout: PATIENCE,
        connections: 1,
    });
    let client = Arc::new(client.unwrap());
    let access = Arc::new(WahaAccess::new(client.clone()));
    let (handover, given) = Handover::new(mpsc::unbounded_channel().0, access);
    let dispatcher = Dispatcher {
        context: Arc::new(ConversationContext {
            process: ProcessId::stored("p"),
            store: store.clone(),
            flows: Arc::new(Flows::load(Some(file.path()), Locale::En).unwrap()),
            pickup_latency: Arc::default(),
            reachability: Arc::new(Reachability::new(client)),
            lease: Arc::default(),
            calls: Arc::new(Calls::new(None)),
            handover,
        }),
        workers: 1,
        bells,
    };
    (dispatcher, given)
}

#[test]
fn a_conversation_that_keeps_panicking_is_closed_and_its_worker_is_freed() {
    let redis = Redis::start();
    let (ana, bia) = (chat(1), chat(2));
    let panics = Panics::at(&ana);
    let _guard = panics.start();
    let flow =
        "locale = 'pt-BR'\nstart = 'a'\n[step.a]\nsay = '{{ 1 / opening }}'\nend = 'never'\n";
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let store = store(&redis).await;
        let session = SessionName::stored(SESSION);
        // Otherwise a commit brings no lane.
        store.write_back(&session).await.unwrap();
        for chat in [&ana, &bia] {
            let message = written(chat, "hi");
            store.ingest(&session, message).await.unwrap();
        }
        let (_bells, bells) = mpsc::unbounded_channel();
        let (worker, mut given) = dispatcher(&store, flow, bells);
        let shutdown = CancellationToken::new();
        let running = tokio::spawn(worker.run(shutdown.clone()));
        let mut handed_off = Vec::new();
        while handed_off.len() < 2 {
            let lane = tokio::time::timeout(PATIENCE, given.lanes.recv());
            let lane = lane.await.expect("both customers get a reply").unwrap();
            assert_eq!(lane.session, session);
            let lane = lane.lane.unwrap();
            assert_eq!(lane.reply.unwrap().text, TROUBLE);
            handed_off.push(lane.chat.to_string());
        }
        assert_eq!(
            handed_off,
            [bia, ana.clone()],
            "the worker served the next customer at once"
        );
        let outcomes: Vec<_> = store
            .history(&session, None, 100)
            .await
            .unwrap()
            .into_iter()
            .filter(|entry| {
                entry
                    .fields
                    .contains(&("kind".to_owned(), "closed".to_owned()))
            })
            .filter(|entry| {
                entry
                    .fields
                    .contains(&("outcome".to_owned(), "trouble".to_owned()))
            })
            .collect();
        assert_eq!(outcomes.len(), 2);
        let gauges = store.gauges(&session).await.unwrap();
        assert_eq!((gauges.active, gauges.waiting), (0, 0));
        shutdown.cancel();
        running.await.unwrap();
    });
    assert_eq!(*panics.panicked.lock().unwrap(), 3);
    let errors = panics.errors.lock().unwrap();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(
        errors[0].contains(&ana) && errors[0].contains("please report it"),
        "{errors:?}"
    );
}

#[test]
fn a_conversation_that_keeps_panicking_keeps_what_its_customer_answered_before() {
    let redis = Redis::start();
    let ana = chat(1);
    let panics = Panics::at(&ana);
    let _guard = panics.start();
    let flow = "
        start = 'name'
        [timeouts]
        burst = '0s'
        [step.name]
        ask = 'name?'
        save = 'name'
        next = 'city'
        [step.city]
        ask = 'city?'
        save = 'city'
        next = 'fails'
        [step.fails]
        say = '{{ 1 / city }}'
        end = 'never'
    ";
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let closed = runtime.block_on(async {
        let store = store(&redis).await;
        let session = SessionName::stored(SESSION);
        // Otherwise a commit brings no lane.
        store.write_back(&session).await.unwrap();
        let (to_worker, bells) = mpsc::unbounded_channel();
        let (worker, mut given) = dispatcher(&store, flow, bells);
        let shutdown = CancellationToken::new();
        let running = tokio::spawn(worker.run(shutdown.clone()));
        for answer in ["hi", "Ana", "Rio"] {
            let message = written(&ana, answer);
            store.ingest(&session, message).await.unwrap();
            to_worker.send(Bell::Queue(session.clone())).unwrap();
            let inbox = Bell::Inbox(session.clone(), ChatId::stored(ana.as_str()));
            to_worker.send(inbox).unwrap();
            // A question, or the apology.
            let lane = tokio::time::timeout(PATIENCE, given.lanes.recv());
            let lane = lane.await.expect("the customer gets a reply").unwrap();
            let now = waha_sm::clock::Millis::now();
            let sent = lane.lane.unwrap().settled(Verdict::Release {
                due: now,
                doubt: false,
            });
            store.settle(&session, sent, now).await.unwrap();
        }
        shutdown.cancel();
        running.await.unwrap();
        let entries = store.history(&session, None, 100).await.unwrap();
        let closed = entries.into_iter().find(|entry| {
            let kind = ("kind".to_owned(), "closed".to_owned());
            entry.fields.contains(&kind)
        });
        closed.expect("the conversation is closed").fields
    });
    assert_eq!(*panics.panicked.lock().unwrap(), 3);
    let field = |name: &str| {
        let found = closed.iter().find(|(field, _)| field == name);
        found.map(|(_, value)| value.as_str())
    };
    assert_eq!(field("outcome"), Some("trouble"));
    let variables: Value = serde_json::from_str(field("variables").unwrap()).unwrap();
    assert_eq!(variables["name"], "Ana", "{variables}");
}
