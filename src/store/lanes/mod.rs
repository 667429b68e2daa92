//! Lanes: the replies of each chat, in order, until WAHA takes them or we give up on them.

pub(crate) mod attempt;
pub(crate) mod attempt_record;
pub(crate) mod attempts;
pub(crate) mod dead_letters;
pub(crate) mod delivery_state;
pub(crate) mod echo_content;
pub(crate) mod lane;
pub(crate) mod reply;
pub(crate) mod sending;
pub(crate) mod settle;
pub(crate) mod unseen;
pub(crate) mod visible_text;
