-- A handoff may be reported before the conversation was.
INSERT INTO conversation (session, id, chat) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING
