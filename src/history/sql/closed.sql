-- A conversation closes once; if it is reported twice, the first time counts.
INSERT INTO conversation (session, id, chat, closed_at, outcome, variables, closed_by) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT DO UPDATE SET closed_at = excluded.closed_at, outcome = excluded.outcome, variables = excluded.variables,
    closed_by = excluded.closed_by
WHERE closed_at IS NULL OR excluded.closed_at < closed_at
