//! When customers in line get a notice, how long they will wait, and what the owner reads. (The words that customers read are in
//! `script/built_in_texts`.)

// Which notice a waiting customer gets, and when: the rules of `[notices]`.
pub(crate) mod notice_rules;
// How long a customer will wait.
pub(crate) mod estimate;

// Messages to the owner about a session.
pub(crate) mod owner_text;
