-- The words of message ?1 as last edited; nothing changes if they are the same.
UPDATE message SET edited = last.text
FROM (
    SELECT (
        SELECT e.text FROM edit e
        WHERE e.session = m.session AND e.chat = m.chat AND e.direction = m.direction AND e.stanza = m.stanza
          AND e.text <> ''
        ORDER BY e.at DESC, e.id DESC LIMIT 1
    ) AS text
    FROM message m WHERE m.id = ?1
) AS last
WHERE id = ?1 AND edited IS NOT last.text
