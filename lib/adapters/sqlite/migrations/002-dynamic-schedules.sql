-- Schedules that were made at run time are due to every beat.
ALTER TABLE schedules ADD COLUMN dynamic INTEGER NOT NULL DEFAULT 0;

-- Only those, and in the order they fall due: there may be many, and every beat asks.
CREATE INDEX schedules_dynamic ON schedules (next_at, id) WHERE dynamic = 1 AND paused = 0 AND next_at IS NOT NULL;
