-- Schedules that were made at run time are due to every beat.
ALTER TABLE stem.schedules ADD COLUMN dynamic boolean NOT NULL DEFAULT false;

-- Only those, and in the order they fall due: there may be many, and every beat asks.
CREATE INDEX schedules_dynamic ON stem.schedules (next_at, id) WHERE dynamic AND NOT paused AND next_at IS NOT NULL;
