-- Indexes the words of message ?1: as first said, and as last edited.
INSERT OR REPLACE INTO message_text (rowid, text, edited)
SELECT m.id, m.text, (
    SELECT e.text FROM edit e
    WHERE e.session = m.session AND e.chat = m.chat AND e.direction = m.direction AND e.stanza = m.stanza
      AND e.text <> ''
    ORDER BY e.at DESC, e.id DESC LIMIT 1
)
FROM message m WHERE m.id = ?1
