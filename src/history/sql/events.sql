-- What people did; events.rs adds WHERE and ORDER BY.
SELECT
    e.session, nullif(e.conversation, ''), c.chat, e.at, e.kind,
    nullif(e.by, ''), nullif(e.team, ''), nullif(e.what, ''), nullif(e.text, ''), e.id
FROM conversation_event e
LEFT JOIN conversation c ON c.session = e.session AND c.id = e.conversation
