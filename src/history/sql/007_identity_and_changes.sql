-- Which file this is, whatever its name and place: the process that keeps the history does so in the file with this id.
CREATE TABLE file (
    id TEXT NOT NULL
);
INSERT INTO file VALUES (lower(hex(randomblob(8))));

-- Every change of a row, in order, for those who copy the history elsewhere. An entry says which row changed, not how: whoever reads
-- it gets the row as it is now, or learns that it is gone.
CREATE TABLE change (
    id           INTEGER PRIMARY KEY,
    message      INTEGER,                    -- message.id
    event        INTEGER,                    -- conversation_event.id
    session      TEXT,                       -- of a conversation ...
    conversation TEXT                        -- ... and its id
);

-- Each time that the file was opened for writing: after which change, and a random mark. A position in the changes has the mark of its
-- time, so that it does not fit a file that was restored from a backup and went on from there.
CREATE TABLE opening (
    change INTEGER PRIMARY KEY,
    mark   TEXT NOT NULL
);
INSERT INTO opening VALUES (-1, lower(hex(randomblob(4))));

INSERT INTO change (message) SELECT id FROM message ORDER BY id;
INSERT INTO change (event) SELECT id FROM conversation_event ORDER BY id;
INSERT INTO change (session, conversation) SELECT session, id FROM conversation ORDER BY session, id;

CREATE TRIGGER message_added AFTER INSERT ON message BEGIN
    INSERT INTO change (message) VALUES (NEW.id);
END;
CREATE TRIGGER message_changed AFTER UPDATE ON message BEGIN
    INSERT INTO change (message) VALUES (NEW.id);
END;
CREATE TRIGGER message_removed AFTER DELETE ON message BEGIN
    INSERT INTO change (message) VALUES (OLD.id);
END;

-- What happens to a message is part of it. If the message comes later, it is added then.
CREATE TRIGGER ack_added AFTER INSERT ON ack BEGIN
    INSERT INTO change (message) SELECT id FROM message
    WHERE session = NEW.session AND direction = NEW.direction AND stanza = NEW.stanza AND chat = NEW.chat;
END;
CREATE TRIGGER ack_changed AFTER UPDATE ON ack BEGIN
    INSERT INTO change (message) SELECT id FROM message
    WHERE session = NEW.session AND direction = NEW.direction AND stanza = NEW.stanza AND chat = NEW.chat;
END;
CREATE TRIGGER edit_added AFTER INSERT ON edit BEGIN
    INSERT INTO change (message) SELECT id FROM message
    WHERE session = NEW.session AND direction = NEW.direction AND stanza = NEW.stanza AND chat = NEW.chat;
END;
CREATE TRIGGER edit_changed AFTER UPDATE ON edit BEGIN
    INSERT INTO change (message) SELECT id FROM message
    WHERE session = NEW.session AND direction = NEW.direction AND stanza = NEW.stanza AND chat = NEW.chat;
END;
CREATE TRIGGER revocation_added AFTER INSERT ON revocation BEGIN
    INSERT INTO change (message) SELECT id FROM message
    WHERE session = NEW.session AND direction = NEW.direction AND stanza = NEW.stanza AND chat = NEW.chat;
END;
CREATE TRIGGER revocation_changed AFTER UPDATE ON revocation BEGIN
    INSERT INTO change (message) SELECT id FROM message
    WHERE session = NEW.session AND direction = NEW.direction AND stanza = NEW.stanza AND chat = NEW.chat;
END;
CREATE TRIGGER reaction_added AFTER INSERT ON reaction BEGIN
    INSERT INTO change (message) SELECT id FROM message
    WHERE session = NEW.session AND direction = NEW.direction AND stanza = NEW.stanza AND chat = NEW.chat;
END;
CREATE TRIGGER reaction_changed AFTER UPDATE ON reaction BEGIN
    INSERT INTO change (message) SELECT id FROM message
    WHERE session = NEW.session AND direction = NEW.direction AND stanza = NEW.stanza AND chat = NEW.chat;
END;

-- A conversation is shown with its events, so an event changes both.
CREATE TRIGGER event_added AFTER INSERT ON conversation_event BEGIN
    INSERT INTO change (event) VALUES (NEW.id);
    INSERT INTO change (session, conversation) SELECT NEW.session, NEW.conversation WHERE NEW.conversation <> '';
END;
CREATE TRIGGER event_changed AFTER UPDATE ON conversation_event BEGIN
    INSERT INTO change (event) VALUES (NEW.id);
    INSERT INTO change (session, conversation) SELECT NEW.session, NEW.conversation WHERE NEW.conversation <> '';
END;
CREATE TRIGGER event_removed AFTER DELETE ON conversation_event BEGIN
    INSERT INTO change (event) VALUES (OLD.id);
END;

CREATE TRIGGER conversation_added AFTER INSERT ON conversation BEGIN
    INSERT INTO change (session, conversation) VALUES (NEW.session, NEW.id);
END;
CREATE TRIGGER conversation_changed AFTER UPDATE ON conversation BEGIN
    INSERT INTO change (session, conversation) VALUES (NEW.session, NEW.id);
END;
-- An event is shown with the chat of its conversation.
CREATE TRIGGER conversation_moved AFTER UPDATE ON conversation WHEN OLD.chat <> NEW.chat BEGIN
    INSERT INTO change (event) SELECT id FROM conversation_event WHERE session = NEW.session AND conversation = NEW.id;
END;
CREATE TRIGGER conversation_removed AFTER DELETE ON conversation BEGIN
    INSERT INTO change (session, conversation) VALUES (OLD.session, OLD.id);
END;
