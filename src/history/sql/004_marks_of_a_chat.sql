-- The sender's device chooses the id of a message, so an id says which message it is only within a chat: another chat may have
-- a message with the same id. What happens to messages is stored by their chat, too. Its chat is '' if the version before stored
-- it and its message had not come: the first message with this id takes it.
DROP INDEX message_stanza;
CREATE UNIQUE INDEX message_stanza ON message (session, direction, stanza, chat) WHERE stanza IS NOT NULL;

CREATE TABLE echo_of_chat (
    session TEXT NOT NULL,
    stanza  TEXT NOT NULL,
    reply   INTEGER NOT NULL UNIQUE,         -- message.id of the reply it lends its stanza to
    chat    TEXT NOT NULL,
    at      INTEGER NOT NULL,
    row     TEXT NOT NULL,                   -- JSON: the echo's own message row, to put back
    PRIMARY KEY (session, stanza, chat)
) WITHOUT ROWID;
INSERT INTO echo_of_chat SELECT session, stanza, reply, chat, at, row FROM echo;
DROP TABLE echo;
ALTER TABLE echo_of_chat RENAME TO echo;
CREATE INDEX echo_chat ON echo (chat, at);

CREATE TABLE ack_of_chat (
    session   TEXT NOT NULL,
    chat      TEXT NOT NULL,
    direction TEXT NOT NULL,
    stanza    TEXT NOT NULL,
    level     INTEGER,                       -- highest of 0 pending, 1 server, 2 device, 3 read, 4 played
    at        INTEGER,                       -- when that level was first reported
    failed_at INTEGER,                       -- first ERROR
    error     TEXT,                          -- JSON or text that came with it
    PRIMARY KEY (session, chat, direction, stanza)
) WITHOUT ROWID;
INSERT INTO ack_of_chat
SELECT a.session, coalesce((SELECT m.chat FROM message m
        WHERE m.session = a.session AND m.direction = a.direction AND m.stanza = a.stanza), ''),
    a.direction, a.stanza, a.level, a.at, a.failed_at, a.error
FROM ack a;
DROP TABLE ack;
ALTER TABLE ack_of_chat RENAME TO ack;

CREATE TABLE edit_of_chat (
    id        INTEGER PRIMARY KEY,
    session   TEXT NOT NULL,
    chat      TEXT NOT NULL,
    direction TEXT NOT NULL,
    stanza    TEXT NOT NULL,
    at        INTEGER NOT NULL,
    text      TEXT NOT NULL,
    UNIQUE (session, chat, direction, stanza, at, text)
);
INSERT INTO edit_of_chat
SELECT e.id, e.session, coalesce((SELECT m.chat FROM message m
        WHERE m.session = e.session AND m.direction = e.direction AND m.stanza = e.stanza), ''),
    e.direction, e.stanza, e.at, e.text
FROM edit e;
DROP TABLE edit;
ALTER TABLE edit_of_chat RENAME TO edit;

CREATE TABLE revocation_of_chat (
    session   TEXT NOT NULL,
    chat      TEXT NOT NULL,
    direction TEXT NOT NULL,
    stanza    TEXT NOT NULL,
    at        INTEGER NOT NULL,
    PRIMARY KEY (session, chat, direction, stanza)
) WITHOUT ROWID;
INSERT INTO revocation_of_chat
SELECT r.session, coalesce((SELECT m.chat FROM message m
        WHERE m.session = r.session AND m.direction = r.direction AND m.stanza = r.stanza), ''),
    r.direction, r.stanza, r.at
FROM revocation r;
DROP TABLE revocation;
ALTER TABLE revocation_of_chat RENAME TO revocation;

CREATE TABLE reaction_of_chat (
    session   TEXT NOT NULL,
    chat      TEXT NOT NULL,
    direction TEXT NOT NULL,
    stanza    TEXT NOT NULL,
    by        TEXT NOT NULL,
    text      TEXT NOT NULL,                 -- '' once removed; kept, so that an older one cannot come back
    at        INTEGER NOT NULL,
    PRIMARY KEY (session, chat, direction, stanza, by)
) WITHOUT ROWID;
INSERT INTO reaction_of_chat
SELECT x.session, coalesce((SELECT m.chat FROM message m
        WHERE m.session = x.session AND m.direction = x.direction AND m.stanza = x.stanza), ''),
    x.direction, x.stanza, x.by, x.text, x.at
FROM reaction x;
DROP TABLE reaction;
ALTER TABLE reaction_of_chat RENAME TO reaction;
