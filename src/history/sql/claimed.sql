-- The first claim gives the waiting time; the last one says which process has the conversation.
INSERT INTO conversation (session, id, chat, process, claimed_at, process_at) VALUES (?1, ?2, ?3, ?4, ?5, ?5)
ON CONFLICT DO UPDATE SET
    claimed_at = min(coalesce(claimed_at, excluded.claimed_at), excluded.claimed_at),
    process    = CASE WHEN process_at IS NULL OR (excluded.process_at, excluded.process) > (process_at, process)
                      THEN excluded.process ELSE process END,
    process_at = max(coalesce(process_at, excluded.process_at), excluded.process_at)
