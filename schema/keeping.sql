-- The catalogue, continued: checks, holds, erasures, anchors, keys and transfers. A case that was made before these
-- tables were has none of them; the next command that writes adds them, empty.

-- What fixity checks said of each object.
CREATE TABLE IF NOT EXISTS fixity (
  object  TEXT NOT NULL,
  entry   INTEGER NOT NULL,
  -- confirmed, altered or missing
  outcome TEXT NOT NULL,
  -- quick (BLAKE3) or full (SHA-256)
  depth   TEXT NOT NULL,
  time    TEXT NOT NULL,
  PRIMARY KEY (object, entry)
) STRICT, WITHOUT ROWID;

-- How things are to be handled; the last row of a subject and property holds.
CREATE TABLE IF NOT EXISTS handling (
  no           INTEGER PRIMARY KEY,
  subject_kind TEXT NOT NULL,
  subject_no   INTEGER NOT NULL,
  -- hold, restriction or graphic
  property     TEXT NOT NULL,
  -- NULL: no longer
  value        TEXT,
  reason       TEXT,  -- (sealed)
  person       TEXT,  -- (sealed)
  time         TEXT NOT NULL,
  entry        INTEGER NOT NULL
) STRICT;

-- Objects whose bytes were removed by law.
CREATE TABLE IF NOT EXISTS purge (
  object    TEXT PRIMARY KEY,
  -- The object that it went with.
  with_object TEXT,
  reason    TEXT NOT NULL,
  authority TEXT,  -- (sealed)
  second    TEXT,  -- (sealed)
  time      TEXT NOT NULL,
  entry     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Proofs from outside that a checkpoint existed by a time.
CREATE TABLE IF NOT EXISTS anchor (
  no        INTEGER PRIMARY KEY,
  way       TEXT NOT NULL,
  authority TEXT NOT NULL,
  size      INTEGER NOT NULL,
  root      TEXT NOT NULL,
  note      TEXT NOT NULL,
  token     TEXT NOT NULL,
  -- As the authority says.
  time      TEXT NOT NULL,
  entry     INTEGER NOT NULL
) STRICT;

-- Proofs from outside that were promised, or that lead to a block whose header was not seen yet.
CREATE TABLE IF NOT EXISTS pending_anchor (
  no        INTEGER PRIMARY KEY,
  way       TEXT NOT NULL,
  authority TEXT NOT NULL,
  size      INTEGER NOT NULL,
  root      TEXT NOT NULL,
  note      TEXT NOT NULL,
  token     TEXT NOT NULL,
  entry     INTEGER NOT NULL
) STRICT;

-- Changes and revocations of the keys that sign the log.
CREATE TABLE IF NOT EXISTS signing_key (
  no     INTEGER PRIMARY KEY,
  -- changed or revoked
  what   TEXT NOT NULL,
  -- The key that signs from now on, or that is revoked.
  key    TEXT NOT NULL,
  -- The key that signed before; NULL for a revocation.
  old    TEXT,
  -- Whether the old key signed the change, too.
  by_old INTEGER NOT NULL,
  reason TEXT NOT NULL,
  -- When the revoked key ceased to be good.
  since  TEXT,
  entry  INTEGER NOT NULL
) STRICT;

-- What left the case, for whom. One row for each event; a large transfer is several with the same manifest.
CREATE TABLE IF NOT EXISTS transfer (
  no        INTEGER PRIMARY KEY,
  manifest  TEXT NOT NULL,
  size      INTEGER NOT NULL,
  objects   TEXT NOT NULL,  -- JSON array
  withheld  TEXT NOT NULL,  -- JSON array
  recipient TEXT,           -- (sealed)
  purpose   TEXT,           -- (sealed)
  person    TEXT,           -- (sealed)
  time      TEXT NOT NULL,
  entry     INTEGER NOT NULL
) STRICT;

-- Packages of others that came in.
CREATE TABLE IF NOT EXISTS package (
  no       INTEGER PRIMARY KEY,
  format   TEXT NOT NULL,
  manifest TEXT NOT NULL,
  origin   TEXT,
  size     INTEGER,
  key      TEXT,
  verdict  TEXT NOT NULL,
  items    INTEGER NOT NULL,
  name     TEXT,  -- (sealed)
  time     TEXT NOT NULL,
  entry    INTEGER NOT NULL
) STRICT;
