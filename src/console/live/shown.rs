//! What a page shows, and how it differs from what it showed before. Pure.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::json;

/// A part of a page: a head, and rows below it. Either may be empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::console) struct ShownSection {
    /// Unique within the page.
    pub(in crate::console) id: String,
    /// The HTML of the head.
    pub(in crate::console) head: Arc<str>,
    /// The rows, in order.
    pub(in crate::console) rows: Vec<Shown>,
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::console) struct Shown {
    /// Unique within the section.
    pub(in crate::console) key: Arc<str>,
    /// The HTML of the whole `<li>`.
    pub(in crate::console) html: Arc<str>,
}

/// HTML that is kept and compared.
pub(in crate::console) fn shared_html(html: maud::Markup) -> Arc<str> {
    html.into_string().into()
}

/// The events that turn one page into another, for `text/event-stream`
/// (<https://html.spec.whatwg.org/multipage/server-sent-events.html>); empty if nothing differs.
///
/// `put` adds or replaces a row (`k`) or, without `k`, the head of a section (`s`), before the one that `b` names, or at the
/// end. `gone` removes a row or a section.
pub(super) fn difference(old: &[ShownSection], new: &[ShownSection]) -> Vec<PageEvent> {
    let mut events = Vec::new();
    let old_sections: HashMap<&str, &ShownSection> =
        old.iter().map(|one| (one.id.as_str(), one)).collect();
    let new_ids: HashMap<&str, ()> = new.iter().map(|one| (one.id.as_str(), ())).collect();
    for section in old {
        if !new_ids.contains_key(section.id.as_str()) {
            events.push(PageEvent::gone(&section.id, None));
        }
    }
    // From the end, so that the one before which something is put is there already.
    let mut before: Option<&str> = None;
    for section in new.iter().rev() {
        let shown = old_sections.get(section.id.as_str());
        if shown.is_none_or(|shown| shown.head != section.head) {
            events.push(PageEvent::put(&section.id, None, before, &section.head));
        }
        let shown = shown.map_or(&[][..], |shown| &shown.rows);
        rows(&section.id, shown, &section.rows, &mut events);
        before = Some(&section.id);
    }
    events
}

fn rows(section: &str, old: &[Shown], new: &[Shown], events: &mut Vec<PageEvent>) {
    let places: HashMap<&str, usize> = new
        .iter()
        .enumerate()
        .map(|(place, row)| (&*row.key, place))
        .collect();
    for row in old {
        if !places.contains_key(&*row.key) {
            events.push(PageEvent::gone(section, Some(&row.key)));
        }
    }
    // Rows that are in both, in their old order. Those that keep their order need not move.
    let kept: Vec<(&Shown, usize)> = old
        .iter()
        .filter_map(|row| Some((row, *places.get(&*row.key)?)))
        .collect();
    let steady = in_order(&kept);
    let old_rows: HashMap<&str, &Shown> = old.iter().map(|row| (&*row.key, row)).collect();
    let mut before: Option<&str> = None;
    for row in new.iter().rev() {
        let same = old_rows
            .get(&*row.key)
            .is_some_and(|old| Arc::ptr_eq(&old.html, &row.html) || old.html == row.html);
        if !same || !steady.contains_key(&*row.key) {
            events.push(PageEvent::put(section, Some(&row.key), before, &row.html));
        }
        before = Some(&row.key);
    }
}

/// The rows of a longest ascending sequence of places: the most that can stay where they are.
fn in_order<'a>(kept: &[(&'a Shown, usize)]) -> HashMap<&'a str, ()> {
    // Patience sorting: the last row of the best sequence of each length, and the row before each.
    let mut ends: Vec<usize> = Vec::new();
    let mut previous: Vec<Option<usize>> = vec![None; kept.len()];
    for (at, (_, place)) in kept.iter().enumerate() {
        let length = ends.partition_point(|end| kept.get(*end).is_some_and(|(_, p)| p < place));
        let last = length.checked_sub(1).and_then(|shorter| ends.get(shorter));
        if let (Some(slot), Some(last)) = (previous.get_mut(at), last) {
            *slot = Some(*last);
        }
        match ends.get_mut(length) {
            Some(end) => *end = at,
            None => ends.push(at),
        }
    }
    let mut steady = HashMap::new();
    let mut next = ends.last().copied();
    while let Some((row, _)) = next.and_then(|at| kept.get(at)) {
        steady.insert(&*row.key, ());
        next = next.and_then(|at| previous.get(at).copied().flatten());
    }
    steady
}

/// An event, as it goes over the wire, without its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PageEvent {
    name: &'static str,
    data: String,
}

impl PageEvent {
    fn put(section: &str, key: Option<&str>, before: Option<&str>, html: &str) -> Self {
        Self {
            name: "put",
            data: json!({"s": section, "k": key, "b": before, "h": html}).to_string(),
        }
    }

    fn gone(section: &str, key: Option<&str>) -> Self {
        Self {
            name: "gone",
            data: json!({"s": section, "k": key}).to_string(),
        }
    }

