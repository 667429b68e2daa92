-- What follows from all events of conversation ?2, in any order of their arrival.
WITH of_it AS MATERIALIZED (
    SELECT kind, at, by, team, what, text FROM conversation_event WHERE session = ?1 AND conversation = ?2
),
-- An agent who took it from the bot hands it off when they give it to a team.
first AS (SELECT min(at) AS at FROM of_it WHERE kind = 'handoff' OR kind = 'given' AND what LIKE 'team:%'),
-- A conversation that was never handed off can be taken, too.
taken AS (
    SELECT min(of_it.at) AS at FROM of_it, first
    WHERE kind IN ('taken', 'phone') AND of_it.at >= coalesce(first.at, of_it.at)
),
-- Nobody may have come, or the customer was given back to the bot.
waited AS (
    SELECT min(of_it.at) AS at FROM of_it, first
    WHERE of_it.at >= first.at AND (kind IN ('taken', 'phone', 'nobody_came') OR kind = 'given' AND what NOT LIKE 'team:%')
)
UPDATE conversation SET
    handed_off_at = (SELECT at FROM first),
    taken_at      = (SELECT at FROM taken),
    waited_until  = (SELECT at FROM waited),
    team          = (SELECT nullif(team, '') FROM of_it
        WHERE kind IN ('handoff', 'returned') OR kind = 'given' AND what LIKE 'team:%'
        ORDER BY at DESC, kind DESC, team DESC LIMIT 1),
    priority      = (SELECT CASE what WHEN 'last' THEN 'normal' ELSE what END FROM of_it
        WHERE kind = 'handoff' AND what <> '' OR kind = 'moved' AND what IN ('urgent', 'last')
        ORDER BY at DESC, kind DESC, what DESC LIMIT 1),
    holder        = (SELECT CASE kind WHEN 'taken' THEN by ELSE substr(what, 7) END FROM of_it
        WHERE kind = 'taken' OR kind = 'given' AND what LIKE 'agent:%'
        ORDER BY at DESC, kind DESC, by DESC, what DESC LIMIT 1),
    rating        = (SELECT CAST(what AS INTEGER) FROM of_it WHERE kind = 'rated' ORDER BY at DESC, what DESC LIMIT 1),
    rated_at      = (SELECT max(at) FROM of_it WHERE kind = 'rated')
WHERE session = ?1 AND id = ?2
