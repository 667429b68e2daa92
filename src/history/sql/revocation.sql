INSERT INTO revocation (session, chat, direction, stanza, at) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT DO UPDATE SET at = min(at, excluded.at)
