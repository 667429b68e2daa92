//! A checked flow: its steps, its texts and its settings.

// The whole flow: `Script`.
pub(crate) mod checked_flow;

// What a step does and where it leads.
pub(crate) mod step;
// What a step says.
pub(crate) mod say;
// A message to the customer as it is sent: a text or a file.
pub(crate) mod reply;
// The variables that a flow can save.
pub(crate) mod variables;

// Everything with `{{ }}` in it, compiled.
pub(crate) mod templates;
// The texts that a flow can replace under `[texts]`.
pub(crate) mod built_in_texts;
// The texts for customers in line, rendered.
pub(crate) mod queue_text;
// "about 5 minutes".
pub(crate) mod wait_phrase;
// "sexta-feira, 27 de novembro", "14h30".
pub(crate) mod day_text;
// `{{ day | date }}`, `{{ today }}`.
pub(crate) mod day_filters;

// `[commands]`: words to leave, to ask for the place in line, to hand a chat back to the bot.
pub(crate) mod commands;
// `[hours]`: when it is open.
pub(crate) mod hours;
// `[team.sales]`: people with a line of their own; and what the flow knows of each.
pub(crate) mod team;
pub(crate) mod teams;
// `[limits]`: when the bot leaves a chat alone.
pub(crate) mod limits;
// `[timeouts]`: how long a flow waits.
pub(crate) mod timeouts;
