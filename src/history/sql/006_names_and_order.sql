-- For screens: customers by their name, and conversations in the order in which they began.
-- Every WhatsApp name under which a customer wrote.
CREATE TABLE customer_name (
    session TEXT NOT NULL,
    chat    TEXT NOT NULL,
    name    TEXT NOT NULL,
    PRIMARY KEY (session, chat, name)
) WITHOUT ROWID;
INSERT INTO customer_name
SELECT DISTINCT session, chat, name FROM message WHERE direction = 'inbound' AND name IS NOT NULL;

CREATE INDEX conversation_began ON conversation (coalesce(opened_at, claimed_at, closed_at));
