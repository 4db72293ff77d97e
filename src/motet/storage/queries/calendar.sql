-- What the clock does to campaigns. Kept by the owner of lane 0.

-- name: start_scheduled
UPDATE campaign SET status = 3, started_at = coalesce(started_at, $2), updated_at = $2
WHERE status = 2 AND id = ANY ($1)
RETURNING name

-- name: complete
UPDATE campaign SET status = 5, ended_at = $2, updated_at = $2
WHERE status = 3 AND id = ANY ($1)
RETURNING name

-- name: list_spent
-- Of the broadcasts asked about, those with every launch streamed and every enrollment finished.
SELECT c.id FROM campaign c
WHERE c.id = ANY ($1)
  AND EXISTS (SELECT FROM launch y WHERE y.campaign_id = c.id)
  AND NOT EXISTS (SELECT FROM launch_lane x JOIN launch y ON y.id = x.launch_id
                   WHERE y.campaign_id = c.id AND NOT x.done)
  AND (SELECT coalesce(sum(count), 0) FROM stat s WHERE s.campaign_id = c.id AND s.metric = 11)
    = (SELECT coalesce(sum(count), 0) FROM stat s WHERE s.campaign_id = c.id AND s.metric = 12)

-- name: list_scans
SELECT id, revision_id FROM campaign WHERE status = 3 AND next_scan_at <= $1 AND id = ANY ($2)

-- name: plan_scan
UPDATE campaign SET next_scan_at = $2 WHERE id = $1

-- name: add_launch
INSERT INTO launch (id, campaign_id, revision_id, kind, created_at) VALUES ($1, $2, $3, $4, $5)

-- name: add_launch_lanes
INSERT INTO launch_lane (lane, launch_id, at_id)
SELECT lane, $1, '00000000-0000-0000-0000-000000000000' FROM lane
