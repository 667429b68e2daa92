-- Overwrites row ?21 with a reply's report: what the report lacks stays.
UPDATE message SET
    stanza       = coalesce(stanza, ?3),
    chat         = ?4,
    conversation = coalesce(?5, conversation),
    author       = ?6,
    kind         = CASE WHEN ?7 = 'empty' THEN kind ELSE ?7 END,
    text         = CASE WHEN ?8 = '' THEN text ELSE ?8 END,
    media        = coalesce(?9, media),
    location     = coalesce(?10, location),
    contacts     = coalesce(?11, contacts),
    quoted       = coalesce(?12, quoted),
    name         = coalesce(?13, name),
    sent_at      = ?14,
    received_at  = coalesce(?15, received_at),
    at           = ?16,
    reply_id     = coalesce(reply_id, ?17),
    state        = ?18,
    reason       = ?19,
    by           = ?20,
    loose        = loose AND ?3 IS NULL
WHERE id = ?21
