-- ERROR is not a level: it is stored beside the level that was reached. The first one stays.
INSERT INTO ack (session, chat, direction, stanza, error, failed_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT DO UPDATE SET failed_at = excluded.failed_at, error = excluded.error
WHERE failed_at IS NULL
    OR (excluded.failed_at, coalesce(excluded.error, '')) < (failed_at, coalesce(error, ''))
