-- The columnar log: what it covers, and what is newer. What is asked here is asked of every lane.
-- A statement that takes snapshots takes them as text.

-- name: read_moment
-- The first statement of a REPEATABLE READ transaction: what follows is all of this moment.
SELECT now() AS at, pg_current_snapshot()::text AS present

-- name: prefer_indexes
-- The log is entered through its cursor's index; a partition that nobody has analysed yet must not be read whole.
SELECT set_config('enable_seqscan', 'off', true)

-- name: allow_scans
SELECT set_config('enable_seqscan', 'on', true)

-- name: add_lanes
INSERT INTO archive_lane (lane) SELECT lane FROM lane ON CONFLICT DO NOTHING

-- name: list_lanes
SELECT l.lane, coalesce(a.covered, '1:1:')::text AS covered, a.customers_at::text AS customers_at,
       coalesce(a.segments, '{}') AS segments, coalesce(a.changed, 0) AS changed, a.written_at,
       l.done::text AS done,
       coalesce((SELECT f.rows FROM archive_file f
                  WHERE f.kind = 2 AND f.lane = l.lane AND f.replaced_at IS NULL), 0) AS customers
FROM lane l LEFT JOIN archive_lane a ON a.lane = l.lane
ORDER BY l.lane

-- name: list_files
SELECT id, kind, path, lane, first_day, last_day, rows, bytes, max_xid::text AS max_xid
FROM archive_file
WHERE replaced_at IS NULL
ORDER BY id

-- name: list_learned
SELECT learned FROM archive_file WHERE id = ANY ($1) ORDER BY id

-- name: list_live_segments
SELECT coalesce(array_agg(number ORDER BY number), '{}') AS numbers FROM segment WHERE status = 2 AND number > 0

-- name: find_newer
-- Whether there is anything to export.
SELECT EXISTS (
    SELECT FROM lane l LEFT JOIN archive_lane a ON a.lane = l.lane
    CROSS JOIN LATERAL (
        SELECT FROM event e
        WHERE e.lane = l.lane AND e.xid >= pg_snapshot_xmin(coalesce(a.covered, '1:1:'))
          AND NOT pg_visible_in_snapshot(e.xid, coalesce(a.covered, '1:1:'))
        LIMIT 1) e)

-- name: survey_newer
-- Rows that the files do not hold, by minute of receipt.
SELECT (('x' || substr(e.id::text, 1, 8) || substr(e.id::text, 10, 4))::bit(48)::bigint / 60000) AS minute,
       count(*) AS rows
FROM event e
WHERE e.lane = ANY ($1) AND e.xid >= pg_snapshot_xmin($2::text::pg_snapshot)
  AND NOT pg_visible_in_snapshot(e.xid, $2::text::pg_snapshot)
GROUP BY 1
ORDER BY 1

-- name: survey_lanes
-- By lane: whoever has one of these rows may have changed.
SELECT e.lane,
       sum(CASE WHEN e.customer_id <> '00000000-0000-0000-0000-000000000000' THEN 1
                WHEN jsonb_typeof(e.properties -> 'ids') = 'array' THEN jsonb_array_length(e.properties -> 'ids')
                ELSE 0 END)::bigint AS changed
FROM event e
WHERE e.lane = ANY ($1) AND e.xid >= pg_snapshot_xmin($2::text::pg_snapshot)
  AND NOT pg_visible_in_snapshot(e.xid, $2::text::pg_snapshot)
GROUP BY 1

-- name: copy_newer
-- Rows that the files do not hold, of ids in [$3, $4). Left out: what nobody did, and copies made for the engine's ears.
-- A moment is kept within what a calendar of four-digit years can say.
SELECT e.lane, e.customer_id, e.id, e.xid, e.name,
       least(greatest(e.at, '0001-01-02+00'::timestamptz), '9999-12-30+00'::timestamptz),
       e.properties, e.value, e.message_id, e.source
