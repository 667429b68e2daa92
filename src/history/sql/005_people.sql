-- What people do with conversations: which team and agent has one, how long the customer waited for a person, and the rating.
ALTER TABLE message ADD COLUMN by TEXT;                    -- of an agent's message: the agent

-- Everything that people and the line of people did; a fact is stored once. Facts that no column needs are '' there.
CREATE TABLE conversation_event (
    id           INTEGER PRIMARY KEY,
    session      TEXT NOT NULL,
    conversation TEXT NOT NULL,              -- '' for what happened to the line itself
    at           INTEGER NOT NULL,
    kind         TEXT NOT NULL,              -- handoff, taken, phone, given, returned, nobody_came, noted, moved, closed, rated, line_paused, line_resumed
    by           TEXT NOT NULL,              -- the agent, or owner
    team         TEXT NOT NULL,              -- of handoff, given, returned, nobody_came and of a line; '' = no team
    what         TEXT NOT NULL,              -- handoff: its priority; taken: from; given, moved: to; returned: why; closed: outcome; rated: 1 to 5
    text         TEXT NOT NULL               -- a note; what customers are told while a line is paused
);
CREATE UNIQUE INDEX conversation_event_fact ON conversation_event (session, conversation, at, kind, by, team, what, text);
CREATE INDEX conversation_event_at ON conversation_event (at);
-- The words of the texts, by id.
CREATE VIRTUAL TABLE note_text USING fts5 (
    text,
    content = '', contentless_delete = 1,
    tokenize = 'unicode61 remove_diacritics 2'
);

-- These follow from the events of a conversation (people.sql).
ALTER TABLE conversation ADD COLUMN team TEXT;             -- the last one
ALTER TABLE conversation ADD COLUMN priority TEXT;         -- normal, urgent
ALTER TABLE conversation ADD COLUMN holder TEXT;           -- the last agent who had it
ALTER TABLE conversation ADD COLUMN handed_off_at INTEGER; -- the first time
ALTER TABLE conversation ADD COLUMN taken_at INTEGER;      -- the first time after that, by an agent or from the phone
ALTER TABLE conversation ADD COLUMN waited_until INTEGER;  -- when the first wait for a person ended, if not with the conversation
ALTER TABLE conversation ADD COLUMN rating INTEGER;        -- 1 to 5, the last one
ALTER TABLE conversation ADD COLUMN rated_at INTEGER;
ALTER TABLE conversation ADD COLUMN closed_by TEXT;        -- the agent who closed it
ALTER TABLE conversation ADD COLUMN
    person_waiting_ms INTEGER GENERATED ALWAYS AS (max(0, coalesce(waited_until, closed_at) - handed_off_at)) VIRTUAL;
CREATE INDEX conversation_rated ON conversation (rated_at) WHERE rated_at IS NOT NULL;
