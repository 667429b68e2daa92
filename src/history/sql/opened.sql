INSERT INTO conversation (session, id, chat, ticket, opened_at) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT DO UPDATE SET
    ticket    = coalesce(ticket, excluded.ticket),
    opened_at = min(coalesce(opened_at, excluded.opened_at), excluded.opened_at)
