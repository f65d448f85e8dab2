-- The runs of the entries `t` have a journal from now on. Progress makes them no poison, so their lapses are
-- forgotten.
marked AS (
  UPDATE stem.jobs j SET links = j.links | 4, lapses = 0
  FROM (SELECT DISTINCT job FROM t) x
  WHERE j.seq = x.job AND ((j.links & 4) = 0 OR j.lapses > 0))
