-- What arrives. A batch of events spans lanes; each row carries its own.

-- name: claim_keys
-- The rows are sorted by (lane, key, day), so that two batches with the same keys never wait in a circle.
INSERT INTO event_seen (lane, key, day)
SELECT n.lane, n.key, n.day FROM unnest($1::smallint[], $2::uuid[], $3::date[]) AS n (lane, key, day)
ON CONFLICT DO NOTHING
RETURNING key, day

-- name: find_keys
-- Keys that were claimed within the window but before the days that this batch claims.
SELECT s.key
FROM unnest($1::smallint[], $2::uuid[]) AS n (lane, key)
JOIN event_seen s ON s.lane = n.lane AND s.key = n.key
WHERE s.day >= $3 AND s.day < $4

-- name: wake
SELECT pg_notify('motet_work', $1)

-- name: find_event
SELECT true FROM event WHERE lane = $1 AND customer_id = $2 AND id = $3

-- name: open_job
-- One job for each content of a file; a finished one begins again.
INSERT INTO import_job (id, path, fingerprint, position, rows, accepted, changed, rejected, started_at, updated_at)
VALUES ($1, $2, $3, 0, 0, 0, 0, 0, $4, $4)
ON CONFLICT (fingerprint) DO UPDATE
SET path = excluded.path,
    position = CASE WHEN import_job.finished_at IS NULL THEN import_job.position ELSE 0 END,
    rows = CASE WHEN import_job.finished_at IS NULL THEN import_job.rows ELSE 0 END,
    accepted = CASE WHEN import_job.finished_at IS NULL THEN import_job.accepted ELSE 0 END,
    changed = CASE WHEN import_job.finished_at IS NULL THEN import_job.changed ELSE 0 END,
    rejected = CASE WHEN import_job.finished_at IS NULL THEN import_job.rejected ELSE 0 END,
    started_at = CASE WHEN import_job.finished_at IS NULL THEN import_job.started_at ELSE excluded.started_at END,
    updated_at = excluded.updated_at,
    finished_at = NULL
RETURNING id, position, rows, accepted, changed, rejected

-- name: save_job
UPDATE import_job
SET position = $2, rows = $3, accepted = $4, changed = $5, rejected = $6, updated_at = $7, finished_at = $8
WHERE id = $1

-- name: lock_job
-- Held by the session: it is let go when the importer dies, however it dies.
SELECT pg_try_advisory_lock($1, $2)

-- name: unlock_job
SELECT pg_advisory_unlock($1, $2)

-- name: list_lanes
SELECT lane FROM lane ORDER BY lane

-- name: list_attribute_names
SELECT DISTINCT jsonb_object_keys(attributes) AS name FROM customer WHERE lane = $1

-- name: list_map_keys
-- The keys of the other maps, as field.key.
SELECT DISTINCT f.field || '.' || k.key AS name
FROM customer c
CROSS JOIN LATERAL (VALUES ('handles', c.handles), ('preferences', c.preferences), ('caps', c.caps),
                           ('consents', c.consents)) f (field, map)
CROSS JOIN LATERAL jsonb_object_keys(f.map) k (key)
WHERE c.lane = $1

-- name: read_page
SELECT id, external_id, email, phone, nullif(devices, '[]') AS devices, nullif(handles, '{}') AS handles,
       nullif(attributes, '{}') AS attributes, nullif(tags, '{}') AS tags, lifecycle_stage, timezone, locale,
       nullif(preferences, '{}') AS preferences, nullif(caps, '{}') AS caps, nullif(consents, '{}') AS consents,
       nullif(suppressions, '{}') AS suppressions, last_interaction_at, last_purchase_at, created_at
FROM customer
WHERE lane = $1 AND id > $2
ORDER BY id
LIMIT $3
