-- Parameters 1 to 20 here, in message_fill.sql and in message_overlay.sql: params in rows.rs.
INSERT INTO message (
    session, direction, stanza, chat, conversation, author, kind, text, media, location,
    contacts, quoted, name, sent_at, received_at, at, reply_id, state, reason, by, loose
) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20,
    ?18 IS NOT NULL AND ?3 IS NULL)
ON CONFLICT DO NOTHING
