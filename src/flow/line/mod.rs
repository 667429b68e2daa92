//! What people in line and the owner read, and when.

// Which notice is due to a customer who waits, and when: the rules of `[notices]`.
pub(crate) mod notice;
// How long a customer will wait.
pub(crate) mod estimate;

// What the owner reads about a session.
pub(crate) mod owner_text;
