//! Reads `handoff`: what to say to a customer who waits for a person, and which step follows if nobody comes.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use crate::flow::load::loader::Loader;
use crate::flow::load::reader::Section;
use crate::flow::script::step::{HandOff, Step};
use crate::flow::script::team::Team;
use crate::flow::script::templates::TextId;
use crate::flow::words::fold::closest;
use crate::ids::{NOTIFY_CHAT_LIKE, NotifyChat};

const HANDOFF_KEYS: [&str; 7] = [
    "handoff",
    "team",
    "priority",
    "note",
    "notify",
    "within",
    "otherwise",
];

const NORMAL: &str = "normal";
const URGENT: &str = "urgent";
/// What `priority` can be.
pub(crate) const PRIORITIES: [&str; 2] = [NORMAL, URGENT];

impl Loader<'_> {
    /// Reads `handoff = "I'll call somebody."`, and `within` with `otherwise`.
    pub(crate) fn read_handoff(
        &mut self,
        body: &Section<'_>,
        step: &str,
        teams: &BTreeMap<String, Team>,
    ) -> Option<Step> {
        self.reader.only(body, &HANDOFF_KEYS);
        let otherwise = self.reader.text(body, "otherwise");
        if let Some(otherwise) = &otherwise {
            self.add_path(step, otherwise, format!("`otherwise` in {}", body.name));
        }
        let within = self.reader.duration(body, "within");
        if let Some((time, place)) = &within {
            self.note_zero("within", *time, place);
        }
        for (one, other, like) in [
            ("within", "otherwise", "otherwise = \"a_step\""),
            ("otherwise", "within", "within = \"2h\""),
        ] {
            if body.has(one) && !body.has(other) {
                let message = format!(
                    "`{one}` in {} needs `{other}`: together they say when and at which step the flow continues if nobody comes; add {like}",
                    body.name
                );
                self.reader.note(&body.place_of(one), message);
            }
        }
        let note = self.reader.text(body, "note").map(|note| {
            let id = TextId::of_step(step, "note");
            self.compile(id.clone(), &note, None, &body.name, "note");
            id
        });
        let notify = self.read_notify(body);
        let team = self.read_team(body, teams);
        let urgent = self.read_priority(body);
        let written = self.reader.texts(body, "handoff")?;
        if written.is_empty() {
            let message = format!("`handoff` in {} is empty; write what to say", body.name);
            self.reader.note(&body.place_of("handoff"), message);
        }
        let mut texts = Vec::new();
        for (number, text) in written.iter().enumerate() {
            let id = TextId::of_step(step, &format!("handoff.{}", number + 1));
            self.compile(id.clone(), text, None, &body.name, "handoff");
            texts.push(id);
        }
        Some(Step::HandOff(HandOff {
            texts,
            note,
            notify,
            team,
            urgent,
            nobody: within
                .zip(otherwise)
                .map(|((time, _), to)| (time, to.text.to_owned())),
        }))
    }

    /// `priority`: whether the customer stands before those who are not urgent.
    fn read_priority(&mut self, body: &Section<'_>) -> bool {
        let Some(written) = self.reader.text(body, "priority") else {
            return false;
        };
        if !PRIORITIES.contains(&written.text) {
            let hint = match closest(written.text, PRIORITIES) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("write \"{NORMAL}\" or \"{URGENT}\""),
            };
            let message = format!("`priority` in {} is `{}`; {hint}", body.name, written.text);
            self.reader.note(&written.place, message);
        }
        written.text == URGENT
    }

    /// `notify`: the chat of the people who attend the customers of this step or team.
    pub(crate) fn read_notify(&mut self, body: &Section<'_>) -> Option<NotifyChat> {
        let written = self.reader.text(body, "notify")?;
        let chat = written.text.trim().parse().ok();
        if chat.is_none() {
            let message = format!(
                "`notify` in {} is `{}`, which is no chat; {NOTIFY_CHAT_LIKE}",
                body.name, written.text
            );
            self.reader.note(&written.place, message);
        }
        chat
    }

    /// After a handoff the owner answers from their phone, so the bot must be able to stay out of that chat.
    pub(crate) fn check_handoffs(
        &mut self,
        file: &Section<'_>,
        steps: &HashMap<String, Step>,
        phone_quiet: Duration,
    ) {
        let hands_off = steps.values().any(|step| matches!(step, Step::HandOff(_)));
        if hands_off
            && phone_quiet.is_zero()
            && let Some(timeouts) = self.reader.section(file, "timeouts")
        {
            let message = "`phone_quiet` is 0s, but after a `handoff` a person answers from the phone and the bot must step aside; write a time, like \"30m\"";
            self.reader.note(&timeouts.place_of("phone_quiet"), message);
        }
    }
}
