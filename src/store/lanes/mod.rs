//! Lanes: the replies of each chat, in order, until WAHA took them or they were given up on.

pub(crate) mod attempt;
pub(crate) mod attempts;
pub(crate) mod dead_letters;
pub(crate) mod echo_content;
pub(crate) mod intended;
pub(crate) mod lane;
pub(crate) mod reply;
pub(crate) mod sending;
pub(crate) mod settle;
pub(crate) mod wording;
