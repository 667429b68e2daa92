//! What customers in line and the owner read, and when.

// Which notice a waiting customer gets, and when: the rules of `[notices]`.
pub(crate) mod notice;
// How long a customer will wait.
pub(crate) mod estimate;

// Messages to the owner about a session.
pub(crate) mod owner_text;
