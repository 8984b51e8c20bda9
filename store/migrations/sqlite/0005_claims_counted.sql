-- How often a claim was made, so that whoever remembers claims knows whether they are still those. Counted by the file
-- itself: programs from before this write to it too.

ALTER TABLE newest_revision ADD COLUMN claims INTEGER NOT NULL DEFAULT 0;

CREATE TRIGGER claim_made AFTER INSERT ON claims BEGIN
    UPDATE newest_revision SET claims = claims + 1;
END;

CREATE TRIGGER claim_replaced AFTER UPDATE OF epoch ON claims BEGIN
    UPDATE newest_revision SET claims = claims + 1;
END;

CREATE TRIGGER claim_removed AFTER DELETE ON claims BEGIN
    UPDATE newest_revision SET claims = claims + 1;
END;
