-- The words of new messages go into the index together, at the end of their batch: one by one, each would be a write of its own, because
-- a statement with triggers begins a savepoint, and there the index writes what it has gathered. Until then the index lacks these rows.
CREATE TABLE unindexed (
    message INTEGER PRIMARY KEY              -- message.id
);

DROP TRIGGER message_words_added;
DROP TRIGGER message_words_changed;
DROP TRIGGER message_words_removed;
CREATE TRIGGER message_words_added AFTER INSERT ON message BEGIN
    INSERT INTO unindexed VALUES (NEW.id);
END;
CREATE TRIGGER message_words_changed AFTER UPDATE OF text, edited ON message
    WHEN (NEW.text <> OLD.text OR NEW.edited IS NOT OLD.edited) AND NOT EXISTS (SELECT 1 FROM unindexed WHERE message = OLD.id) BEGIN
    INSERT INTO message_text (message_text, rowid, text, edited) VALUES ('delete', OLD.id, OLD.text, OLD.edited);
    INSERT INTO message_text (rowid, text, edited) VALUES (NEW.id, NEW.text, NEW.edited);
END;
CREATE TRIGGER message_words_removed AFTER DELETE ON message BEGIN
    INSERT INTO message_text (message_text, rowid, text, edited) SELECT 'delete', OLD.id, OLD.text, OLD.edited
    WHERE NOT EXISTS (SELECT 1 FROM unindexed WHERE message = OLD.id);
    DELETE FROM unindexed WHERE message = OLD.id;
END;
