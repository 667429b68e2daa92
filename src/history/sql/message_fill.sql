-- Fills what row ?21 lacks from another report of the same message; what it has stays. A file with a link completes one
-- without, and the reason why there is none is kept until then.
UPDATE message SET
    conversation = coalesce(conversation, ?5),
    kind         = CASE WHEN kind IN ('empty', 'media') AND ?7 <> 'empty' THEN ?7 ELSE kind END,
    text         = CASE WHEN text = '' THEN ?8 ELSE text END,
    media        = CASE
        WHEN media IS NULL OR ?9 IS NULL THEN coalesce(media, ?9)
        WHEN media ->> 'url' IS NOT NULL THEN media
        WHEN ?9 ->> 'url' IS NOT NULL THEN json_patch(json_remove(media, '$.error'), ?9)
        ELSE json_patch(?9, media)
    END,
    location     = coalesce(location, ?10),
    contacts     = coalesce(contacts, ?11),
    quoted       = coalesce(quoted, ?12),
    name         = coalesce(name, ?13),
    received_at  = coalesce(received_at, ?15),
    by           = coalesce(by, ?20)
WHERE id = ?21
