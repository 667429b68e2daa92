-- SQLite 3.40 (Debian 12) can use this file: before, the index of words needed 3.43. Now it takes the words from their tables, and triggers
-- keep it as they are. A word that is deleted must be deleted from the index with the words that were indexed: only a trigger always knows them.
ALTER TABLE message ADD COLUMN edited TEXT; -- the words as last edited
UPDATE message SET edited = (
    SELECT e.text FROM edit e
    WHERE e.session = message.session AND e.chat = message.chat AND e.direction = message.direction AND e.stanza = message.stanza
      AND e.text <> ''
    ORDER BY e.at DESC, e.id DESC LIMIT 1
)
WHERE id IN (
    SELECT m.id FROM edit e JOIN message m
        ON m.session = e.session AND m.direction = e.direction AND m.stanza = e.stanza AND m.chat = e.chat
    WHERE e.text <> ''
);

DROP TABLE message_text;
CREATE VIRTUAL TABLE message_text USING fts5 (
    text, edited,
    content = 'message', content_rowid = 'id',
    tokenize = 'unicode61 remove_diacritics 2'
);
INSERT INTO message_text (message_text) VALUES ('rebuild');
CREATE TRIGGER message_words_added AFTER INSERT ON message BEGIN
    INSERT INTO message_text (rowid, text, edited) VALUES (NEW.id, NEW.text, NEW.edited);
END;
CREATE TRIGGER message_words_changed AFTER UPDATE OF text, edited ON message
    WHEN NEW.text <> OLD.text OR NEW.edited IS NOT OLD.edited BEGIN
    INSERT INTO message_text (message_text, rowid, text, edited) VALUES ('delete', OLD.id, OLD.text, OLD.edited);
    INSERT INTO message_text (rowid, text, edited) VALUES (NEW.id, NEW.text, NEW.edited);
END;
CREATE TRIGGER message_words_removed AFTER DELETE ON message BEGIN
    INSERT INTO message_text (message_text, rowid, text, edited) VALUES ('delete', OLD.id, OLD.text, OLD.edited);
END;

-- An event never changes: it is added, and it may be removed.
DROP TABLE note_text;
CREATE VIRTUAL TABLE note_text USING fts5 (
    text,
    content = 'conversation_event', content_rowid = 'id',
    tokenize = 'unicode61 remove_diacritics 2'
);
INSERT INTO note_text (note_text) VALUES ('rebuild');
CREATE TRIGGER note_words_added AFTER INSERT ON conversation_event BEGIN
    INSERT INTO note_text (rowid, text) VALUES (NEW.id, NEW.text);
END;
CREATE TRIGGER note_words_removed AFTER DELETE ON conversation_event BEGIN
    INSERT INTO note_text (note_text, rowid, text) VALUES ('delete', OLD.id, OLD.text);
END;

-- Who was erased, and by whom, under a hash of their id with a key of this file: whoever has the file and a number can ask whether it was
-- erased, and nobody reads from it which numbers were.
CREATE TABLE erasure_key (
    key BLOB NOT NULL
);
INSERT INTO erasure_key VALUES (randomblob(32));
CREATE TABLE erasure (
    hash TEXT NOT NULL,                      -- HMAC-SHA256 of an id of theirs, in hexadecimal
    at   INTEGER NOT NULL,                   -- when it was asked for
    by   TEXT NOT NULL,                      -- the agent
    PRIMARY KEY (hash, at)
) WITHOUT ROWID;

-- Rows were deleted, so that their bytes may still be in free parts of the file. It is empty when the file was cleaned.
CREATE TABLE remains (
    since INTEGER NOT NULL
);
