-- query.rs adds WHERE and ORDER BY.
SELECT
    c.session, c.id, c.chat, c.ticket, c.opened_at, c.claimed_at, c.closed_at, c.outcome, c.variables,
    c.waiting_ms, c.handling_ms, c.requeued, c.process, c.status, c.team, c.priority, c.holder,
    c.handed_off_at, c.taken_at, c.person_waiting_ms, c.rating, c.rated_at, c.closed_by,
    (SELECT json_group_array(json_object('at', e.at, 'kind', e.kind, 'by', e.by, 'team', e.team, 'what', e.what, 'text', e.text)
        ORDER BY e.at, e.kind, e.by, e.team, e.what, e.text)
      FROM conversation_event e WHERE e.session = c.session AND e.conversation = c.id)
FROM conversation c
