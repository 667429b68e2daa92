SELECT session, direction, stanza, chat, conversation, author, kind, text, media, location,
    contacts, quoted, name, sent_at, received_at, at, reply_id, state, reason, by
FROM message WHERE id = ?1
