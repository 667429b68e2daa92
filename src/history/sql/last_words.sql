-- The end of each of the chats ?2 (a JSON array) of session ?1. The history keeps a hidden id under the chat it belongs to.
WITH asked AS (
    SELECT value AS asked, coalesce((SELECT a.chat FROM alias a WHERE a.session = ?1 AND a.lid = value), value) AS chat
    FROM json_each(?2)
),
ends AS MATERIALIZED (
    SELECT asked,
        (SELECT id FROM message WHERE chat = k.chat AND session = ?1 ORDER BY at DESC, id DESC LIMIT 1) AS last,
        (SELECT id FROM message WHERE chat = k.chat AND session = ?1 AND direction = 'inbound'
            ORDER BY at DESC, id DESC LIMIT 1) AS said
    FROM asked k
)
SELECT ends.asked, l.author, l.at,
    coalesce((SELECT e.text FROM edit e
        WHERE e.session = m.session AND e.chat = m.chat AND e.direction = m.direction AND e.stanza = m.stanza AND e.text <> ''
        ORDER BY e.at DESC, e.id DESC LIMIT 1), m.text),
    m.kind, m.at, m.name,
    EXISTS (SELECT 1 FROM revocation r
        WHERE r.session = m.session AND r.chat = m.chat AND r.direction = m.direction AND r.stanza = m.stanza)
FROM ends
JOIN message l ON l.id = ends.last
LEFT JOIN message m ON m.id = ends.said
