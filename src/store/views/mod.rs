//! Views: the line and one conversation as people see them. They only read.

pub(crate) mod conversation_view;
pub(crate) mod line_view;
pub(crate) mod unread_words;
