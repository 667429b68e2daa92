-- Outbound messages of a chat that no reply owns, near a moment, nearest first: those with their own row,
-- and those that lend their message id (column stanza) to a reply with the same text.
SELECT stanza, at, text FROM (
    SELECT stanza, at, text
    FROM message INDEXED BY message_chat
    WHERE chat = ?1 AND at BETWEEN ?2 AND ?3 AND session = ?4
        AND direction = 'outbound' AND state IS NULL AND stanza IS NOT NULL AND author IN ('phone', 'bot')
    UNION ALL
    SELECT e.stanza, e.at, m.text
    FROM echo e INDEXED BY echo_chat JOIN message m ON m.id = e.reply
    WHERE e.chat = ?1 AND e.at BETWEEN ?2 AND ?3 AND e.session = ?4
)
ORDER BY abs(at - ?5), stanza
