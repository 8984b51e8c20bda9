-- The first schema. Times are milliseconds since 1970-01-01 UTC.

-- Marks the file as ours ("HOMP"), so that no other program's database is taken for it.
PRAGMA application_id = 1213156688;

CREATE TABLE accounts (
    id                INTEGER PRIMARY KEY,
    principal         TEXT    NOT NULL UNIQUE,
    slot              INTEGER NOT NULL,
    -- The number of the last change, of all accounts together.
    revision          INTEGER NOT NULL UNIQUE,
    display_name      TEXT    NOT NULL,
    email             TEXT    NOT NULL,
    disabled          INTEGER NOT NULL,
    scram_salt        BLOB    NOT NULL,
    scram_iterations  INTEGER NOT NULL,
    scram_stored_key  BLOB    NOT NULL,
    scram_server_key  BLOB    NOT NULL,
    -- Null unless the account opted in to NTLM and Digest.
    nt_hash           BLOB
) STRICT;

CREATE INDEX accounts_by_slot ON accounts (slot);

CREATE TABLE digest_secrets (
    account   INTEGER NOT NULL REFERENCES accounts ON DELETE CASCADE,
    position  INTEGER NOT NULL,
    username  TEXT    NOT NULL,
    ha1       BLOB    NOT NULL,
    PRIMARY KEY (account, position)
) STRICT, WITHOUT ROWID;

-- One row: the newest revision.
CREATE TABLE newest_revision (
    only      INTEGER PRIMARY KEY CHECK (only = 1),
    revision  INTEGER NOT NULL
) STRICT;

INSERT INTO newest_revision (only, revision) VALUES (1, 0);

-- What followers of changes must still be told. Kept when the account is created again.
CREATE TABLE removed_accounts (
    principal  TEXT    NOT NULL PRIMARY KEY,
    revision   INTEGER NOT NULL UNIQUE
) STRICT, WITHOUT ROWID;

CREATE TABLE logins (
    account    INTEGER NOT NULL REFERENCES accounts ON DELETE CASCADE,
    id         INTEGER NOT NULL,
    call_back  TEXT    NOT NULL,
    router     TEXT    NOT NULL,
    ends       INTEGER NOT NULL,
    PRIMARY KEY (account, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE views (
    account        INTEGER NOT NULL REFERENCES accounts ON DELETE CASCADE,
    id             INTEGER NOT NULL,
    -- May name a login that ended: what then becomes of the view is not the store's business.
    login          INTEGER,
    state          TEXT    NOT NULL,
    default_state  TEXT    NOT NULL,
    changed        INTEGER NOT NULL,
    ends           INTEGER,
    PRIMARY KEY (account, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE property_subscriptions (
    account     INTEGER NOT NULL REFERENCES accounts ON DELETE CASCADE,
    id          INTEGER NOT NULL,
    watcher     TEXT    NOT NULL,
    -- Null when it is the watcher, as it nearly always is.
    subscriber  TEXT,
    ends        INTEGER NOT NULL,
    PRIMARY KEY (account, id)
) STRICT, WITHOUT ROWID;

-- Access lists in the form the protocol gives them. Apart from the accounts, so that these stay short.
CREATE TABLE access_lists (
    account   INTEGER PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
    document  BLOB    NOT NULL
) STRICT;
