-- Where an open conversation is: waiting (for a worker), active, handoff (waits for a person), phone (the owner answers).
-- NULL: not known, because the conversation is older than this column.
ALTER TABLE conversation ADD COLUMN status TEXT;
ALTER TABLE conversation ADD COLUMN status_at INTEGER;     -- when it came there
