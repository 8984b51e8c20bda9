-- Fencing: who took over which slot, and at which epoch. And what watchers were told, which whoever takes a
-- person over must know. Times are milliseconds since 1970-01-01 UTC.

-- The newest claim of each slot that was ever claimed: what every write is held against, so it is kept small.
CREATE TABLE claims (
    slot    INTEGER PRIMARY KEY,
    epoch   INTEGER NOT NULL,
    member  TEXT    NOT NULL,
    -- The newest epoch at which the member is known to have the slot still; never below the claim's own.
    kept    INTEGER NOT NULL
) STRICT;

-- The last claims of each slot, the newest among them; for people who ask, never for a decision.
CREATE TABLE moves (
    slot    INTEGER NOT NULL,
    epoch   INTEGER NOT NULL,
    member  TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (slot, epoch)
) STRICT, WITHOUT ROWID;

-- The state that watchers were last told. Apart from the accounts, because it changes often.
CREATE TABLE told (
    account  INTEGER PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
    state    TEXT    NOT NULL
) STRICT;
