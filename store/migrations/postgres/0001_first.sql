-- The first schema. Times are milliseconds since 1970-01-01 UTC; all numbers have 64 bits.
--
-- No table refers to accounts by a foreign key: the check of it costs as much as the row. Whoever writes locks
-- the accounts with one statement for all, and whoever removes an account removes what belongs to it.

CREATE TABLE accounts (
    id                BIGINT  PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    principal         TEXT    COLLATE "C" NOT NULL UNIQUE,
    slot              BIGINT  NOT NULL,
    -- The number of the last change, of all accounts together.
    revision          BIGINT  NOT NULL UNIQUE,
    display_name      TEXT    NOT NULL,
    email             TEXT    NOT NULL,
    disabled          BOOLEAN NOT NULL,
    scram_salt        BYTEA   NOT NULL,
    scram_iterations  BIGINT  NOT NULL,
    scram_stored_key  BYTEA   NOT NULL,
    scram_server_key  BYTEA   NOT NULL,
    -- Null unless the account opted in to NTLM and Digest.
    nt_hash           BYTEA
);

CREATE INDEX accounts_by_slot ON accounts (slot);

CREATE TABLE digest_secrets (
    account   BIGINT NOT NULL,
    position  BIGINT NOT NULL,
    username  TEXT   NOT NULL,
    ha1       BYTEA  NOT NULL,
    PRIMARY KEY (account, position)
);

-- One row: the newest revision. Whoever changes accounts locks it first.
CREATE TABLE newest_revision (
    single    BIGINT PRIMARY KEY CHECK (single = 1),
    revision  BIGINT NOT NULL
);

INSERT INTO newest_revision (single, revision) VALUES (1, 0);

-- What followers of changes must still be told. Kept when the account is created again.
CREATE TABLE removed_accounts (
    principal  TEXT   COLLATE "C" PRIMARY KEY,
    revision   BIGINT NOT NULL UNIQUE
);

CREATE TABLE logins (
    account    BIGINT NOT NULL,
    id         BIGINT NOT NULL,
    call_back  TEXT   NOT NULL,
    router     TEXT   NOT NULL,
    ends       BIGINT NOT NULL,
    PRIMARY KEY (account, id)
);

CREATE TABLE views (
    account        BIGINT NOT NULL,
    id             BIGINT NOT NULL,
    -- May name a login that ended: what then becomes of the view is not the store's business.
    login          BIGINT,
    state          TEXT   NOT NULL,
    default_state  TEXT   NOT NULL,
    changed        BIGINT NOT NULL,
    ends           BIGINT,
    PRIMARY KEY (account, id)
);

CREATE TABLE property_subscriptions (
    account     BIGINT NOT NULL,
    id          BIGINT NOT NULL,
    watcher     TEXT   NOT NULL,
    -- Null when it is the watcher, as it nearly always is.
    subscriber  TEXT,
    ends        BIGINT NOT NULL,
    PRIMARY KEY (account, id)
) WITH (fillfactor = 80);

-- Access lists in the form the protocol gives them. Apart from the accounts, so that these stay short.
CREATE TABLE access_lists (
    account   BIGINT PRIMARY KEY,
    document  BYTEA  NOT NULL
);

-- The newest claim of each slot: what every write is held against. All slots are there from the beginning, so
-- that each has a row to lock; those that were never claimed have epoch -1.
CREATE TABLE claims (
    slot    BIGINT PRIMARY KEY,
    epoch   BIGINT NOT NULL,
    member  TEXT   NOT NULL,
    -- The newest epoch at which the member is known to have the slot still; never below the claim's own.
    kept    BIGINT NOT NULL
) WITH (fillfactor = 50);

INSERT INTO claims (slot, epoch, member, kept) SELECT slot, -1, '', -1 FROM generate_series(0, 16383) AS slot;

-- The last claims of each slot, the newest among them; for people who ask, never for a decision.
CREATE TABLE moves (
    slot    BIGINT NOT NULL,
    epoch   BIGINT NOT NULL,
    member  TEXT   NOT NULL,
    at      BIGINT NOT NULL,
    PRIMARY KEY (slot, epoch)
);

-- The state that watchers were last told. Apart from the accounts, because it changes often.
CREATE TABLE told (
    account  BIGINT PRIMARY KEY,
    state    TEXT   NOT NULL
) WITH (fillfactor = 80);

-- Messages for people who cannot be reached.
CREATE TABLE kept_messages (
    account     BIGINT NOT NULL,
    number      BIGINT NOT NULL,
    message_id  TEXT   NOT NULL,
    sender      TEXT   NOT NULL,
    ack         TEXT   NOT NULL,
    bytes       BIGINT NOT NULL,
    accepted    BIGINT NOT NULL,
    -- When a client took it; then the document is null.
    taken       BIGINT,
    document    BYTEA,
    PRIMARY KEY (account, number)
);

CREATE TABLE contacts (
    account     BIGINT NOT NULL,
    position    BIGINT NOT NULL,
    principal   TEXT   NOT NULL,
    name        TEXT   NOT NULL,
    group_name  TEXT   NOT NULL,
    PRIMARY KEY (account, position)
);
