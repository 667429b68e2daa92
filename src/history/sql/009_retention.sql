-- What is older than this goes, in small batches: a run that was begun continues after a restart. It is empty when nothing is to go.
CREATE TABLE pruning (
    before INTEGER NOT NULL                  -- ms
);
-- 1: the file was written again without the bytes that remained, and only its log may still have them.
ALTER TABLE remains ADD COLUMN vacuumed INTEGER NOT NULL DEFAULT 0;
