-- Replies of a chat without their own message id (column stanza), near a moment, nearest first.
SELECT id, at, state IS NOT 'sent', coalesce(reply_id, ''), text, stanza
FROM message INDEXED BY message_loose
WHERE loose = 1 AND chat = ?1 AND at BETWEEN ?2 AND ?3 AND session = ?4
ORDER BY abs(at - ?5), id
