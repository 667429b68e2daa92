-- Outbound messages of a chat that no reply accounts for, near a moment, nearest first.
SELECT stanza, at, text
FROM message INDEXED BY message_chat
WHERE chat = ?1 AND at BETWEEN ?2 AND ?3 AND session = ?4
    AND direction = 'outbound' AND state IS NULL AND stanza IS NOT NULL AND author IN ('phone', 'bot')
ORDER BY abs(at - ?5), id
