INSERT INTO conversation_event (session, conversation, at, kind, by, team, what, text)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING
