-- Reads journals.
--
-- Parameters:
--   :ids :after   lists with an item for each journal: id of the run · the number above which entries are
--                 wanted
--
-- Rows: one for each entry, by journal and number: place of the journal in the lists, from 1 · number · key ·
-- kind · state · when it was written · value.
--
-- Locks: none.
--
-- Plan: `jobs` by id, and each journal by both columns of its key: `OFFSET 0` keeps the inner statement one
-- by itself.
SELECT u.place::int, e.seq, e.key, e.kind, e.state, e.at, e.value
FROM unnest(:ids::text[], :after::bigint[]) WITH ORDINALITY u(id, after, place)
  JOIN stem.jobs j ON j.id = u.id
  CROSS JOIN LATERAL (SELECT * FROM stem.journal t WHERE t.job = j.seq AND t.seq > u.after OFFSET 0) e
ORDER BY u.place, e.seq
