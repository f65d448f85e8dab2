-- The steps taken so far; its presence tells that the schema is ours.
CREATE TABLE stem.migrations (
  version integer PRIMARY KEY,
  name    text NOT NULL,
  at      timestamptz NOT NULL DEFAULT now()
);

-- What a job is and slow facts about it. Written once at enqueue; a job that runs and succeeds at once never
-- touches its row again. Where a job stands is told by the table that holds its number: line (ready), loans
-- (active), parked, ended; none of them and open > 0: blocked.
CREATE TABLE stem.jobs (
  seq         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,  -- order of arrival; never used again
  id          text COLLATE "C" NOT NULL,
  lane        integer NOT NULL,               -- queue number * 10 + 9 - priority: ascending lanes are descending priorities
  attempts    integer NOT NULL DEFAULT 0,     -- that counted, without the one in flight
  fence       integer NOT NULL DEFAULT 0,     -- deliveries, without the one in flight
  links       smallint NOT NULL DEFAULT 0,    -- bit 1: others wait for it; bit 2: it waits, or waited, for others; bit 4: it has a journal
  lapses      integer NOT NULL DEFAULT 0,
  enqueued_at bigint NOT NULL,                -- times are milliseconds since the epoch
  due_at      bigint NOT NULL,
  open        integer NOT NULL DEFAULT 0,     -- inputs still to come
  failed      integer NOT NULL DEFAULT 0,     -- inputs that will not come
  expires_at  bigint,
  keep_result bigint,                         -- null: the default of the contract, as are the next two
  keep_failed bigint,
  max_lapses  bigint,
  started_at  bigint,                         -- of the last delivery that came back unfinished
  task        text NOT NULL,
  grp         text,
  headers     text,
  error       text,                           -- last failure of an attempt that is tried again
  wake        text,                           -- why a parked job runs again, until its next settlement
  payload     text NOT NULL
) WITH (fillfactor = 95);
CREATE UNIQUE INDEX jobs_id ON stem.jobs (id);
CREATE INDEX jobs_group ON stem.jobs (grp, seq) WHERE grp IS NOT NULL;
CREATE INDEX jobs_open ON stem.jobs (lane) WHERE open > 0;

-- The ready jobs in the order they are lent: a claim reads and deletes one stretch of it and sorts nothing.
-- No row is ever updated: a claim knows rows by their place.
CREATE TABLE stem.line (
  lane       integer NOT NULL,
  due_at     bigint NOT NULL,
  seq        bigint NOT NULL,
  expires_at bigint,                          -- only of jobs that were never lent
  PRIMARY KEY (lane, due_at, seq)
);
CREATE INDEX line_expires ON stem.line ((lane / 10), expires_at) WHERE expires_at IS NOT NULL;

-- What was lent by one claim is one row: jobs by number, and a bit for each that has come back. Lending and
-- ending a hundred jobs so writes one row, not a hundred; the row goes when its last bit is set.
CREATE TABLE stem.loans (
  no         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  worker     integer NOT NULL,
  started_at bigint NOT NULL,
  touched    boolean NOT NULL DEFAULT false,  -- others wait for one of its jobs since it was lent: a settle must look again
  back       bit varying NOT NULL,
  seqs       bigint[] NOT NULL
) WITH (fillfactor = 70);
ALTER TABLE stem.loans ALTER COLUMN seqs SET STORAGE EXTERNAL;
CREATE INDEX loans_worker ON stem.loans (worker, no);

-- The jobs on loan, one by one.
CREATE VIEW stem.active AS
  SELECT s.seq, l.no, s.place::integer - 1 AS place, l.worker, l.started_at
  FROM stem.loans l CROSS JOIN LATERAL unnest(l.seqs) WITH ORDINALITY s(seq, place) WHERE get_bit(l.back, s.place::integer - 1) = 0;

CREATE TABLE stem.ended (
  seq        bigint PRIMARY KEY,
  ended_at   bigint NOT NULL,
  forget_at  bigint NOT NULL,
  started_at bigint,
  attempts   integer NOT NULL,
  fence      integer NOT NULL,
  state      smallint NOT NULL,               -- 1 succeeded, 2 failed, 3 cancelled, 4 expired
  cause      text,
  error      text,
  result     text
);
CREATE INDEX ended_forget ON stem.ended (forget_at);
CREATE INDEX ended_badly ON stem.ended (state, seq) WHERE state > 1;
CREATE INDEX ended_dead ON stem.ended (ended_at, seq) WHERE state = 2 AND cause <> 'input';

