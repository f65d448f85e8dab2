-- Room for limits, fairness, unique keys, tags, notes, gates, chores and orders. New tables, and columns
-- that are null or have a constant default: no row is read or written, however many jobs there are. A
-- process of an older version names all columns it writes and knows none of these, so that all it does
-- stays right.
--
-- By hand: in one transaction, after `SET LOCAL lock_timeout = '2s'`, and again if that runs out. The
-- tables that are changed are locked for an instant, but a lock that waits for a long transaction holds up
-- all others.

-- Ready jobs that have a track (a fairness key, limits, or both), as `line` holds those that have none.
-- Written when such a job is enqueued, tried again or wakes; a claim deletes. No row is ever updated.
CREATE TABLE stem.tracked (
  track      bigint NOT NULL,                 -- tracks.no
  due_at     bigint NOT NULL,
  seq        bigint NOT NULL,
  queue      integer NOT NULL,
  expires_at bigint,                          -- only of jobs that were never lent
  PRIMARY KEY (track, due_at, seq)
);
CREATE INDEX tracked_expires ON stem.tracked (queue, expires_at) WHERE expires_at IS NOT NULL;

-- The jobs of a lane that share a fairness key and their limits; they take turns. Made by the enqueue of
-- its first job; moved by claims and by what ends a loan; deleted by the maintenance when long empty.
CREATE TABLE stem.tracks (
  no        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  lane      integer NOT NULL,
  key       text COLLATE "C" NOT NULL,        -- fairness key and limits; '': those that stay in `line`
  standing  smallint NOT NULL DEFAULT 0,      -- 0 empty, 1 in the ring, 2 until open_at, 3 waits for waits_for
  turn      bigint NOT NULL DEFAULT 0,        -- the lowest in the ring is next
  served    bigint NOT NULL DEFAULT 0,        -- of the track '': the turn that the lane has come to
  open_at   bigint,
  waits_for bigint,                           -- quotas.no
  quotas    text NOT NULL DEFAULT '[]',       -- numbers of the quotas that a claim takes, as JSON
  kept      text NOT NULL DEFAULT '[]',       -- of those that its jobs hold until their final end
  used_at   bigint NOT NULL,
  UNIQUE (lane, key)
) WITH (fillfactor = 50);
CREATE INDEX tracks_ring ON stem.tracks (lane, turn) WHERE standing = 1;
CREATE INDEX tracks_later ON stem.tracks (lane, open_at) WHERE standing = 2;
CREATE INDEX tracks_waiting ON stem.tracks (waits_for, lane, turn) WHERE standing = 3;

-- What a limit allows for one key right now. Made by the enqueue of the first job that is held to it;
-- `used` and `tat` are written by claims and by what ends a loan; deleted by the maintenance when long
-- unused.
CREATE TABLE stem.quotas (
  no      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  queue   integer NOT NULL,                   -- 0: all queues share it
  name    text COLLATE "C" NOT NULL,
  key     text COLLATE "C" NOT NULL,
  used    integer NOT NULL DEFAULT 0,
  most    integer,                            -- null: any number at once
  tat     bigint NOT NULL DEFAULT 0,          -- theoretical arrival time (GCRA), in microseconds since the epoch
  every   bigint,                             -- microseconds per start; null: at any rate
  burst   integer,
  used_at bigint NOT NULL,
  UNIQUE (queue, name, key)
) WITH (fillfactor = 50);

-- Limits as applications declare them, and as they were changed at run time, which goes before. Written
-- when a worker starts, and by the call that changes a limit.
CREATE TABLE stem.limits (
  name        text COLLATE "C" NOT NULL,
  single      boolean NOT NULL,               -- true: for this key alone; false: for all others
  key         text COLLATE "C" NOT NULL DEFAULT '',
  owner       text COLLATE "C" NOT NULL,      -- the application that declares it; '': changed at run time
  deployment  bigint NOT NULL DEFAULT 0,
  shared      boolean NOT NULL DEFAULT false,
  concurrency integer,
  max         integer,
  per_ms      bigint,
  burst       integer,
  PRIMARY KEY (name, single, key, owner)
);

-- Which job holds a unique key. Written by the enqueue that takes the key, and by a retry; the row points and
-- the job decides: the key of a job that has been lent, has ended or has gone is taken over by the next job
-- with that key. Deleted with the job, or by the maintenance when its moment has passed.
CREATE TABLE stem.keys (
  queue integer NOT NULL,
  key   text COLLATE "C" NOT NULL,
  seq   bigint NOT NULL,                      -- 0: nobody's yet, while the key is held for a transaction
  id    text COLLATE "C" NOT NULL,            -- of the job, which may have gone before the moment
  fence integer NOT NULL,                     -- jobs.fence at that time: a higher one has been lent since
  until bigint,                               -- 0: until it is lent; null: until it ends; else: a moment
  PRIMARY KEY (queue, key)
) WITH (fillfactor = 70);
CREATE INDEX keys_seq ON stem.keys (seq);
CREATE INDEX keys_until ON stem.keys (until) WHERE until > 0;

