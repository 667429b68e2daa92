//! Reads `[timeouts]` and `[notices]`: how long to wait, and how often to say something meanwhile.

use std::time::Duration;

use crate::flow::line::notice_rules::NoticeRules;
use crate::flow::load::loader::Loader;
use crate::flow::load::reader::Section;
use crate::flow::script::timeouts::Timeouts;
use crate::time_span;

const TIMEOUTS_KEYS: [&str; 7] = [
    "burst",
    "remind_after",
    "close_after",
    "resume_within",
    "phone_quiet",
    "agent_quiet",
    "agent_gone",
];
/// A customer who waits longer for an answer thinks that nobody reads.
const BURST_MAX: Duration = Duration::from_secs(60);
/// Beyond this we can no longer tell the owner's messages from the bot's.
const PHONE_QUIET_MAX: Duration = Duration::from_secs(24 * 3600);
const NOTICES_KEYS: [&str; 4] = [
    "first_after",
    "at_most_every",
    "reassure_after",
    "per_minute",
];
/// WhatsApp bans numbers that send more unsolicited messages than this.
const PER_MINUTE_MAX: u32 = 1000;

impl Loader<'_> {
    pub(crate) fn read_timeouts(&mut self, file: &Section<'_>) -> Timeouts {
        let mut timeouts = Timeouts::default();
        let Some(section) = self.reader.section(file, "timeouts") else {
            return timeouts;
        };
        self.reader.only(&section, &TIMEOUTS_KEYS);
        if let Some((time, place)) = self.reader.duration(&section, "burst") {
            if time > BURST_MAX {
                let message = "`burst` is more than a minute, so every answer would come that late; write a few seconds, like \"1500ms\", or \"0s\" for none";
                self.reader.note(&place, message);
            }
            timeouts.burst = time;
        }
        let remind = self.reader.duration(&section, "remind_after");
        let close = self.reader.duration(&section, "close_after");
        if let Some((time, place)) = &remind {
            self.note_zero("remind_after", *time, place);
            timeouts.remind_after = *time;
        }
        if let Some((time, _)) = close {
            timeouts.close_after = time;
        }
        if let Some((time, _)) = self.reader.duration(&section, "resume_within") {
            timeouts.resume_within = time;
        }
        if let Some((time, place)) = self.reader.duration(&section, "phone_quiet") {
            if time > PHONE_QUIET_MAX {
                self.reader.note(
                    &place,
                    "`phone_quiet` can be at most \"24h\"; write a shorter time, or \"0s\" if the bot must never step aside",
                );
            }
            timeouts.phone_quiet = time;
        }
        for (key, time) in [
            ("agent_quiet", &mut timeouts.agent_quiet),
            ("agent_gone", &mut timeouts.agent_gone),
        ] {
            if let Some((written, place)) = self.reader.duration(&section, key) {
                self.note_zero(key, written, &place);
                *time = written;
            }
        }
        if timeouts.close_after <= timeouts.remind_after
            && let Some((_, place)) = close.or(remind)
        {
            let message = format!(
                "`close_after` ({}) must be longer than `remind_after` ({}): the reminder comes first",
                time_span::shown(timeouts.close_after),
                time_span::shown(timeouts.remind_after),
            );
            self.reader.note(&place, message);
        }
        timeouts
    }

    pub(crate) fn read_notices(&mut self, file: &Section<'_>) -> NoticeRules {
        let mut rules = NoticeRules::default();
        let Some(section) = self.reader.section(file, "notices") else {
            return rules;
        };
        self.reader.only(&section, &NOTICES_KEYS);
        if let Some((time, _)) = self.reader.duration(&section, "first_after") {
            rules.first_after = time;
        }
        if let Some((time, _)) = self.reader.duration(&section, "at_most_every") {
            rules.at_most_every = time;
        }
        if let Some((time, place)) = self.reader.duration(&section, "reassure_after") {
            self.note_zero("reassure_after", time, &place);
            rules.reassure_after = time;
        }
        if let Some((number, place)) = self.reader.count(&section, "per_minute") {
            if !(1..=PER_MINUTE_MAX).contains(&number) {
                let message = format!(
                    "`per_minute` must be from 1 to {PER_MINUTE_MAX}; a text that is empty in [texts] is not sent at all"
                );
                self.reader.note(&place, message);
            }
            rules.per_minute = number;
        }
        rules
    }
}
