//! Reads `[limits]`: when the bot leaves a chat alone.

use crate::flow::load::loader::Loader;
use crate::flow::load::reader::Section;
use crate::flow::script::limits::Limits;

const LIMITS_KEYS: [&str; 4] = [
    "conversations_per_hour",
    "replies_per_hour",
    "machine_answers",
    "leave_alone_for",
];
/// One or two answers that look like a machine's come from people, too.
const MACHINE_ANSWERS_MIN: u32 = 3;

impl Loader<'_> {
    pub(crate) fn read_limits(&mut self, file: &Section<'_>) -> Limits {
        let mut limits = Limits::default();
        let Some(section) = self.reader.section(file, "limits") else {
            return limits;
        };
        self.reader.only(&section, &LIMITS_KEYS);
        for (key, limit) in [
            ("conversations_per_hour", &mut limits.conversations_per_hour),
            ("replies_per_hour", &mut limits.replies_per_hour),
            ("machine_answers", &mut limits.machine_answers),
        ] {
            let Some((number, place)) = self.reader.count(&section, key) else {
                continue;
            };
            if key == "machine_answers" && (1..MACHINE_ANSWERS_MIN).contains(&number) {
                let message = format!(
                    "`machine_answers` must be at least {MACHINE_ANSWERS_MIN}, or 0 for no limit: fewer such answers come from people, too"
                );
                self.reader.note(&place, message);
            }
            *limit = number;
        }
        if let Some((time, place)) = self.reader.duration(&section, "leave_alone_for") {
            if time.is_zero() {
                let message = "`leave_alone_for` must be more than zero, like \"1h\"; to switch a limit off, set it to 0";
                self.reader.note(&place, message);
            }
            limits.leave_alone_for = time;
        }
        limits
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::flow::script::checked_flow::Script;
    use crate::flow::script::limits::Limits;
    use crate::flow::words::locale::Locale;

    fn limits(section: &str) -> Limits {
        let flow = format!("start = 'a'\n{section}\n[step.a]\nask = '?'\nend = 'x'");
        Script::load(&flow, Locale::En).unwrap().limits()
    }

    #[test]
    fn each_limit_is_set_or_switched_off_by_itself_and_the_others_keep_their_defaults() {
        assert_eq!(limits(""), Limits::default());
        assert!(!Limits::default().is_off() && Limits::OFF.is_off());
        assert_eq!(
            limits("[limits]\nreplies_per_hour = 50\nmachine_answers = 0"),
            Limits {
                replies_per_hour: 50,
                machine_answers: 0,
                ..Limits::default()
            }
        );
        let off = "[limits]\nconversations_per_hour = 0\nreplies_per_hour = 0\nmachine_answers = 0";
        assert!(limits(off).is_off());
        assert_eq!(
            limits("[limits]\nmachine_answers = 3\nleave_alone_for = '10m'").leave_alone_for,
            Duration::from_secs(600)
        );
    }
}
