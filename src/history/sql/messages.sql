-- Messages with everything that happened to them; query.rs adds WHERE and ORDER BY.
SELECT
    m.session, m.chat, m.conversation, m.stanza, m.direction, m.author, m.kind, m.text,
    m.media, m.location, m.contacts, m.quoted, m.name, m.at, m.sent_at, m.received_at,
    m.reply_id, m.state, m.reason, a.level, a.at, a.failed_at, a.error, r.at,
    (SELECT json_group_array(json_object('at', e.at, 'text', nullif(e.text, '')) ORDER BY e.at, e.id) FROM edit e
      WHERE e.session = m.session AND e.chat = m.chat AND e.direction = m.direction AND e.stanza = m.stanza),
    (SELECT json_group_array(json_object('by', x.by, 'text', x.text, 'at', x.at) ORDER BY x.at, x.by) FROM reaction x
      WHERE x.session = m.session AND x.chat = m.chat AND x.direction = m.direction AND x.stanza = m.stanza AND x.text <> ''),
    m.id, m.by
FROM message m
LEFT JOIN ack a ON a.session = m.session AND a.chat = m.chat AND a.direction = m.direction AND a.stanza = m.stanza
LEFT JOIN revocation r ON r.session = m.session AND r.chat = m.chat AND r.direction = m.direction AND r.stanza = m.stanza
