-- What a report needs of each conversation; report.rs adds WHERE.
SELECT
    coalesce(c.opened_at, c.claimed_at, c.closed_at), c.claimed_at, c.closed_at, c.outcome, c.waiting_ms,
    c.handed_off_at, c.taken_at, c.waited_until, c.person_waiting_ms, c.rating
FROM conversation c
