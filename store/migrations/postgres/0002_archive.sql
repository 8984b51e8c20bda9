-- The archive: what was said, one chain of hashes for each domain (docs/archive.md). Times are milliseconds since
-- 1970-01-01 UTC.

CREATE TABLE archive_chains (
    id             BIGINT PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    domain         TEXT   COLLATE "C" NOT NULL UNIQUE,
    -- The last entry before the first that is there, and its hash.
    anchor_number  BIGINT NOT NULL,
    anchor_hash    BYTEA  NOT NULL,
    -- The last entry, and its hash.
    head_number    BIGINT NOT NULL,
    head_hash      BYTEA  NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE archive (
    chain       BIGINT NOT NULL,
    number      BIGINT NOT NULL,
    at          BIGINT NOT NULL,
    message_id  TEXT   NOT NULL,
    sender      TEXT   NOT NULL,
    recipient   TEXT   NOT NULL,
    hash        BYTEA  NOT NULL,
    document    BYTEA  NOT NULL,
    PRIMARY KEY (chain, number)
);
