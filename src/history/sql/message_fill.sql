-- Fills what row ?20 lacks from another report of the same message; what it has stays.
UPDATE message SET
    conversation = coalesce(conversation, ?5),
    kind         = CASE WHEN kind = 'empty' THEN ?7 ELSE kind END,
    text         = CASE WHEN text = '' THEN ?8 ELSE text END,
    media        = coalesce(media, ?9),
    location     = coalesce(location, ?10),
    contacts     = coalesce(contacts, ?11),
    quoted       = coalesce(quoted, ?12),
    name         = coalesce(name, ?13),
    received_at  = coalesce(received_at, ?15)
WHERE id = ?20
