//! A team pauses, and its hours end before the pause does.

use super::shop::{Shop, flow, number};
use crate::harness::{chat, eventually};

/// The sales team has these hours.
fn hours(hours: &str) -> String {
    let more = format!(
        "[texts]\nperson_position = '{{% if opens %}}closed, {{% endif %}}place {{{{ position }}}}'\nperson_next = 'you are first'\n\
         paused = 'we pause, {{{{ paused }}}}'\n[team.sales.hours]\n{hours}"
    );
    let flow = flow("", &more).replace("locale =", "timezone = 'UTC'\nlocale =");
    flow.replace("first_after = \"1h\"", "first_after = \"200ms\"")
}

/// No day but one that is not today.
fn closed_today() -> String {
    let today = jiff::Zoned::now()
        .with_time_zone(jiff::tz::TimeZone::UTC)
        .weekday();
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let day = days[(usize::try_from(today.to_monday_zero_offset()).unwrap() + 3) % 7];
    format!("{day} = '09:00-18:00'")
}

#[test]
fn a_team_that_closes_during_its_pause_loses_nobody_and_each_customer_is_told_once() {
    let shop = Shop::open_with(&hours("mon-sun = '00:00-24:00'"), |setup| setup);
    shop.daemon.customer_writes(&chat(1), "hi");
    shop.test.texts(&chat(1), 1);
    shop.does("pause --team sales back_at_14:00");
    shop.daemon.customer_writes(&chat(1), "buy");
    assert_eq!(shop.test.texts(&chat(1), 3)[2], "we pause, back at 14:00");
    let reason = shop.refuses("take --as ana");
    assert!(
        reason.contains("paused by owner for ") && reason.contains("back at 14:00"),
        "{reason}"
    );
    // They know it already.
    shop.daemon.customer_writes(&chat(1), "hello?");

    // Closing time comes first: what counts for those who write now is when the team is back.
    shop.follows(&hours(&closed_today()));
    shop.daemon.customer_writes(&chat(2), "hi");
    shop.test.texts(&chat(2), 1);
    shop.daemon.customer_writes(&chat(2), "buy");
    let texts = shop.test.texts(&chat(2), 3);
    assert_eq!(texts[1], "sales will come");
    assert!(
        texts[2].contains("closed") && texts[2].contains("back"),
        "{texts:?}"
    );
    shop.daemon.customer_writes(&chat(1), "position");
    let texts = shop.test.texts(&chat(1), 4);
    assert!(
        texts[3].contains("closed") && texts[3].contains("place 1"),
        "{texts:?}"
    );
    shop.daemon.customer_writes(&chat(2), "anybody?");

    // The pause ends while it is closed. Nobody hears of that, and a person who is there can still work.
    shop.does("resume --team sales");
    let line = shop.does("line");
    assert!(
        line.contains("Waits for a person (sales): 2") && !line.contains("paused"),
        "{line}"
    );
    shop.follows(&hours("mon-sun = '00:00-24:00'"));
    for n in 1..=2 {
        let taken = shop.does("take --as ana");
        assert!(taken.contains(&number(n)), "{taken}");
    }
    // The queue's own words were answered there; the others are for her.
    let unread = |n: usize| {
        let shown = shop.shows(&number(n));
        let unread = shown["unread"].as_array().unwrap().iter();
        unread
            .map(|one| one["text"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        (unread(1), unread(2)),
        (vec!["hello?".to_owned()], vec!["anybody?".to_owned()])
    );
    for n in 1..=2 {
        shop.does(&format!("say {} good_morning --as ana", number(n)));
        shop.does(&format!("close {} --outcome solved --as ana", number(n)));
        assert_eq!(shop.outcomes(&chat(n)), ["solved"]);
        eventually("her words arrive", || {
            let texts = shop.test.waha.texts(&chat(n));
            texts.contains(&"good morning".to_owned()).then_some(())
        });
    }
    let line = eventually("nobody is left", || {
        let line = shop.does("line --format jsonl");
        line.is_empty().then_some(line)
    });
    assert_eq!(line, "");
    for (n, of_pause) in [(1, 1), (2, 0)] {
        let texts = shop.test.waha.texts(&chat(n));
        let count = |word: &str| texts.iter().filter(|text| text.contains(word)).count();
        assert_eq!(
            (count("pause"), count("closed")),
            (of_pause, 1),
            "{texts:?}"
        );
    }
}
