import { Client } from "pg";
import { query, settlePostgres, startPostgres } from "../servers/postgres.mjs";
import { print, timed } from "./probe.mjs";

/*
 * Postgres: jobs per second that are lent from a queue with tracks, by four steps;
 * goal: 8,000. Nothing is settled: it is the claim that is measured. `node bench/probes/tracks.mjs`
 */

const JOBS = 100_000;
const ROOM = 100;
const SCHEMA = `
  CREATE TABLE jobs (seq bigint PRIMARY KEY, payload text NOT NULL);
  CREATE TABLE tracked (track integer, due_at bigint, seq bigint, PRIMARY KEY (track, due_at, seq));
  CREATE TABLE tracks (no integer PRIMARY KEY, lane integer NOT NULL, turn bigint NOT NULL, standing smallint NOT NULL, quotas integer[] NOT NULL) WITH (fillfactor = 50);
  CREATE INDEX tracks_ring ON tracks (lane, turn) WHERE standing = 0;
  CREATE TABLE quotas (no integer PRIMARY KEY, used integer NOT NULL, most integer NOT NULL) WITH (fillfactor = 50);
  CREATE TABLE loans (no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, seqs bigint[] NOT NULL);`;

// The ring is walked by turn; a track that another claim holds is left to it.
const RING = {
  name: "ring",
  text: `SELECT no, turn, quotas FROM tracks WHERE lane = 1 AND standing = 0 ORDER BY turn LIMIT ${ROOM} FOR UPDATE SKIP LOCKED`,
};
const QUOTAS = { name: "quotas", text: "SELECT no, used, most FROM quotas WHERE no = ANY($1::int[]) ORDER BY no FOR UPDATE SKIP LOCKED" };
const LEND = {
  name: "lend",
  text: `WITH t AS (SELECT * FROM unnest($1::int[], $2::int[]) u(track, take)),
    picked AS MATERIALIZED (SELECT l.tid, l.track, l.seq FROM t CROSS JOIN LATERAL (
      SELECT ctid AS tid, track, seq FROM tracked WHERE track = t.track AND due_at <= 1 ORDER BY track, due_at, seq LIMIT t.take FOR UPDATE SKIP LOCKED) l),
    taken AS (DELETE FROM tracked d USING picked p WHERE d.ctid = p.tid),
    lent AS (SELECT p.track, j.seq, j.payload FROM picked p JOIN jobs j USING (seq)),
    loan AS (INSERT INTO loans (seqs) SELECT array_agg(seq) FROM picked HAVING count(*) > 0)
    SELECT track, seq, payload FROM lent`,
};
const TURNS = {
  name: "turns",
  text: `WITH t AS (UPDATE tracks SET turn = u.turn, standing = u.standing FROM unnest($1::int[], $2::bigint[], $3::smallint[]) u(no, turn, standing) WHERE tracks.no = u.no)
    UPDATE quotas SET used = used + u.n FROM unnest($4::int[], $5::int[]) u(no, n) WHERE quotas.no = u.no`,
};

async function claim(client) {
  await client.query("BEGIN");
  const ring = (await client.query(RING)).rows;
  const free = new Map(
    (await client.query({ ...QUOTAS, values: [[...new Set(ring.flatMap(({ quotas }) => quotas))]] })).rows.map((q) => [
      q.no,
      q.most - q.used,
    ]),
  );
  const quantum = Math.max(1, Math.floor(ROOM / Math.max(1, ring.length)));
  const takes = new Map();
  let room = ROOM;
  for (const { no, quotas } of ring) {
    const take = Math.min(room, quantum, ...quotas.map((quota) => free.get(quota) ?? 0));
    if (take <= 0) continue;
    takes.set(no, take);
    room -= take;
    for (const quota of quotas) free.set(quota, free.get(quota) - take);
  }
  const lent = (await client.query({ ...LEND, values: [[...takes.keys()], [...takes.values()]] })).rows;
  const byTrack = new Map();
  for (const { track } of lent) byTrack.set(track, (byTrack.get(track) ?? 0) + 1);
  const used = new Map();
  const moved = ring.filter(({ no }) => takes.has(no));
  for (const { no, quotas } of moved) for (const quota of quotas) used.set(quota, (used.get(quota) ?? 0) + (byTrack.get(no) ?? 0));
  const turns = moved.map(({ no, turn }) => Number(turn) + (byTrack.get(no) ?? 0));
  const standing = moved.map(({ no }) => ((byTrack.get(no) ?? 0) < takes.get(no) ? 1 : 0));
  await client.query({ ...TURNS, values: [moved.map(({ no }) => no), turns, standing, [...used.keys()], [...used.values()]] });
  await client.query("COMMIT");
  return { lent: lent.length, empty: ring.length === 0 };
}

const server = await startPostgres();
try {
  for (const tracks of [1, 100, 10_000])
    for (const claimers of [1, 8]) {
      const store = await server.fresh();
      await query(store.url, SCHEMA);
      await query(store.url, `INSERT INTO jobs SELECT n, repeat('x', 100) FROM generate_series(1, ${JOBS}) n`);
      await query(store.url, `INSERT INTO tracked SELECT n % ${tracks}, 0, n FROM generate_series(1, ${JOBS}) n`);
      await query(store.url, `INSERT INTO quotas SELECT n, 0, 1000000000 FROM generate_series(0, ${tracks - 1}) n`);
      await query(store.url, `INSERT INTO tracks SELECT n, 1, 0, 0, ARRAY[n] FROM generate_series(0, ${tracks - 1}) n`);
      await settlePostgres(store);
      const clients = await Promise.all(
        Array.from({ length: claimers }, async () => {
          const client = new Client({ connectionString: store.url });
          await client.connect();
          await client.query("SET synchronous_commit = off");
          return client;
        }),
      );
      let lent = 0;
      const ends = Date.now() + 8_000;
      const ms = await timed(() =>
        Promise.all(
          clients.map(async (client) => {
            // Another claim may hold every track of a small ring for a moment.
            for (let idle = 0; idle < 50 && lent < JOBS && Date.now() < ends;) {
              const claimed = await claim(client);
              lent += claimed.lent;
              idle = claimed.empty ? idle + 1 : 0;
            }
          }),
        ),
      );
      await Promise.all(clients.map((client) => client.end()));
      print({ figure: "jobs lent per second", tracks, claimers, lent, value: Math.round((lent / ms) * 1_000) });
    }
} finally {
  await server.stop();
}
