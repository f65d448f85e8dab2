-- Null if all was ended, else, as a JSON list, the loans that were as remembered.
(SELECT CASE WHEN count(*) < cardinality(:loans::bigint[]) THEN coalesce(json_agg(no)::text, '[]') END FROM given)
