-- Parameters 1 to 20 here, in message_fill.sql and in message_overlay.sql: params in rows.rs. An edit may arrive before its message.
INSERT INTO message (
    session, direction, stanza, chat, conversation, author, kind, text, media, location,
    contacts, quoted, name, sent_at, received_at, at, reply_id, state, reason, by, loose, edited
) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20,
    ?18 IS NOT NULL AND ?3 IS NULL,
    (SELECT text FROM edit WHERE session = ?1 AND chat = ?4 AND direction = ?2 AND stanza = ?3 AND text <> ''
        ORDER BY at DESC, id DESC LIMIT 1))
ON CONFLICT DO NOTHING