CREATE TABLE stem.links (
  to_seq   bigint NOT NULL,
  position bigint NOT NULL,
  from_seq bigint NOT NULL,
  goes_on  boolean NOT NULL,                  -- a failure is an input like any other
  state    smallint NOT NULL DEFAULT 0,       -- 0 open, 1 delivered, 2 failed
  PRIMARY KEY (to_seq, position)
) WITH (fillfactor = 70);
CREATE INDEX links_from ON stem.links (from_seq);

CREATE TABLE stem.parked (
  seq      bigint PRIMARY KEY,
  queue    integer NOT NULL,
  deadline bigint
);
CREATE INDEX parked_deadline ON stem.parked (deadline) WHERE deadline IS NOT NULL;
CREATE INDEX parked_queue ON stem.parked (queue, deadline) WHERE deadline IS NOT NULL;

CREATE TABLE stem.waits (
  name  text COLLATE "C" NOT NULL,
  key   text COLLATE "C" NOT NULL,
  seq   bigint NOT NULL,
  after bigint NOT NULL
);
-- By a digest, since names and keys may be longer than an index entry can be.
CREATE INDEX waits_event ON stem.waits (hashtextextended(name || chr(1) || key, 0));
CREATE INDEX waits_seq ON stem.waits (seq);

CREATE TABLE stem.queues (
  no     integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name   text COLLATE "C" NOT NULL UNIQUE,
  paused boolean NOT NULL DEFAULT false
);

CREATE TABLE stem.workers (
  no          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id          text COLLATE "C" NOT NULL UNIQUE,
  lease_until bigint NOT NULL,
  started_at  bigint NOT NULL,
  seen_at     bigint NOT NULL,
  emptied     boolean NOT NULL DEFAULT false, -- what it held has been taken back since it was last seen
  info        text NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE stem.journal (
  job   bigint NOT NULL,
  seq   integer NOT NULL,
  key   text NOT NULL,
  kind  text NOT NULL,
  state text NOT NULL,
  at    bigint NOT NULL,
  value text,
  PRIMARY KEY (job, seq)
);

CREATE SEQUENCE stem.event_seq;
CREATE TABLE stem.events (
  seq       bigint PRIMARY KEY,
  id        text COLLATE "C" NOT NULL UNIQUE,
  name      text COLLATE "C" NOT NULL,
  key       text COLLATE "C" NOT NULL,
  at        bigint NOT NULL,
  forget_at bigint NOT NULL,
  payload   text
);
CREATE INDEX events_event ON stem.events (hashtextextended(name || chr(1) || key, 0), seq);
CREATE INDEX events_name ON stem.events (hashtextextended(name, 0), seq);
CREATE INDEX events_forget ON stem.events (forget_at);

CREATE TABLE stem.schedules (
  id      text COLLATE "C" PRIMARY KEY,
  spec    text NOT NULL,
  next_at bigint,
  last_at bigint,
  fires   integer NOT NULL DEFAULT 0,
  paused  boolean NOT NULL DEFAULT false
);

CREATE SEQUENCE stem.lock_token;
CREATE TABLE stem.locks (
  name  text COLLATE "C" PRIMARY KEY,
  owner text NOT NULL,
  token bigint NOT NULL,
  until bigint NOT NULL
);

-- Who wants to hear of ends: while the table is empty nobody is told.
CREATE TABLE stem.listeners (
  id    text COLLATE "C" PRIMARY KEY,
  until bigint NOT NULL
);

-- Messages between processes, kept for some moments for those whose connection is just coming up.
CREATE TABLE stem.control (
  no      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at      bigint NOT NULL,
  topic   text NOT NULL,
  message text NOT NULL
);

-- Looked after soon and without pauses: what passes through these tables every second would otherwise pile up
-- until a fifth of the table is dead. They are never cut short, so that no plan is made for a table that
-- happens to be empty.
ALTER TABLE stem.line SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0, vacuum_truncate = false);
ALTER TABLE stem.loans SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0, vacuum_truncate = false);
ALTER TABLE stem.jobs SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 1);
ALTER TABLE stem.ended SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 1);
ALTER TABLE stem.parked SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 2000);
ALTER TABLE stem.waits SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 2000);
ALTER TABLE stem.workers SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
