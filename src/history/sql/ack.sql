-- The highest level stays, with the first time it was reported; an older level changes nothing.
INSERT INTO ack (session, chat, direction, stanza, level, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT DO UPDATE SET
    at    = CASE WHEN level IS NULL OR excluded.level > level THEN excluded.at
                 WHEN excluded.level = level THEN min(at, excluded.at) ELSE at END,
    level = max(coalesce(level, excluded.level), excluded.level)
