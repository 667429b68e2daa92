-- What happens to a conversation may be reported before it was opened.
INSERT INTO conversation (session, id, chat) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING
