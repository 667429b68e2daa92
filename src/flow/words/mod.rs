//! How people write: languages, spelling, and which option they mean.

// The languages of the built-in texts.
pub(crate) mod locale;
// The names of weekdays and months.
pub(crate) mod calendar_names;

// Characters that nobody means: invisible ones, typographic hyphens, markup.
pub(crate) mod marks;

// "Posição!" and "posicao" are the same word; the word that a misspelt one means.
pub(crate) mod fold;

// The option that a message names among other words.
pub(crate) mod choose;
