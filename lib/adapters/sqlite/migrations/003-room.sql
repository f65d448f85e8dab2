-- Room for limits, fairness, unique keys, tags, notes, gates, chores and orders. New tables, and columns
-- that are null or have a constant default: no row is read or written, however many jobs there are. A
-- process of an older version names all columns it writes and knows none of these, so that all it does
-- stays right. The tables have a prefix, since apps may keep tables of their own in the file, `orders` or
-- `tags` say.

-- Ready jobs that have a track (a fairness key, limits, or both), as `line` holds those that have none.
-- Written when such a job is enqueued, tried again or wakes; a claim deletes. No row is ever updated.
CREATE TABLE stem_tracked (
  track      INTEGER NOT NULL,                -- stem_tracks.no
  due_at     INTEGER NOT NULL,
  seq        INTEGER NOT NULL,
  queue      INTEGER NOT NULL,
  expires_at INTEGER,                         -- only of jobs that were never lent
  PRIMARY KEY (track, due_at, seq)
) WITHOUT ROWID;
CREATE INDEX stem_tracked_expires ON stem_tracked (queue, expires_at) WHERE expires_at IS NOT NULL;

-- The jobs of a lane that share a fairness key and their limits; they take turns. Made by the enqueue of
-- its first job; moved by claims and by what ends a loan; deleted by the maintenance when long empty.
CREATE TABLE stem_tracks (
  no        INTEGER PRIMARY KEY AUTOINCREMENT,
  lane      INTEGER NOT NULL,
  key       TEXT NOT NULL,                    -- fairness key and limits; '': those that stay in `line`
  standing  INTEGER NOT NULL DEFAULT 0,       -- 0 empty, 1 in the ring, 2 until open_at, 3 waits for waits_for
  turn      INTEGER NOT NULL DEFAULT 0,       -- the lowest in the ring is next
  served    INTEGER NOT NULL DEFAULT 0,       -- of the track '': the turn that the lane has come to
  open_at   INTEGER,
  waits_for INTEGER,                          -- stem_quotas.no
  quotas    TEXT NOT NULL DEFAULT '[]',       -- numbers of the quotas that a claim takes, as JSON
  kept      TEXT NOT NULL DEFAULT '[]',       -- of those that its jobs hold until their final end
  used_at   INTEGER NOT NULL,
  UNIQUE (lane, key)
);
CREATE INDEX stem_tracks_ring ON stem_tracks (lane, turn) WHERE standing = 1;
CREATE INDEX stem_tracks_later ON stem_tracks (lane, open_at) WHERE standing = 2;
CREATE INDEX stem_tracks_waiting ON stem_tracks (waits_for, lane, turn) WHERE standing = 3;

-- What a limit allows for one key right now. Made by the enqueue of the first job that is held to it;
-- `used` and `tat` are written by claims and by what ends a loan; deleted by the maintenance when long
-- unused.
CREATE TABLE stem_quotas (
  no      INTEGER PRIMARY KEY AUTOINCREMENT,
  queue   INTEGER NOT NULL,                   -- 0: all queues share it
  name    TEXT NOT NULL,
  key     TEXT NOT NULL,
  used    INTEGER NOT NULL DEFAULT 0,
  most    INTEGER,                            -- null: any number at once
  tat     INTEGER NOT NULL DEFAULT 0,         -- theoretical arrival time (GCRA), in microseconds since the epoch
  every   INTEGER,                            -- microseconds per start; null: at any rate
  burst   INTEGER,
  used_at INTEGER NOT NULL,
  UNIQUE (queue, name, key)
);

-- Limits as applications declare them, and as they were changed at run time, which goes before. Written
-- when a worker starts, and by the call that changes a limit.
CREATE TABLE stem_limits (
  name        TEXT NOT NULL,
  single      INTEGER NOT NULL,               -- 1: for this key alone; 0: for all others
  key         TEXT NOT NULL DEFAULT '',
  owner       TEXT NOT NULL,                  -- the application that declares it; '': changed at run time
  deployment  INTEGER NOT NULL DEFAULT 0,
  shared      INTEGER NOT NULL DEFAULT 0,
  concurrency INTEGER,
  max         INTEGER,
  per_ms      INTEGER,
  burst       INTEGER,
  PRIMARY KEY (name, single, key, owner)
) WITHOUT ROWID;