FROM event e
WHERE e.lane = ANY ($1) AND e.xid >= pg_snapshot_xmin($2::text::pg_snapshot)
  AND NOT pg_visible_in_snapshot(e.xid, $2::text::pg_snapshot)
  AND e.id >= $3 AND e.id < $4
  AND e.customer_id <> '00000000-0000-0000-0000-000000000000' AND e.source NOT LIKE 'forward%'
LIMIT $5

-- name: copy_covered
-- As copy_newer, but the rows that files hold, or held.
SELECT e.lane, e.customer_id, e.id, e.xid, e.name,
       least(greatest(e.at, '0001-01-02+00'::timestamptz), '9999-12-30+00'::timestamptz),
       e.properties, e.value, e.message_id, e.source
FROM event e
WHERE e.lane = ANY ($1) AND pg_visible_in_snapshot(e.xid, $2::text::pg_snapshot)
  AND e.id >= $3 AND e.id < $4
  AND e.customer_id <> '00000000-0000-0000-0000-000000000000' AND e.source NOT LIKE 'forward%'

-- name: add_file
INSERT INTO archive_file (id, kind, path, lane, first_day, last_day, rows, bytes, max_xid, learned, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9::text::xid8, $10, $11)

-- name: cover
-- The lanes are covered up to $2 if they are still where this exporter found them.
UPDATE archive_lane SET covered = $2::text::pg_snapshot
WHERE lane = ANY ($1) AND covered::text = $3
RETURNING lane

-- name: note_changed
UPDATE archive_lane a SET changed = a.changed + n.changed
FROM unnest($1::smallint[], $2::bigint[]) AS n (lane, changed)
WHERE a.lane = n.lane

-- name: replace_files
UPDATE archive_file SET replaced_at = $2 WHERE id = ANY ($1) AND replaced_at IS NULL RETURNING id

-- name: replace_customers
UPDATE archive_file SET replaced_at = $2 WHERE kind = 2 AND lane = ANY ($1) AND replaced_at IS NULL

-- name: forget_customers
-- The lanes' customers are read from PostgreSQL until they are written again.
UPDATE archive_lane SET customers_at = NULL WHERE lane = ANY ($1)

-- name: save_customers_at
UPDATE archive_lane a
SET customers_at = n.done::pg_snapshot, segments = $3, changed = 0, written_at = $4
FROM unnest($1::smallint[], $2::text[]) AS n (lane, done)
WHERE a.lane = n.lane
RETURNING a.lane

-- name: forget_replaced
-- Files that were replaced before $1; they may be deleted.
DELETE FROM archive_file WHERE replaced_at < $1 RETURNING path

-- name: list_paths
SELECT path FROM archive_file

-- name: copy_customers
-- Whole lanes.
SELECT c.id, false AS gone, c.lane, c.external_id, c.email, c.phone, c.lifecycle_stage, c.timezone, c.locale,
       to_json(c.tags), to_json(coalesce(s.segments, '{}')), c.attributes, c.devices, c.handles, c.topics,
       c.preferences, c.caps, c.consents, c.last_interaction_at, c.last_purchase_at, c.created_at
FROM customer c LEFT JOIN standing s ON s.lane = c.lane AND s.customer_id = c.id
WHERE c.lane = ANY ($1)

-- name: copy_changed
-- Customers of lanes that are written, who may have changed since then, as they are now; `gone`: there is none now.
WITH touched AS (
    SELECT a.lane, e.customer_id, e.name, e.properties
    FROM archive_lane a
    CROSS JOIN LATERAL (
        SELECT customer_id, name, CASE WHEN e.name = 'customers_changed' THEN e.properties END AS properties
        FROM event e
        WHERE e.lane = a.lane AND e.xid >= pg_snapshot_xmin(a.customers_at)
          AND NOT pg_visible_in_snapshot(e.xid, a.customers_at)) e
    WHERE a.lane = ANY ($1)
), changed AS MATERIALIZED (
    SELECT lane, customer_id AS id FROM touched WHERE customer_id <> '00000000-0000-0000-0000-000000000000'
    UNION
    SELECT lane, jsonb_array_elements_text(properties -> 'ids')::uuid FROM touched
    WHERE customer_id = '00000000-0000-0000-0000-000000000000' AND name = 'customers_changed'
)
SELECT n.id, c.id IS NULL AS gone, n.lane, c.external_id, c.email, c.phone, c.lifecycle_stage, c.timezone, c.locale,
       to_json(c.tags), to_json(coalesce(s.segments, '{}')), c.attributes, c.devices, c.handles, c.topics,
       c.preferences, c.caps, c.consents, c.last_interaction_at, c.last_purchase_at, c.created_at
