-- What a job is and slow facts about it. Written once at enqueue; a job that runs and succeeds at once never
-- touches its row again. Where a job stands is told by the table that holds its number: line (ready), active,
-- parked, ended; none of them and open > 0: blocked.
CREATE TABLE jobs (
  seq         INTEGER PRIMARY KEY,            -- order of arrival; never used again (see meta.seq_floor)
  id          TEXT NOT NULL,
  lane        INTEGER NOT NULL,               -- queue number * 10 + 9 - priority: ascending lanes are descending priorities
  task        TEXT NOT NULL,
  enqueued_at INTEGER NOT NULL,
  due_at      INTEGER,                        -- null: enqueued_at
  expires_at  INTEGER,
  max_lapses  INTEGER,                        -- null: the default of the contract, as are the next two
  keep_result INTEGER,
  keep_failed INTEGER,
  grp         TEXT,
  links       INTEGER NOT NULL DEFAULT 0,     -- bit 1: others wait for it; bit 2: it waits, or waited, for others; bit 4: it has a journal
  open        INTEGER NOT NULL DEFAULT 0,     -- inputs still to come
  failed      INTEGER NOT NULL DEFAULT 0,     -- inputs that will not come
  attempts    INTEGER NOT NULL DEFAULT 0,     -- that counted, without the one in flight
  lapses      INTEGER NOT NULL DEFAULT 0,
  fence       INTEGER NOT NULL DEFAULT 0,     -- deliveries, without the one in flight
  started_at  INTEGER,                        -- of the last delivery that came back unfinished
  headers     TEXT,
  error       TEXT,                           -- last failure of an attempt that is tried again
  wake        TEXT,                           -- why a parked job runs again, until its next settlement
  payload     TEXT NOT NULL                   -- last: whatever is read before it never walks its overflow pages
);
CREATE UNIQUE INDEX jobs_id ON jobs (id);
CREATE INDEX jobs_group ON jobs (grp, seq) WHERE grp IS NOT NULL;
CREATE INDEX jobs_open ON jobs (lane) WHERE open > 0;

-- The ready jobs in the order they are lent: a claim reads and deletes one stretch of it and sorts nothing.
CREATE TABLE line (
  lane   INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  seq    INTEGER NOT NULL,
  PRIMARY KEY (lane, due_at, seq)
) WITHOUT ROWID;

-- Jobs on loan. Never more rows than all workers have slots, so it needs no index by worker.
CREATE TABLE active (
  seq        INTEGER PRIMARY KEY,
  fence      INTEGER NOT NULL,
  worker     INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  links      INTEGER NOT NULL                 -- as in jobs; a settle that remembers other links looks again
);

CREATE TABLE ended (
  seq        INTEGER PRIMARY KEY,
  state      INTEGER NOT NULL,                -- 1 succeeded, 2 failed, 3 cancelled, 4 expired
  ended_at   INTEGER NOT NULL,
  forget_at  INTEGER NOT NULL,
  started_at INTEGER,
  attempts   INTEGER NOT NULL,
  fence      INTEGER NOT NULL,
  cause      TEXT,
  error      TEXT,
  result     TEXT
);
CREATE INDEX ended_forget ON ended (forget_at);
CREATE INDEX ended_badly ON ended (state, seq) WHERE state > 1;
CREATE INDEX ended_dead ON ended (ended_at, seq) WHERE state = 2 AND cause <> 'input';

CREATE TABLE links (
  to_seq   INTEGER NOT NULL,
  position INTEGER NOT NULL,
  from_seq INTEGER NOT NULL,
  goes_on  INTEGER NOT NULL,                  -- 1: a failure is an input like any other
  state    INTEGER NOT NULL DEFAULT 0,        -- 0 open, 1 delivered, 2 failed
  PRIMARY KEY (to_seq, position)
) WITHOUT ROWID;
CREATE INDEX links_from ON links (from_seq, state);

CREATE TABLE parked (
  seq      INTEGER PRIMARY KEY,
  queue    INTEGER NOT NULL,
  deadline INTEGER
);
CREATE INDEX parked_deadline ON parked (deadline) WHERE deadline IS NOT NULL;
CREATE INDEX parked_queue ON parked (queue, deadline) WHERE deadline IS NOT NULL;

CREATE TABLE waits (
  name  TEXT NOT NULL,
  key   TEXT NOT NULL,
  seq   INTEGER NOT NULL,
  after INTEGER NOT NULL,
  PRIMARY KEY (name, key, seq)
) WITHOUT ROWID;
CREATE INDEX waits_seq ON waits (seq);

CREATE TABLE queues (
  no     INTEGER PRIMARY KEY,
  name   TEXT NOT NULL UNIQUE,
  paused INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE workers (
  no          INTEGER PRIMARY KEY,
  id          TEXT NOT NULL UNIQUE,
  lease_until INTEGER NOT NULL,
  started_at  INTEGER NOT NULL,
  seen_at     INTEGER NOT NULL,
  emptied     INTEGER NOT NULL DEFAULT 0,     -- 1: what it held has been taken back since it was last seen
  info        TEXT NOT NULL
);
CREATE INDEX workers_lease ON workers (lease_until) WHERE emptied = 0;

CREATE TABLE journal (
  job   INTEGER NOT NULL,
  seq   INTEGER NOT NULL,
  key   TEXT NOT NULL,
  kind  TEXT NOT NULL,
  state TEXT NOT NULL,
  at    INTEGER NOT NULL,
  value TEXT,
  PRIMARY KEY (job, seq)
) WITHOUT ROWID;

CREATE TABLE events (
  seq       INTEGER PRIMARY KEY,
  id        TEXT NOT NULL UNIQUE,
  name      TEXT NOT NULL,
  key       TEXT NOT NULL,
  at        INTEGER NOT NULL,
  forget_at INTEGER NOT NULL,
  payload   TEXT
);
CREATE INDEX events_name ON events (name, key, seq);
CREATE INDEX events_forget ON events (forget_at);

CREATE TABLE schedules (
  id      TEXT PRIMARY KEY,
  spec    TEXT NOT NULL,
  next_at INTEGER,
  last_at INTEGER,
  fires   INTEGER NOT NULL DEFAULT 0,
  paused  INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

CREATE TABLE locks (
  name  TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  token INTEGER NOT NULL,
  until INTEGER NOT NULL
) WITHOUT ROWID;

-- Messages between processes; the newest 256 are kept.
CREATE TABLE control (
  no      INTEGER PRIMARY KEY AUTOINCREMENT,
  topic   TEXT NOT NULL,
  message TEXT NOT NULL
);

-- Numbers that must never go back: the last event, the last lock token, the highest job number that was ever
-- forgotten.
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES ('event_seq', 0), ('lock_token', 0), ('seq_floor', 0);
