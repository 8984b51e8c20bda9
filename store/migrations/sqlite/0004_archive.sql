-- The archive: what was said, one chain of hashes for each domain (docs/archive.md). Times are milliseconds since
-- 1970-01-01 UTC.

CREATE TABLE archive_chains (
    id             INTEGER PRIMARY KEY,
    domain         TEXT    NOT NULL UNIQUE,
    -- The last entry before the first that is there, and its hash.
    anchor_number  INTEGER NOT NULL,
    anchor_hash    BLOB    NOT NULL,
    -- The last entry, and its hash.
    head_number    INTEGER NOT NULL,
    head_hash      BLOB    NOT NULL
) STRICT;

CREATE TABLE archive (
    chain       INTEGER NOT NULL,
    number      INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    message_id  TEXT    NOT NULL,
    sender      TEXT    NOT NULL,
    recipient   TEXT    NOT NULL,
    hash        BLOB    NOT NULL,
    document    BLOB    NOT NULL,
    UNIQUE (chain, number)
) STRICT;