FROM changed n
LEFT JOIN customer c ON c.lane = n.lane AND c.id = n.id
LEFT JOIN standing s ON s.lane = n.lane AND s.customer_id = n.id

-- name: copy_standings
-- Who is in which segment, of whole lanes.
SELECT customer_id, to_json(segments) FROM standing WHERE lane = ANY ($1) AND segments <> '{}'

-- name: copy_aliases
SELECT a.id, a.customer_id FROM alias a

-- name: copy_settled_aliases
-- Ids that were gone from their lane before the lane's snapshot. What is counted for an id that went later, the engine
-- carries over itself.
SELECT a.id, a.customer_id
FROM unnest($1::smallint[], $2::text[]) AS n (lane, since)
JOIN alias a ON a.lane = n.lane
WHERE a.settled IS NOT NULL AND pg_visible_in_snapshot(a.settled, n.since::pg_snapshot)

-- name: is_needed
-- Whether the log holds, with ids in [$1, $2), what a file does not hold, an engine has not heard, or a lane's customers
-- were written before.
SELECT EXISTS (
    SELECT FROM lane l LEFT JOIN archive_lane a ON a.lane = l.lane
    CROSS JOIN LATERAL (VALUES (coalesce(a.covered, '1:1:')), (l.done), (coalesce(a.customers_at, l.done))) s (snapshot)
    CROSS JOIN LATERAL (
        SELECT FROM event e
        WHERE e.lane = l.lane AND e.xid >= pg_snapshot_xmin(s.snapshot)
          AND NOT pg_visible_in_snapshot(e.xid, s.snapshot) AND e.id >= $1 AND e.id < $2
        LIMIT 1) e)

-- name: limit_patience
SELECT set_config('lock_timeout', $1, true)

-- name: list_builds
-- Builds that wait to be counted, the oldest first, with the cursor of every lane; a lane that is not there yet has none.
SELECT b.id, array_agg(l.lane ORDER BY l.lane) AS lanes,
       array_agg(l.since::text ORDER BY l.lane) AS since,
       array_agg(l.status ORDER BY l.lane) AS statuses
FROM build b JOIN build_lane l ON l.build_id = b.id
WHERE b.finished_at IS NULL
GROUP BY b.id
HAVING bool_or(l.status = 2)
ORDER BY b.id

-- name: list_build_measures
SELECT number, digest FROM measure WHERE build_id = $1 ORDER BY number

-- name: drop_tallies
DELETE FROM build_tally WHERE lane = ANY ($1) AND build_id = $2

-- name: finish_counting
-- The lanes in which everything before `since` is counted now, if nobody began the build anew meanwhile.
UPDATE build_lane b SET status = 3
FROM unnest($1::smallint[], $3::text[]) AS n (lane, since)
WHERE b.lane = n.lane AND b.build_id = $2 AND b.status = 2 AND b.since::text = n.since
RETURNING b.lane

-- name: notify
SELECT pg_notify('motet_work', $1)

-- name: lock_keeper
-- Held by the session: it is let go when the keeper dies, however it dies.
SELECT pg_try_advisory_lock($1)

-- name: unlock_keeper
SELECT pg_advisory_unlock($1)

-- name: list_forwards
-- Copies of events of gone ids that the snapshot of their lane does not see: the engine counts them itself.
SELECT e.id
FROM unnest($1::smallint[], $2::text[]) AS n (lane, since)
CROSS JOIN LATERAL (
    SELECT id FROM event e
    WHERE e.lane = n.lane AND e.xid >= pg_snapshot_xmin(n.since::pg_snapshot)
      AND NOT pg_visible_in_snapshot(e.xid, n.since::pg_snapshot) AND e.source LIKE 'forward%') e
