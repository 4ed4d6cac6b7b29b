-- The log: the truth of a case. Everything in catalogue.sql can be made again from these tables.

-- Every entry, in order. Index 0 opens the case.
CREATE TABLE log (
  -- Place in the log, from 0, without gaps. The only unique column, so that the guard below holds.
  idx   INTEGER PRIMARY KEY,
  -- Canonical JSON (RFC 8785), schema/FORMAT.md section 3.
  entry BLOB NOT NULL
) STRICT;

CREATE TRIGGER log_grows_at_its_end BEFORE INSERT ON log
WHEN NEW.idx IS NOT (SELECT coalesce(max(idx) + 1, 0) FROM log)
BEGIN SELECT RAISE(ABORT, 'the log grows only at its end'); END;

CREATE TRIGGER log_keeps_entries BEFORE DELETE ON log
BEGIN SELECT RAISE(ABORT, 'entries are never removed'); END;

CREATE TRIGGER log_keeps_bytes BEFORE UPDATE ON log
BEGIN SELECT RAISE(ABORT, 'entries are never changed'); END;

-- Values that entries hold only as commitments. A row can be withheld or erased; the log still verifies.
CREATE TABLE sealed (
  -- Entry that commits to the value.
  idx   INTEGER NOT NULL REFERENCES log (idx),
  -- The entry's field that the value belongs to.
  field TEXT NOT NULL,
  -- 16 random bytes.
  salt  BLOB NOT NULL CHECK (length(salt) = 16),
  -- Canonical JSON of the value (RFC 8785).
  value BLOB NOT NULL,
  PRIMARY KEY (idx, field)
) STRICT, WITHOUT ROWID;

-- Hashes over full tiles of 256, so that the tree grows without being read again.
CREATE TABLE tile_hash (
  -- 1 for tiles of entries, 2 for tiles of those, …
  level INTEGER NOT NULL CHECK (level > 0),
  -- Which tile of the level below.
  idx   INTEGER NOT NULL,
  -- SHA-256 (RFC 6962).
  hash  BLOB NOT NULL CHECK (length(hash) = 32),
  PRIMARY KEY (level, idx)
) STRICT, WITHOUT ROWID;

-- The log's head, signed: written in the transaction that writes the entries, so that no entry is
-- ever without a signature over it.
CREATE TABLE head (
  one  INTEGER PRIMARY KEY CHECK (one = 0),
  -- C2SP signed note of the checkpoint over all entries.
  note TEXT NOT NULL
) STRICT;

-- How far log/ was published when last looked at: a shorter published log is then a rolled-back one.
CREATE TABLE publication (
  one  INTEGER PRIMARY KEY CHECK (one = 0),
  -- Entries published.
  size INTEGER NOT NULL,
  -- Root over them.
  root BLOB NOT NULL CHECK (length(root) = 32)
) STRICT;

-- Units of work. Done ones follow from the log; open ones are how an interrupted run goes on.
CREATE TABLE work (
  kind        TEXT NOT NULL,
  -- Deterministic: enqueuing a unit twice is enqueuing it once.
  key         TEXT NOT NULL,
  -- Item key or report digest that the unit is about.
  subject     TEXT NOT NULL,
  state       TEXT NOT NULL CHECK (state IN ('queued', 'leased', 'done')),
  -- Who holds the lease, until when (microseconds since 1970), and its monotonic token.
  worker      TEXT,
  lease_until INTEGER,
  token       INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX work_open ON work (state) WHERE state <> 'done';
