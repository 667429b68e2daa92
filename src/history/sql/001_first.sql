-- The first schema. Never edit a released migration: add another (see schema.rs).
-- All times are Unix milliseconds.

-- What was said: one row per message, whatever number of events told of it.
CREATE TABLE message (
    id           INTEGER PRIMARY KEY,
    session      TEXT NOT NULL,
    direction    TEXT NOT NULL,              -- inbound, outbound
    stanza       TEXT,                       -- WhatsApp's bare message id; NULL where never learned
    chat         TEXT NOT NULL,
    conversation TEXT,
    author       TEXT NOT NULL,              -- customer, bot, agent, phone
    kind         TEXT NOT NULL,              -- text, image, voice, location ...
    text         TEXT NOT NULL,              -- as first said; later versions are in `edit`
    media        TEXT,                       -- JSON {url, mimetype, filename, error}
    location     TEXT,                       -- JSON {latitude, longitude, name, address}
    contacts     TEXT,                       -- JSON array of vCards
    quoted       TEXT,                       -- stanza of the message answered to
    name         TEXT,                       -- the author's WhatsApp name
    sent_at      INTEGER NOT NULL,           -- WAHA's time, often whole seconds
    received_at  INTEGER,
    at           INTEGER NOT NULL,           -- best guess of the moment; what lists are sorted by
    reply_id     TEXT,
    state        TEXT,                       -- replies only: sent, failed
    reason       TEXT,                       -- replies only: why it failed
    loose        INTEGER NOT NULL DEFAULT 0  -- 1: a reply sent without learning its stanza; one that
                                             -- stands here is lent by the echo in `echo`
);
CREATE UNIQUE INDEX message_stanza ON message (session, direction, stanza) WHERE stanza IS NOT NULL;
CREATE UNIQUE INDEX message_reply ON message (session, reply_id) WHERE reply_id IS NOT NULL;
CREATE INDEX message_chat ON message (chat, at);
CREATE INDEX message_at ON message (at);
CREATE INDEX message_loose ON message (chat, at) WHERE loose = 1;

-- Echoes matched to a loose reply by chat, text and time. Kept, because a reply that turns out to own
-- the stanza takes it back.
CREATE TABLE echo (
    session TEXT NOT NULL,
    stanza  TEXT NOT NULL,
    reply   INTEGER NOT NULL UNIQUE,         -- message.id of the reply it lends its stanza to
    chat    TEXT NOT NULL,
    at      INTEGER NOT NULL,
    row     TEXT NOT NULL,                   -- JSON: the echo's own message row, to put back
    PRIMARY KEY (session, stanza)
) WITHOUT ROWID;
CREATE INDEX echo_chat ON echo (chat, at);

-- What happened to messages. Keyed by what a message is known by, not by message.id, since any of
-- these may come before the message does.
CREATE TABLE ack (
    session   TEXT NOT NULL,
    direction TEXT NOT NULL,
    stanza    TEXT NOT NULL,
    level     INTEGER,                       -- highest of 0 pending, 1 server, 2 device, 3 read, 4 played
    at        INTEGER,                       -- when that level was first reported
    failed_at INTEGER,                       -- first ERROR
    error     TEXT,                          -- JSON or text that came with it
    PRIMARY KEY (session, direction, stanza)
) WITHOUT ROWID;

CREATE TABLE edit (
    id        INTEGER PRIMARY KEY,
    session   TEXT NOT NULL,
    direction TEXT NOT NULL,
    stanza    TEXT NOT NULL,
    at        INTEGER NOT NULL,
    text      TEXT NOT NULL,
    UNIQUE (session, direction, stanza, at, text)
);

CREATE TABLE revocation (
    session   TEXT NOT NULL,
    direction TEXT NOT NULL,
    stanza    TEXT NOT NULL,
    at        INTEGER NOT NULL,
    PRIMARY KEY (session, direction, stanza)
) WITHOUT ROWID;

CREATE TABLE reaction (
    session   TEXT NOT NULL,
    direction TEXT NOT NULL,
    stanza    TEXT NOT NULL,
    by        TEXT NOT NULL,
    text      TEXT NOT NULL,                 -- '' once removed; kept, so that an older one cannot come back
    at        INTEGER NOT NULL,
    PRIMARY KEY (session, direction, stanza, by)
) WITHOUT ROWID;

CREATE TABLE conversation (
    session    TEXT NOT NULL,
    id         TEXT NOT NULL,
    chat       TEXT NOT NULL,
    ticket     INTEGER,
    opened_at  INTEGER,
    claimed_at INTEGER,                      -- the first claim
    process    TEXT,                         -- who claimed last ...
    process_at INTEGER,                      -- ... and when
    requeued   INTEGER NOT NULL DEFAULT 0,
    closed_at  INTEGER,
    outcome    TEXT,
    variables  TEXT,                         -- JSON object
    waiting_ms  INTEGER GENERATED ALWAYS AS (max(0, coalesce(claimed_at, closed_at) - opened_at)) VIRTUAL,
    handling_ms INTEGER GENERATED ALWAYS AS (max(0, closed_at - claimed_at)) VIRTUAL,
    PRIMARY KEY (session, id)
) WITHOUT ROWID;
CREATE INDEX conversation_chat ON conversation (chat, opened_at);

-- How far each session's stream is copied: written with what was copied, in the same transaction.
CREATE TABLE position (
    session   TEXT PRIMARY KEY,
    stream_id TEXT NOT NULL
) WITHOUT ROWID;

-- Entries nobody here understands, as they came, for a later version or a person to read.
CREATE TABLE unreadable (
    session   TEXT NOT NULL,
    stream_id TEXT NOT NULL,
    reason    TEXT NOT NULL,
    fields    TEXT NOT NULL,                 -- JSON array of [name, value]
    PRIMARY KEY (session, stream_id)
) WITHOUT ROWID;

-- Words of messages: as first said and as last edited. Contentless: the text itself is stored once.
CREATE VIRTUAL TABLE message_text USING fts5 (
    text, edited,
    content = '', contentless_delete = 1,
    tokenize = 'unicode61 remove_diacritics 2'
);
