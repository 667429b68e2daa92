-- ratings.rs adds WHERE and ORDER BY.
SELECT
    c.session, c.chat,
    (SELECT m.name FROM message m WHERE m.chat = c.chat AND m.session = c.session AND m.direction = 'inbound'
        AND m.name IS NOT NULL ORDER BY m.at DESC LIMIT 1),
    c.id, c.closed_at, c.rated_at, c.rating, c.holder, c.team, c.outcome
FROM conversation c
