//! Lines in which customers wait for a person: estimates only while somebody is at work, pauses, and customers who are moved.

use std::process::Output;

use crate::harness::{Daemon, Redis, TestSetup, binary, chat, eventually};

const FLOW: &str = r#"
name = "test"
locale = "en"
timezone = "America/Sao_Paulo"
start = "ask"
[notices]
first_after = "100ms"
at_most_every = "1s"
[texts]
position = "bot {{ position }}"
next = "bot next"
person_position = "place {{ position }}{% if wait %}, {{ wait }}{% endif %}"
person_next = "first{% if wait %}, {{ wait }}{% endif %}"
paused = "paused{% if paused %}: {{ paused }}{% endif %}"
left = "you left"
[hours]
closed = "ask"
mon-sun = "00:00-24:00"
[team.sales]
[team.support]
[team.night]
[team.night.hours]
CLOSED = "09:00-18:00"
[step.ask]
ask = "hello"
options = { "buy" = "sales", "help" = "support", "night" = "night" }
[step.sales]
handoff = "sales will come"
team = "sales"
[step.support]
handoff = "support will come"
team = "support"
[step.night]
handoff = "night will come"
team = "night"
"#;

struct Shop {
    test: TestSetup,
    redis: Redis,
    daemon: Daemon,
    flow: String,
}

impl Shop {
    fn open() -> Self {
        let (test, redis) = (TestSetup::new(), Redis::start());
        // A day of the week on which it is neither today nor tomorrow.
        let today = usize::try_from(jiff::Zoned::now().weekday().to_monday_zero_offset()).unwrap();
        let day = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"][(today + 3) % 7];
        let flow = test.flow(&FLOW.replace("CLOSED", day));
        let daemon = test
            .all(&redis)
            .set("FLOW_FILE", &flow)
            .set("WORKERS", "1")
            .start();
        Self {
            test,
            redis,
            daemon,
            flow,
        }
    }

    /// `waha-sm` with these words; `_` stands for a space inside a word.
    fn run(&self, command: &str) -> Output {
        binary()
            .args(command.split(' ').map(|word| word.replace('_', " ")))
            .env("REDIS_URL", self.redis.url())
            .env("FLOW_FILE", &self.flow)
            .env("DATA_DIR", self.test.directory.path().join("data"))
            .output()
            .unwrap()
    }

    #[track_caller]
    fn does(&self, command: &str) {
        let output = self.run(command);
        assert!(output.status.success(), "{command}: {output:?}");
    }

    /// A customer comes and waits for a person of the team that `word` leads to. Returns how many texts they have then.
    #[track_caller]
    fn waits(&self, n: usize, word: &str) -> usize {
        self.daemon.customer_writes(&chat(n), "hi");
        let before = self.test.texts(&chat(n), 1).len();
        self.daemon.customer_writes(&chat(n), word);
        let texts = self.test.texts(&chat(n), before + 1);
        assert!(texts[before].ends_with("will come"), "{texts:?}");
        before + 1
    }

    /// The next text of a customer who has `before` texts.
    #[track_caller]
    fn next(&self, n: usize, before: &mut usize) -> String {
        *before += 1;
        self.test.texts(&chat(n), *before)[*before - 1].clone()
    }

    /// The answer to a customer who writes this, and has `before` texts.
    #[track_caller]
    fn answer(&self, n: usize, text: &str, before: &mut usize) -> String {
        self.daemon.customer_writes(&chat(n), text);
        self.next(n, before)
    }

    fn metric(&self, line: &str) -> Option<f64> {
        self.daemon.metric(&format!("waha_sm_{line}"))
    }
}

fn number(n: usize) -> String {
    chat(n).replace("@c.us", "")
}

#[test]
fn a_customer_learns_how_long_it_takes_only_while_somebody_of_their_team_is_at_work() {
    let shop = Shop::open();
    shop.does("agent add ana --team sales");
    shop.does("agent add bia --team support");
    for team in ["sales", "support"] {
        shop.redis.ask(&format!(
            "HSET waha-sm:{{default}}:counters measured:{team} 9 handling:{team} 300000"
        ));
    }
    let [mut one, mut two] = [1, 2].map(|n| shop.waits(n, "buy"));
    assert_eq!(shop.next(1, &mut one), "first");
    assert_eq!(shop.next(2, &mut two), "place 2");
    // Somebody of another team is no help.
    assert!(!shop.run("take --as bia").status.success());
    assert_eq!(shop.answer(2, "position", &mut two), "place 2");
    shop.does("take --as ana");
    assert_eq!(shop.next(2, &mut two), "first, about 5 minutes");
    let mut three = shop.waits(3, "buy");
    assert_eq!(shop.next(3, &mut three), "place 2, about 10 minutes");
    // Who attends two customers at once has a free place twice as often.
    shop.does("take --as ana");
    let mut four = shop.waits(4, "buy");
    assert_eq!(shop.next(4, &mut four), "place 2, about 5 minutes");
    // Bia is at work, and holds nobody yet.
    let mut five = shop.waits(5, "help");
    assert_eq!(shop.next(5, &mut five), "first, about 2 minutes");
    for (line, count) in [
        ("waiting_for_person{session=\"default\"}", 3.0),
        ("waiting_for_team{session=\"default\",team=\"\"}", 0.0),
        ("waiting_for_team{session=\"default\",team=\"sales\"}", 2.0),
        (
            "waiting_for_team{session=\"default\",team=\"support\"}",
            1.0,
        ),
        ("with_agent{session=\"default\"}", 2.0),
    ] {
        eventually(line, || (shop.metric(line) == Some(count)).then_some(()));
    }
}

