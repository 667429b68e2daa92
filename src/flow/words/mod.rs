//! How people write: languages, spelling, and which option they mean.

// The languages of the built-in texts.
pub(crate) mod locale;
// The names of weekdays and months.
pub(crate) mod calendar_names;

// Characters that nobody means: invisible ones, typographic hyphens, markup.
pub(crate) mod marks;

// "Posição!" and "posicao" are the same word; the word that a misspelt one means.
pub(crate) mod fold;

// 👍🏽 is 👍.
mod emoji;

// A message's words; those that refuse or doubt; its numbers; its lines.
mod figures;
pub(crate) mod own_words;
mod senses;
mod tokens;

// The options: what a question calls them, and which one a message names among other words.
pub(crate) mod choose;
mod menu;
