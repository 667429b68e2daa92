INSERT INTO revocation (session, direction, stanza, at) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT DO UPDATE SET at = min(at, excluded.at)