    /// An event without content.
    pub(super) fn plain(name: &'static str) -> Self {
        Self {
            name,
            data: "{}".to_owned(),
        }
    }
}

/// Events in one piece, all but the last without an id: a browser that lost some of them asks for all of them again.
pub(super) fn wire(events: &[PageEvent], id: &str) -> Bytes {
    let mut text = String::new();
    for (number, PageEvent { name, data }) in events.iter().enumerate() {
        text.push_str("event: ");
        text.push_str(name);
        text.push('\n');
        if number + 1 == events.len() && !id.is_empty() {
            text.push_str("id: ");
            text.push_str(id);
            text.push('\n');
        }
        text.push_str("data: ");
        // JSON has no line break outside of its texts, and none inside.
        text.push_str(data);
        text.push_str("\n\n");
    }
    text.into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn section(id: &str, head: &str, rows: &[(&str, &str)]) -> ShownSection {
        ShownSection {
            id: id.to_owned(),
            head: head.into(),
            rows: rows
                .iter()
                .map(|(key, html)| Shown {
                    key: (*key).into(),
                    html: (*html).into(),
                })
                .collect(),
        }
    }

    #[test]
    fn a_line_that_moves_up_is_one_row_that_goes() {
        let before = section("bot", "3", &[("a", "1"), ("b", "2"), ("c", "3")]);
        let after = section("bot", "3", &[("b", "2"), ("c", "3")]);
        assert_eq!(
            difference(&[before], &[after]),
            [PageEvent::gone("bot", Some("a"))]
        );
    }

    #[test]
    fn a_row_that_moves_to_the_front_is_one_event() {
        let before = section("bot", "", &[("a", "1"), ("b", "2"), ("c", "3")]);
        let after = section("bot", "", &[("c", "3"), ("a", "1"), ("b", "2")]);
        assert_eq!(
            difference(&[before], &[after]),
            [PageEvent::put("bot", Some("c"), Some("a"), "3")]
        );
    }

    /// What a browser does with the events (`assets/live.js`).
    fn apply(page: &mut Vec<ShownSection>, events: &[PageEvent]) {
        for event in events {
            let data: serde_json::Value = serde_json::from_str(&event.data).unwrap();
            let text = |name: &str| data[name].as_str();
            let (id, key, before) = (text("s").unwrap(), text("k"), text("b"));
            let at = page.iter().position(|one| one.id == id);
            match (event.name, key) {
                ("gone", None) => drop(page.remove(at.unwrap())),
                ("gone", Some(key)) => {
                    page[at.unwrap()].rows.retain(|row| &*row.key != key);
                }
                ("put", None) => {
                    let mut one = match at {
                        Some(at) => page.remove(at),
                        None => section(id, "", &[]),
                    };
                    one.head = text("h").unwrap().into();
                    let to = before.map_or(page.len(), |before| {
                        page.iter().position(|one| one.id == before).unwrap()
                    });
                    page.insert(to, one);
                }
                ("put", Some(key)) => {
                    let rows = &mut page[at.unwrap()].rows;
                    rows.retain(|row| &*row.key != key);
                    let to = before.map_or(rows.len(), |before| {
                        rows.iter().position(|row| &*row.key == before).unwrap()
                    });
                    let html = text("h").unwrap().into();
                    rows.insert(
                        to,
                        Shown {
                            key: key.into(),
                            html,
                        },
                    );
                }
                other => panic!("{other:?}"),
            }
        }
    }

    fn page() -> impl Strategy<Value = Vec<ShownSection>> {
        let rows = prop::collection::vec((0..12_u8, 0..3_u8), 0..10);
        let sections = prop::collection::vec((0..3_u8, rows), 0..5);
        sections.prop_map(|sections| {
            // Sections keep their order, as those of our pages do.
            let ids = ["head", "person:", "person:sales", "bot", "worker"];
            let parts = ids.iter().zip(sections);
            let parts = parts.map(|(id, (head, rows))| {
                let mut rows: Vec<(String, String)> = rows
                    .iter()
                    .map(|(key, html)| (key.to_string(), html.to_string()))
                    .collect();
                let mut seen = std::collections::HashSet::new();
                rows.retain(|(key, _)| seen.insert(key.clone()));
                let rows: Vec<(&str, &str)> = rows
                    .iter()
                    .map(|(key, html)| (key.as_str(), html.as_str()))
                    .collect();
                (head > 0).then(|| section(id, &head.to_string(), &rows))
            });
            parts.flatten().collect()
        })
    }

    proptest! {
        #[test]
        fn the_events_turn_any_page_into_any_other(old in page(), new in page()) {
            let mut shown = old.clone();
            apply(&mut shown, &difference(&old, &new));
            prop_assert_eq!(shown, new);
        }

        #[test]
        fn a_page_that_stays_as_it_is_sends_nothing(page in page()) {
            prop_assert_eq!(difference(&page, &page), []);
        }
    }
}
