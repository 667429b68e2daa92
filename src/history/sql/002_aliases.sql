-- Hidden ids (@lid) and the chat that each turned out to be, where what they say is kept.
CREATE TABLE alias (
    session TEXT NOT NULL,
    lid     TEXT NOT NULL,
    chat    TEXT NOT NULL,
    at      INTEGER NOT NULL,                -- when that was learned
    PRIMARY KEY (session, lid)
) WITHOUT ROWID;
CREATE INDEX alias_lid ON alias (lid);
