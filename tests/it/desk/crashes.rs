//! The daemon is killed while people work.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::shop::{Shop, flow, number};
use crate::fake_waha::{Behaviour, Echo, Engine};
use crate::harness::{PATIENCE, SECRET, chat, eventually};

#[test]
fn a_crash_between_take_and_say_leaves_the_customer_with_the_agent_and_her_words_in_order() {
    let mut shop = Shop::open("");
    shop.test.waha.imitate(Engine::Gows);
    shop.test
        .waha
        .echo_to(&shop.daemon.url, SECRET, Echo::After);
    let one = number(1);
    shop.waits(1, "buy");
    shop.does("take --as ana");
    let held = shop.shows(&one);

    // Nobody sends while it is down, and nobody has to wait for it.
    shop.daemon.kill();
    shop.does(&format!("say {one} first --as ana"));
    shop.does(&format!("say {one} second --as ana"));
    shop.daemon = shop.setup.start();
    let texts = shop.test.texts(&chat(1), 4);
    assert_eq!(texts[2..], ["first", "second"]);
    let now = shop.shows(&one);
    for field in ["status", "holder", "ticket", "conversation", "since"] {
        assert_eq!(now[field], held[field], "{field}");
    }
    assert_eq!(now["holder"], "ana");

    // WAHA has taken the next words, and the daemon dies before it hears of that.
    shop.test
        .waha
        .behave_for(&chat(1), Behaviour::TakesAndHangs(PATIENCE));
    shop.does(&format!("say {one} third --as ana"));
    shop.test.texts(&chat(1), 5);
    shop.does(&format!("say {one} fourth --as ana"));
    shop.daemon.kill();
    shop.test.waha.behave_well();
    shop.daemon = shop.setup.start();
    shop.test.texts(&chat(1), 6);
    let answer = shop.daemon.customer_writes(&chat(1), "thank you");
    assert_eq!(answer["result"], "agent");
    shop.does(&format!("say {one} fifth --as ana"));
    let texts = shop.test.texts(&chat(1), 7);
    assert_eq!(texts[2..], ["first", "second", "third", "fourth", "fifth"]);
    shop.does(&format!("close {one} --outcome solved --as ana"));
    assert_eq!(shop.outcomes(&chat(1)), ["solved"]);
    let hers: Vec<_> = shop
        .said(&chat(1))
        .into_iter()
        .filter_map(|(author, text)| (author == "agent").then_some(text))
        .collect();
    assert_eq!(hers, ["first", "second", "third", "fourth", "fifth"]);
}

/// How many customers there are in the chaos, and for how long.
const CUSTOMERS: usize = 6;
const CHAOS: Duration = Duration::from_secs(10);

/// Counts, in one moment of Redis, the conversations that are in no list or in several, or in one that is not theirs, and the
/// messages that nobody will read.
const MISPLACED: &str = "local s = 'waha-sm:{default}:' local wrong = 0 \
    for n = 1, tonumber(ARGV[1]) do \
      local chat = string.format('55119%08d@c.us', n) \
      local status = redis.call('HGET', s..'chat:'..chat, 'status') \
      local lists = { \
        waiting = redis.call('ZSCORE', s..'queue', chat) and 1 or 0, \
        handoff = (redis.call('ZSCORE', s..'handoff', chat) and 1 or 0) + (redis.call('ZSCORE', s..'handoff:sales', chat) and 1 or 0) \
          + (redis.call('ZSCORE', s..'handoff:support', chat) and 1 or 0), \
        active = redis.call('HEXISTS', s..'active', chat), \
        agent = redis.call('HEXISTS', s..'held', chat), \
        phone = redis.call('ZSCORE', s..'phone', chat) and 1 or 0} \
      local all = 0 \
      for name, count in pairs(lists) do \
        all = all + count \
        if count > 0 and name ~= status and not (name == 'phone' and (not status or status == 'closed')) then wrong = wrong + 1 end \
      end \
      if all > 1 or status and status ~= 'closed' and all == 0 then wrong = wrong + 1 end \
      if all == 0 and redis.call('EXISTS', s..'inbox:'..chat) == 1 then wrong = wrong + 1 end \
    end \
    return wrong";

/// What an agent does in the chaos, until it ends. Returns what they said to whom, in order.
fn works(shop: &Shop, by: &str, seed: u64, over: &AtomicBool) -> Vec<(String, String)> {
    let (mut chance, mut said) = (fastrand::Rng::with_seed(seed), Vec::new());
    let mut round = 0;
    while !over.load(Ordering::Relaxed) {
        round += 1;
        let customer = number(chance.usize(1..=CUSTOMERS));
        let command = match chance.u32(..12) {
            0..3 => format!("take --as {by}"),
            3 => format!("take {customer} --as {by}"),
            4..8 => format!("say {customer} {by}{round} --as {by}"),
            8 => format!("give {customer} --to bot --as {by}"),
            9 => format!("give {customer} --to team:support --as {by}"),
            10 => format!("note {customer} hm --as {by}"),
            _ => format!("close {customer} --outcome solved --as {by}"),
        };
        let output = shop.run(&command);
        // Refused or done: nothing else may happen, whoever else acts.
        assert!(
            matches!(output.status.code(), Some(0 | 1)),
            "{command}: {output:?}"
        );
        if command.starts_with("say") && output.status.success() {
            said.push((format!("{customer}@c.us"), format!("{by}{round}")));
        }
    }
    said
}

