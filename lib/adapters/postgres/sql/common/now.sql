-- :now   the moment of a test, in milliseconds; null: the store's clock
coalesce(:now::bigint, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint)