#[test]
fn while_a_team_is_paused_its_customers_who_write_are_told_once_and_notices_wait() {
    let shop = Shop::open();
    let [mut one, mut two] = [1, 2].map(|n| shop.waits(n, "buy"));
    let mut other = shop.waits(3, "help");
    assert_eq!(shop.next(1, &mut one), "first");
    assert_eq!(shop.next(2, &mut two), "place 2");
    assert_eq!(shop.next(3, &mut other), "first");
    shop.does("pause back_at_14:00 --team sales");
    shop.daemon.wait_for_log("the line of a team is paused");
    let paused = "line_paused{session=\"default\",team=\"sales\"}";
    let session = "line_paused{session=\"default\",team=\"\"}";
    eventually("the pause is shown", || {
        (shop.metric(paused) == Some(1.0) && shop.metric(session) == Some(0.0)).then_some(())
    });
    assert_eq!(
        shop.answer(2, "are you there?", &mut two),
        "paused: back at 14:00"
    );
    // It is not told again. The words of the line still work.
    shop.daemon.customer_writes(&chat(2), "hello?");
    assert_eq!(shop.answer(2, "position", &mut two), "place 2");
    // With other words it is another pause. Another team's customers don't read of it.
    shop.does("pause back_at_15:00 --team sales");
    assert_eq!(shop.answer(3, "position", &mut other), "place 1");
    assert_eq!(
        shop.answer(2, "position", &mut two),
        "paused: back at 15:00\nplace 2"
    );
    // Who comes during the pause reads of it in place of their first notice.
    let mut four = shop.waits(4, "buy");
    assert_eq!(shop.next(4, &mut four), "paused: back at 15:00");
    // The line moves, but the notice waits for the end of the pause.
    assert_eq!(shop.answer(1, "leave", &mut one), "you left");
    assert_eq!(shop.answer(4, "position", &mut four), "place 2");
    assert_eq!(shop.test.waha.texts(&chat(2)).len(), two);
    shop.does("resume --team sales");
    assert_eq!(shop.next(2, &mut two), "first");
    shop.daemon.wait_for_log("the line of a team is open again");
    assert_eq!(shop.metric(paused), Some(0.0));
    for named in ["is paused, and", "is open again"] {
        assert_eq!(shop.daemon.log().matches(named).count(), 1, "{named}");
    }
}

#[test]
fn while_the_session_is_paused_nobody_is_served_and_who_comes_is_told() {
    let shop = Shop::open();
    let mut waits = shop.waits(1, "buy");
    assert_eq!(shop.next(1, &mut waits), "first");
    shop.does("pause");
    let mut new = 0;
    assert_eq!(shop.answer(2, "hi", &mut new), "paused");
    assert_eq!(shop.answer(2, "position", &mut new), "bot 1");
    assert_eq!(shop.answer(1, "hello?", &mut waits), "paused");
    let mut another = 0;
    assert_eq!(shop.answer(3, "hi", &mut another), "paused");
    assert_eq!(shop.answer(3, "leave", &mut another), "you left");
    assert_eq!(
        shop.metric("line_paused{session=\"default\",team=\"\"}"),
        Some(1.0)
    );
    shop.does("resume");
    assert_eq!(shop.next(2, &mut new), "hello");
    assert_eq!(shop.answer(2, "buy", &mut new), "sales will come");
    // Those who come now are served as ever.
    shop.waits(4, "buy");
}

#[test]
fn a_team_that_is_closed_says_so_and_not_that_it_is_paused() {
    let shop = Shop::open();
    let mut night = shop.waits(1, "night");
    let closed = shop.next(1, &mut night);
    assert!(closed.starts_with("We're closed now."), "{closed}");
    shop.does("pause --team night");
    shop.daemon.wait_for_log("the line of a team is paused");
    shop.daemon.customer_writes(&chat(1), "hello?");
    assert_eq!(shop.answer(1, "position", &mut night), "place 1");
}

#[test]
fn a_customer_who_is_moved_is_told_their_new_place() {
    let shop = Shop::open();
    let mut told: Vec<usize> = (1..=4).map(|n| shop.waits(n, "buy")).collect();
    assert_eq!(shop.next(1, &mut told[0]), "first");
    for n in 2..=4 {
        assert_eq!(shop.next(n, &mut told[n - 1]), format!("place {n}"));
    }
    shop.does(&format!("move {} --last", number(2)));
    assert_eq!(shop.next(2, &mut told[1]), "place 4");
    shop.does(&format!("move {} --urgent", number(4)));
    assert_eq!(shop.next(4, &mut told[3]), "first");
    // The others lost one place, or gained one: that is no news.
    for n in [1, 3] {
        assert_eq!(shop.test.waha.texts(&chat(n)).len(), told[n - 1], "{n}");
    }
}
