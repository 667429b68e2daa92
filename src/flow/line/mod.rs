//! When customers in line get a notice, how long they will wait, and what the owner reads. (The words that customers read are in
//! `script/built_in_texts`.)

// Which notice a waiting customer gets, and when: the rules of `[notices]`.
pub(crate) mod notice_rules;
// How long a customer will wait for a worker, and for a person.
pub(crate) mod estimate;
pub(crate) mod person_wait;

// Messages to the owner about a session.
pub(crate) mod owner_text;