/// The owner's phone: writes here and there, and ends what it began now and then.
fn phones(shop: &Shop, seed: u64, over: &AtomicBool) {
    let mut chance = fastrand::Rng::with_seed(seed);
    while !over.load(Ordering::Relaxed) {
        let customer = chat(chance.usize(1..=CUSTOMERS));
        let word = if chance.bool() {
            "#fim"
        } else {
            "from the phone"
        };
        shop.phone_writes(&customer, word);
        std::thread::park_timeout(Duration::from_millis(chance.u64(50..400)));
    }
}

/// Customers write. Returns who wrote what.
fn write(shop: &Shop, seed: u64, over: &AtomicBool) -> Vec<(String, String)> {
    let (mut chance, mut written) = (fastrand::Rng::with_seed(seed), Vec::new());
    while !over.load(Ordering::Relaxed) {
        let customer = chat(chance.usize(1..=CUSTOMERS));
        let text = ["buy", "help", "size", "what?"][chance.usize(..4)];
        shop.daemon.customer_writes(&customer, text);
        written.push((customer, text.to_owned()));
        std::thread::park_timeout(Duration::from_millis(chance.u64(10..120)));
    }
    written
}

#[test]
fn while_everybody_acts_at_once_and_workers_are_killed_nobody_is_lost_or_in_two_lines() {
    let flow = flow(
        "agent_quiet = '2s'\nagent_gone = '3s'\nphone_quiet = '2s'",
        "[limits]\nconversations_per_hour = 0\nreplies_per_hour = 0\nmachine_answers = 0",
    );
    let shop = Shop::open_as("serve", &flow, |setup| setup);
    let work = shop
        .test
        .setup("work")
        .set("REDIS_URL", shop.redis.url())
        .set(
            "FLOW_FILE",
            shop.test
                .directory
                .path()
                .join("flow.toml")
                .display()
                .to_string(),
        )
        .set("WORKERS", "4");
    shop.test.waha.imitate(Engine::Gows);
    shop.test
        .waha
        .echo_to(&shop.daemon.url, SECRET, Echo::After);
    let misplaced = || {
        let eval = format!("EVAL \"{MISPLACED}\" 0 {CUSTOMERS}");
        shop.redis.number(&eval)
    };
    let seed = fastrand::u64(..);
    eprintln!("seed {seed}");
    let over = AtomicBool::new(false);
    let (written, said) = std::thread::scope(|scope| {
        let customers = scope.spawn(|| write(&shop, seed, &over));
        let ana = scope.spawn(|| works(&shop, "ana", seed + 1, &over));
        let bia = scope.spawn(|| works(&shop, "bia", seed + 2, &over));
        scope.spawn(|| phones(&shop, seed + 3, &over));
        let begun = Instant::now();
        let mut wrong = 0;
        while begun.elapsed() < CHAOS {
            let mut worker = work.start();
            let lives = Instant::now() + Duration::from_millis(1_200);
            while Instant::now() < lives {
                wrong = wrong.max(misplaced());
                std::thread::park_timeout(Duration::from_millis(20));
            }
            worker.kill();
        }
        over.store(true, Ordering::Relaxed);
        assert_eq!(wrong, 0, "a conversation was in no list, or in two");
        let said = [ana.join().unwrap(), bia.join().unwrap()].concat();
        (customers.join().unwrap(), said)
    });
    let _worker = work.start();
    // Whatever is still open can be closed by the owner, wherever it is.
    eventually("nothing is open", || {
        for n in 1..=CUSTOMERS {
            shop.run(&format!("close {} --outcome over", number(n)));
            shop.phone_writes(&chat(n), "#fim");
        }
        let open = shop.does("line --format jsonl");
        let unsent = shop.redis.number("ZCARD waha-sm:{default}:lanes")
            + shop.redis.number("HLEN waha-sm:{default}:sending");
        (open.is_empty() && unsent == 0 && misplaced() == 0).then_some(())
    });
    for n in 1..=CUSTOMERS {
        shop.outcomes(&chat(n));
    }
    nothing_is_lost(&shop, &written, &said);
}

/// Each message of a customer is in the history once, and what agents said arrived once, in order.
#[track_caller]
fn nothing_is_lost(shop: &Shop, written: &[(String, String)], said: &[(String, String)]) {
    for n in 1..=CUSTOMERS {
        let customer = chat(n);
        let history = shop.said(&customer);
        let of = |all: &[(String, String)]| -> Vec<String> {
            let theirs = all.iter().filter(|(chat, _)| *chat == customer);
            theirs.map(|(_, text)| text.clone()).collect()
        };
        let mut heard: Vec<String> = history
            .iter()
            .filter(|(author, _)| author == "customer")
            .map(|(_, text)| text.clone())
            .collect();
        let mut written = of(written);
        heard.sort();
        written.sort();
        assert_eq!(heard, written, "{customer}");
        let sent = shop.test.waha.texts(&customer);
        for by in ["ana", "bia"] {
            let hers = |texts: &[String]| -> Vec<String> {
                let hers = texts.iter().filter(|text| text.starts_with(by));
                hers.cloned().collect()
            };
            assert_eq!(hers(&sent), hers(&of(said)), "{customer}");
        }
    }
}
