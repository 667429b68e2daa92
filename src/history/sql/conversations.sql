-- query.rs adds WHERE and ORDER BY.
SELECT
    c.session, c.id, c.chat, c.ticket, c.opened_at, c.claimed_at, c.closed_at, c.outcome, c.variables,
    c.waiting_ms, c.handling_ms, c.requeued, c.process, c.status
FROM conversation c
