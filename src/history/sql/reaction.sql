-- The latest reaction of each person; of two at the same time, the one that arrived last.
INSERT INTO reaction (session, chat, direction, stanza, by, text, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT DO UPDATE SET text = excluded.text, at = excluded.at WHERE excluded.at >= at