-- Which job holds a unique key. Written by the enqueue that takes the key, and by a retry; the row points and
-- the job decides: the key of a job that has been lent, has ended or has gone is taken over by the next job
-- with that key. Deleted with the job, or by the maintenance when its moment has passed.
CREATE TABLE stem_keys (
  queue INTEGER NOT NULL,
  key   TEXT NOT NULL,
  seq   INTEGER NOT NULL,
  id    TEXT NOT NULL,                        -- of the job, which may have gone before the moment
  fence INTEGER NOT NULL,                     -- jobs.fence at that time: a higher one has been lent since
  until INTEGER,                              -- 0: until it is lent; null: until it ends; else: a moment
  PRIMARY KEY (queue, key)
) WITHOUT ROWID;
CREATE INDEX stem_keys_seq ON stem_keys (seq);
CREATE INDEX stem_keys_until ON stem_keys (until) WHERE until > 0;

-- Written by enqueue and by a running job; deleted with the job.
CREATE TABLE stem_tags (
  tag TEXT NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (tag, seq)
) WITHOUT ROWID;
CREATE INDEX stem_tags_seq ON stem_tags (seq);

-- How far a job says it is. Written with its journal and its settlement; deleted with the job. An older
-- process leaves the row of a job that it forgets, whose number is never used again.
CREATE TABLE stem_notes (
  job   INTEGER PRIMARY KEY,
  state TEXT,
  at    INTEGER NOT NULL
);

-- What a job has logged: its last 200 lines. Written and deleted as notes are.
CREATE TABLE stem_logs (
  job  INTEGER NOT NULL,
  no   INTEGER NOT NULL,
  at   INTEGER NOT NULL,
  line TEXT NOT NULL,
  PRIMARY KEY (job, no)
) WITHOUT ROWID;

-- The last 20 attempts that did not succeed. Written by the settlement that ends one and by the take-back
-- from a lapsed worker; deleted with the job.
CREATE TABLE stem_tries (
  job        INTEGER NOT NULL,
  no         INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at   INTEGER NOT NULL,
  worker     TEXT,                            -- its id, as the worker itself may be gone
  error      TEXT,
  PRIMARY KEY (job, no)
) WITHOUT ROWID;

-- What is too much for one step (an end with more than 1,000 links), to be done in slices. Written by that
-- end; taken up by claims; deleted when done.
CREATE TABLE stem_chores (
  no     INTEGER PRIMARY KEY,
  kind   TEXT NOT NULL,
  job    INTEGER NOT NULL,
  cursor INTEGER NOT NULL DEFAULT 0,          -- what is done
  data   TEXT
);

-- What a worker is told to do. Written by an order; deleted when the worker has confirmed it, and with the
-- worker, by whichever version: numbers of workers are used again. An order to many has one number (meta).
CREATE TABLE stem_orders (
  worker INTEGER NOT NULL,                    -- workers.no
  no     INTEGER NOT NULL,
  text   TEXT NOT NULL,
  PRIMARY KEY (worker, no)
) WITHOUT ROWID;
CREATE TRIGGER stem_workers_orders AFTER DELETE ON workers BEGIN
  DELETE FROM stem_orders WHERE worker = OLD.no;
END;
INSERT INTO meta VALUES ('order_no', 0);

-- By owner instead of by name. Rows of older processes belong to 'app'; `dynamic` keeps its meaning.
ALTER TABLE schedules ADD COLUMN owner TEXT NOT NULL DEFAULT 'app';
ALTER TABLE schedules ADD COLUMN deployment INTEGER NOT NULL DEFAULT 0;
CREATE INDEX schedules_owner ON schedules (owner, next_at, id) WHERE dynamic = 0 AND paused = 0 AND next_at IS NOT NULL;

-- 1: set by the first job with a track; cleared by the maintenance when the last track has gone.
ALTER TABLE queues ADD COLUMN shared INTEGER NOT NULL DEFAULT 0;

-- How many arrivals wake the run. Written by the settlement that parks it.
ALTER TABLE parked ADD COLUMN arrivals INTEGER;

-- Bits for when the link counts, what follows when its target ends first, and whether it blocks; null: as
-- goes_on says. Written by enqueue.
ALTER TABLE links ADD COLUMN rule INTEGER;

-- They stand behind the payload, so only jobs whose bits in `links` say that there is something here read
-- them.
ALTER TABLE jobs ADD COLUMN track INTEGER;    -- stem_tracks.no; by enqueue, and by a claim that takes a quota for good
ALTER TABLE jobs ADD COLUMN arrived INTEGER;  -- inputs that came without being waited for; by their ends
ALTER TABLE jobs ADD COLUMN bears INTEGER;    -- how many inputs may fail; by enqueue
ALTER TABLE jobs ADD COLUMN inputs INTEGER;   -- how many it was given, if more may fail or come; by enqueue
ALTER TABLE jobs ADD COLUMN held INTEGER;     -- 1: a gate that still takes members, which counts as one open input
ALTER TABLE jobs ADD COLUMN asked TEXT;       -- why a cancel asked it to end; by that cancel
ALTER TABLE jobs ADD COLUMN key TEXT;         -- its unique key, behind a letter that says until when; by enqueue
