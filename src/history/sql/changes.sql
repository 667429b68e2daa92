-- The rows that changed after ?1, of the next ?2 changes: each once, by its last change.
SELECT max(id), message, event, session, conversation FROM (
    SELECT * FROM change WHERE id > ?1 ORDER BY id LIMIT ?2
) GROUP BY message, event, session, conversation ORDER BY 1
