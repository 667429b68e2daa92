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
