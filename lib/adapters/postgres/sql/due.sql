-- The schedules that are due next.
--
-- Parts: those of owners (owned), or of these owners only those of some ids (chosen). In both, also those
-- made at run time, which are `dynamic`, whatever their owner, as version 0.1 writes them.
--
-- Parameters:
--   :now       the moment of a test; null: the store's clock
--   :owners    whose
--   :limit     how many
-- #part chosen
--   :ids       which of them
-- #end
--
-- Rows: now · id · spec · next slot · last slot · how often it has fired · whether it is paused · owner, ''
-- of those made at run time · deployment. By next slot and id; where there are none, one of now and nulls.
--
-- Locks: none.
--
-- Plan: two lists, each in the order of an index, so that nothing sorts everything.
WITH
  clock AS MATERIALIZED (SELECT
    -- #include common/now
    AS now)
SELECT clock.now, id, spec, next_at, last_at, fires, paused, owner, deployment
FROM clock LEFT JOIN LATERAL (
  -- #part owned
  (SELECT s.*
    FROM unnest(:owners::text[]) o(name) CROSS JOIN LATERAL (
      SELECT id, spec, next_at, last_at, fires, paused, CASE WHEN dynamic THEN '' ELSE owner END AS owner, deployment
      FROM stem.schedules
      WHERE owner = o.name AND NOT dynamic AND NOT paused AND next_at IS NOT NULL
      ORDER BY next_at, id
      LIMIT :limit::int) s)
  -- #end
  -- #part chosen
  (SELECT id, spec, next_at, last_at, fires, paused, CASE WHEN dynamic THEN '' ELSE owner END AS owner, deployment
    FROM stem.schedules
    WHERE id = ANY(:ids::text[]) AND owner = ANY(:owners::text[]) AND NOT dynamic AND NOT paused AND next_at IS NOT NULL
    ORDER BY next_at, id
    LIMIT :limit::int)
  -- #end
  UNION ALL (
    SELECT id, spec, next_at, last_at, fires, paused, CASE WHEN dynamic THEN '' ELSE owner END AS owner, deployment
    FROM stem.schedules
    WHERE dynamic AND NOT paused AND next_at IS NOT NULL
    ORDER BY next_at, id
    LIMIT :limit::int)
  ORDER BY next_at, id
  LIMIT :limit::int) s ON true
ORDER BY next_at, id