-- Written by enqueue and by a running job; deleted with the job.
CREATE TABLE stem.tags (
  tag text COLLATE "C" NOT NULL,
  seq bigint NOT NULL,
  PRIMARY KEY (tag, seq)
);
CREATE INDEX tags_seq ON stem.tags (seq);

-- How far a job says it is. Written with its journal and its settlement; deleted with the job. An older
-- process leaves the row of a job that it forgets, whose number is never used again.
CREATE TABLE stem.notes (
  job   bigint PRIMARY KEY,
  state text,
  at    bigint NOT NULL
) WITH (fillfactor = 70);

-- What a job has logged: its last 200 lines. Written and deleted as notes are.
CREATE TABLE stem.logs (
  job  bigint NOT NULL,
  no   integer NOT NULL,
  at   bigint NOT NULL,
  line text NOT NULL,
  PRIMARY KEY (job, no)
);

-- The last 20 attempts that did not succeed. Written by the settlement that ends one and by the take-back
-- from a lapsed worker; deleted with the job.
CREATE TABLE stem.tries (
  job        bigint NOT NULL,
  no         integer NOT NULL,
  started_at bigint NOT NULL,
  ended_at   bigint NOT NULL,
  worker     text,                            -- its id, as the worker itself may be gone
  error      text,
  PRIMARY KEY (job, no)
);

-- What is too much for one step (an end with more than 1,000 links), to be done in slices. Written by that
-- end; taken up by claims; deleted when done.
CREATE TABLE stem.chores (
  no     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind   text NOT NULL,
  job    bigint NOT NULL,
  cursor bigint NOT NULL DEFAULT 0,           -- what is done
  data   text
);

-- What a worker is told to do. Written by an order; deleted when the worker has confirmed it, and with the
-- worker; what an older process leaves of a worker that it deletes, the maintenance deletes. An order to many
-- has one number, drawn under a lock that is held until the commit, so that numbers are seen in their order.
CREATE SEQUENCE stem.order_no;
CREATE TABLE stem.orders (
  worker integer NOT NULL,                    -- workers.no
  no     bigint NOT NULL,
  text   text NOT NULL,
  PRIMARY KEY (worker, no)
);

-- Which deployment of an owner has retired schedules last: what an older one declares does not come back.
-- Written by that put; one row per owner, never deleted.
CREATE TABLE stem.retired (
  owner      text COLLATE "C" PRIMARY KEY,    -- of schedules
  deployment bigint NOT NULL
);

ALTER TABLE stem.tracked SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0, vacuum_truncate = false);
ALTER TABLE stem.tracks SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0, vacuum_truncate = false);
ALTER TABLE stem.quotas SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0, vacuum_truncate = false);
ALTER TABLE stem.keys SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 2000);
ALTER TABLE stem.tags SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 1);
ALTER TABLE stem.notes SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 2000);
ALTER TABLE stem.logs SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 1);

-- The lock of each of these is held until the end of the step, so the tables that are used most come last.

-- By owner instead of by name. Rows of older processes belong to 'app'; `dynamic` keeps its meaning.
ALTER TABLE stem.schedules
  ADD COLUMN owner text COLLATE "C" NOT NULL DEFAULT 'app',
  ADD COLUMN deployment bigint NOT NULL DEFAULT 0;
CREATE INDEX schedules_owner ON stem.schedules (owner, next_at, id) WHERE NOT dynamic AND NOT paused AND next_at IS NOT NULL;

-- Set by the first job with a track; cleared by the maintenance when the last track has gone.
ALTER TABLE stem.queues ADD COLUMN shared boolean NOT NULL DEFAULT false;

-- How many arrivals wake the run. Written by the settlement that parks it.
ALTER TABLE stem.parked ADD COLUMN arrivals integer;

-- Bits for when the link counts, what follows when its target ends first, and whether it blocks; null: as
-- goes_on says. Written by enqueue.
ALTER TABLE stem.links ADD COLUMN rule smallint;

ALTER TABLE stem.jobs
  ADD COLUMN track   bigint,                  -- tracks.no; by enqueue, and by a claim that takes a quota for good
  ADD COLUMN arrived integer,                 -- inputs that came without being waited for; by their ends
  ADD COLUMN bears   integer,                 -- how many inputs may fail; by enqueue
  ADD COLUMN inputs  integer,                 -- how many it was given, if more may fail or come; by enqueue
  ADD COLUMN held    boolean,                 -- a gate that still takes members, which counts as one open input
  ADD COLUMN asked   text,                    -- why a cancel asked it to end; by that cancel
  ADD COLUMN key     text;                    -- its unique key, behind a letter that says until when; by enqueue
