INSERT INTO conversation (session, id, chat, requeued) VALUES (?1, ?2, ?3, 1)
ON CONFLICT DO UPDATE SET requeued = requeued + 1
