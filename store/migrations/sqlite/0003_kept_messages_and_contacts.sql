-- Messages for people who cannot be reached, and contact lists. Times are milliseconds since 1970-01-01 UTC.

-- In the order they come, so that a group of many fills pages instead of touching one for each person. The
-- document is the last column: whoever reads only what is before it does not read it.
CREATE TABLE kept_messages (
    account     INTEGER NOT NULL REFERENCES accounts ON DELETE CASCADE,
    number      INTEGER NOT NULL,
    message_id  TEXT    NOT NULL,
    sender      TEXT    NOT NULL,
    ack         TEXT    NOT NULL,
    bytes       INTEGER NOT NULL,
    accepted    INTEGER NOT NULL,
    -- When a client took it; then the document is null.
    taken       INTEGER,
    document    BLOB,
    UNIQUE (account, number)
) STRICT;

CREATE TABLE contacts (
    account     INTEGER NOT NULL REFERENCES accounts ON DELETE CASCADE,
    position    INTEGER NOT NULL,
    principal   TEXT    NOT NULL,
    name        TEXT    NOT NULL,
    group_name  TEXT    NOT NULL,
    PRIMARY KEY (account, position)
) STRICT, WITHOUT ROWID;
