-- The moment of the statement.
clock AS MATERIALIZED (SELECT
  -- #include common/now
  AS now),
