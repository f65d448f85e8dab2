-- True unless the job has ended, has had its time by :now, and no job that has not had its time needs it:
-- then it is as good as forgotten. Of a job that has not ended all of `e`, its row of `ended`, is null.
(e.forget_at IS NULL
  OR e.forget_at > (SELECT
    -- #include common/now
  )
  OR EXISTS (
    SELECT FROM stem.links l JOIN stem.jobs t ON t.seq = l.to_seq LEFT JOIN stem.ended x ON x.seq = l.to_seq
    WHERE l.from_seq = e.seq AND (x.seq IS NULL OR x.state <> 1 AND x.forget_at > (SELECT
      -- #include common/now
    ))))
