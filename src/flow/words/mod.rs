//! How people write: languages, spelling, and which option they meant.

// The languages that built-in texts exist in.
pub(crate) mod locale;

// "Posição!" and "posicao" are the same word; the word that was meant by a misspelt one.
pub(crate) mod fold;

// The option that a message names among other words.
pub(crate) mod choose;
