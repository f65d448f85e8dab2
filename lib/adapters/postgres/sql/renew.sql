-- Extends the lease of a worker, or makes it known.
--
-- Parameters:
--   :now       the moment of a test; null: the store's clock
--   :id :lease :info   of the worker: its id · its lease in milliseconds · what it says of itself, as JSON
-- #part heard
--   :heard     the number of the last order that the worker has got
-- #end
--
-- Row: one: now · the worker's number · null, or the orders for it, as JSON: lists of number and text.
--
-- Locks: the worker's row, for this statement alone. A worker that is new has no orders.
--
-- Plan: `workers` by id, `orders` by its key.
WITH
  -- #include common/clock
  seen AS (
    UPDATE stem.workers SET lease_until = clock.now + :lease::bigint, seen_at = clock.now, info = :info::text, emptied = false
    FROM clock
    WHERE id = :id::text
    RETURNING no),
  made AS (
    INSERT INTO stem.workers (id, lease_until, started_at, seen_at, info)
    SELECT :id::text, clock.now + :lease::bigint, clock.now, clock.now, :info::text FROM clock
    WHERE NOT EXISTS (SELECT FROM seen)
    ON CONFLICT (id) DO UPDATE
      SET lease_until = excluded.lease_until, seen_at = excluded.seen_at, info = excluded.info, emptied = false
    RETURNING no)
  -- #part heard
  , told AS (DELETE FROM stem.orders WHERE worker = (SELECT no FROM seen) AND no <= :heard::bigint)
  -- #end
SELECT clock.now, coalesce((SELECT no FROM seen), (SELECT no FROM made)),
  (SELECT json_agg(json_build_array(o.no, o.text) ORDER BY o.no)::text FROM (
    SELECT no, text FROM stem.orders
    WHERE worker = (SELECT no FROM seen)
      -- #part heard
      AND no > :heard::bigint
      -- #end
    ORDER BY no
    LIMIT 100) o)
FROM clock
