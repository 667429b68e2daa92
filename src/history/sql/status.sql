-- The latest status counts, in any order of arrival. In the same millisecond, a conversation goes from left to right.
UPDATE conversation SET status = ?3, status_at = ?4
WHERE session = ?1 AND id = ?2
  AND (status_at IS NULL OR ?4 > status_at
       OR ?4 = status_at AND instr('waiting active handoff agent phone', ?3) > instr('waiting active handoff agent phone', status))
