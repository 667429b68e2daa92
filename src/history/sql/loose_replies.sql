-- Replies of a chat that own no stanza, near a moment, nearest first; with the echo that lends them one.
SELECT m.id, m.at, m.state IS NOT 'sent', coalesce(m.reply_id, ''), m.text, e.stanza, e.at
FROM message m INDEXED BY message_loose
LEFT JOIN echo e ON e.session = m.session AND e.stanza = m.stanza
WHERE m.loose = 1 AND m.chat = ?1 AND m.at BETWEEN ?2 AND ?3 AND m.session = ?4
ORDER BY abs(m.at - ?5), m.id
