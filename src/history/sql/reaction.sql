-- The latest reaction of each person; at the same time, the one that came last.
INSERT INTO reaction (session, direction, stanza, by, text, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT DO UPDATE SET text = excluded.text, at = excluded.at WHERE excluded.at >= at
