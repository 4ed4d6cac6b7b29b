-- The catalogue: an index of the log. `exhibit rebuild` drops it and makes it again, row for row.
-- Columns marked (sealed) are NULL where the value was withheld or erased.

CREATE TABLE report (
  no             INTEGER PRIMARY KEY,
  -- SHA-256 of its bytes, hex.
  sha256         TEXT NOT NULL UNIQUE,
  -- file, url or input
  source         TEXT NOT NULL,
  url            TEXT,
  -- (sealed) file name
  name           TEXT,
  title          TEXT,  -- (sealed)
  publisher      TEXT,  -- (sealed)
  authors        TEXT,  -- (sealed) JSON array
  language       TEXT,
  -- EDTF
  published      TEXT,
  published_as_written TEXT,  -- (sealed)
  media_type     TEXT NOT NULL,
  encoding       TEXT NOT NULL,
  reader         TEXT NOT NULL,
  reader_version TEXT NOT NULL,
  received       TEXT NOT NULL,
  entry          INTEGER NOT NULL
) STRICT;

CREATE TABLE item (
  no          INTEGER PRIMARY KEY,
  -- Canonical key: platform:id, url:…, local:…, file:…
  key         TEXT NOT NULL UNIQUE,
  kind        TEXT NOT NULL,
  url         TEXT,
  platform    TEXT,
  platform_id TEXT,
  entry       INTEGER NOT NULL
) STRICT;

CREATE TABLE mention (
  no        INTEGER PRIMARY KEY,
  report    INTEGER NOT NULL REFERENCES report (no),
  -- From 1, in the order of the report.
  ordinal   INTEGER NOT NULL,
  item      INTEGER REFERENCES item (no),
  kind      TEXT NOT NULL,
  form      TEXT NOT NULL,
  -- Exactly as printed.
  url       TEXT,
  canonical TEXT,
  locator   TEXT NOT NULL,
  exact     TEXT,  -- (sealed) the words of the report
  prefix    TEXT,  -- (sealed)
  suffix    TEXT,  -- (sealed)
  caption   TEXT,  -- (sealed)
  credit    TEXT,  -- (sealed)
  hedges    TEXT,  -- (sealed) JSON array
  rule      TEXT NOT NULL,
  entry     INTEGER NOT NULL,
  UNIQUE (report, ordinal)
) STRICT;
CREATE INDEX mention_item ON mention (item);

CREATE TABLE claim (
  no       INTEGER PRIMARY KEY,
  -- M, I or E and the number that follows it; an object's claims stand on its first exhibit.
  subject_kind TEXT NOT NULL,
  subject_no   INTEGER NOT NULL,
  property TEXT NOT NULL,
  value    TEXT,  -- (sealed)
  via      TEXT,  -- (sealed) platform named for it
  hedges   TEXT,  -- (sealed) JSON array
  exact    TEXT,  -- (sealed) the words it was read from
  reading  TEXT,  -- (sealed) JSON
  -- report or person
  by       TEXT NOT NULL,
  person   TEXT,  -- (sealed)
  status   TEXT NOT NULL,
  rule     TEXT NOT NULL,
  entry    INTEGER NOT NULL
) STRICT;
CREATE INDEX claim_subject ON claim (subject_kind, subject_no);

CREATE TABLE object (
  sha256     TEXT PRIMARY KEY,
  blake3     TEXT NOT NULL,
  size       INTEGER NOT NULL,
  -- Read from the bytes.
  media_type TEXT NOT NULL,
  entry      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE capture (
  no            INTEGER PRIMARY KEY,
  key           TEXT NOT NULL UNIQUE,
  item          INTEGER NOT NULL REFERENCES item (no),
  url           TEXT,
  method        TEXT NOT NULL,
  started       TEXT NOT NULL,
  finished      TEXT NOT NULL,
  outcome       TEXT NOT NULL,
  completeness  TEXT NOT NULL,
  -- The evidence for both.
  because       TEXT NOT NULL,
  status        INTEGER,
  redirects     INTEGER NOT NULL,
  final_url     TEXT,
  address       TEXT,
  -- Bytes announced, bytes that arrived.
  declared      INTEGER,
  received      INTEGER NOT NULL,
  declared_type TEXT,
  route         TEXT NOT NULL,
  -- 1 for an item's first bytes, one more whenever they changed; NULL for a failure.
  version       INTEGER,
  object        TEXT REFERENCES object (sha256),
  exchange      TEXT,  -- (sealed) JSON
  entry         INTEGER NOT NULL
) STRICT;
CREATE INDEX capture_item ON capture (item);
-- Of these alone: an index of all captures would change a page for each of them, as digests come in no order.
CREATE INDEX capture_cut ON capture (object) WHERE completeness = 'truncated';

CREATE TABLE exhibit (
  no      INTEGER PRIMARY KEY,
  object  TEXT NOT NULL REFERENCES object (sha256),
  item    INTEGER NOT NULL REFERENCES item (no),
  capture INTEGER NOT NULL REFERENCES capture (no),
  role    TEXT NOT NULL,
  name    TEXT,  -- (sealed) original file name
  admitted TEXT NOT NULL,
  entry   INTEGER NOT NULL,
  UNIQUE (object, item)
) STRICT;
CREATE INDEX exhibit_item ON exhibit (item);

CREATE TABLE examination (
  no            INTEGER PRIMARY KEY,
  object        TEXT NOT NULL REFERENCES object (sha256),
  probe         TEXT NOT NULL,
  probe_version TEXT NOT NULL,
  facts         TEXT NOT NULL,  -- JSON
  location      TEXT,           -- (sealed) JSON
  device        TEXT,           -- (sealed) JSON
  problems      TEXT NOT NULL,  -- JSON array
  entry         INTEGER NOT NULL,
  UNIQUE (object, probe, probe_version)
) STRICT;

CREATE TABLE note (
  no           INTEGER PRIMARY KEY,
  subject_kind TEXT NOT NULL,
  subject_no   INTEGER NOT NULL,
  text         TEXT,  -- (sealed)
  person       TEXT,  -- (sealed)
  time         TEXT NOT NULL,
  entry        INTEGER NOT NULL
) STRICT;

-- Hosts and networks that may be asked although they are not globally routable, as last permitted.
CREATE TABLE permission (
  hosts TEXT PRIMARY KEY,  -- JSON array, sorted
  entry INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE erasure (
  -- The entry and field whose value was erased.
  idx   INTEGER NOT NULL,
  field TEXT NOT NULL,
  reason TEXT NOT NULL,
  entry INTEGER NOT NULL,
  PRIMARY KEY (idx, field)
) STRICT, WITHOUT ROWID;

-- One row an entry: who did what, when.
CREATE TABLE custody_event (
  entry  INTEGER PRIMARY KEY,
  kind   TEXT NOT NULL,
  time   TEXT NOT NULL,
  tool   TEXT NOT NULL,
  person TEXT  -- (sealed)
) STRICT;

-- Which entries speak about which report, mention, item, capture, exhibit or claim.
CREATE TABLE touches (
  subject_kind TEXT NOT NULL,
  subject_no   INTEGER NOT NULL,
  entry        INTEGER NOT NULL,
  PRIMARY KEY (subject_kind, subject_no, entry)
) STRICT, WITHOUT ROWID;
CREATE INDEX touches_entry ON touches (entry);

-- Words to search in, folded (see src/vault/fold.rs), and the same as they are written. A virtual table
-- cannot be STRICT.
CREATE VIRTUAL TABLE search USING fts5 (subject UNINDEXED, body, shown UNINDEXED, tokenize = 'unicode61 remove_diacritics 2');
