-- Segments, computed traits, measures, and the builds that make them true of the past. See 0002_segments.sql.
-- The setting `segments` holds {"version", "numbers", "measures"}: the version rises with every change of what is
-- evaluated or counted, and the lane loop compares it in each turn; the numbers are given out once.

-- name: make_register
INSERT INTO setting (key, value) VALUES ('segments', '{"version": 0, "numbers": 0, "measures": 0}') ON CONFLICT DO NOTHING

-- name: lock_register
-- Whoever changes what is evaluated waits here for the others. Taken before any other row.
SELECT value FROM setting WHERE key = 'segments' FOR UPDATE

-- name: read_register
SELECT value FROM setting WHERE key = 'segments'

-- name: save_register
UPDATE setting SET value = $1 WHERE key = 'segments'

-- name: notify
SELECT pg_notify('motet_work', $1)

-- What is defined -----------------------------------------------------------------------------

-- name: list_segments
SELECT s.id, s.name, s.title, s.description, s.status, s.number, s.created_at, s.updated_at,
       r.number AS latest, r.document,
       b.id AS build_id,
       coalesce((SELECT sum(c.members) FROM segment_count c WHERE c.number = s.number AND s.number > 0), 0)::bigint AS members,
       coalesce(p.looked, 0)::bigint AS looked, coalesce(p.customers, 0)::bigint AS customers
FROM segment s
JOIN LATERAL (SELECT number, document FROM segment_revision r WHERE r.segment_id = s.id
               ORDER BY number DESC LIMIT 1) r ON true
LEFT JOIN LATERAL (SELECT id FROM build b WHERE b.segment_number = r.number AND b.finished_at IS NULL LIMIT 1) b ON true
LEFT JOIN LATERAL (SELECT sum(looked) AS looked, sum(customers) AS customers FROM build_lane l
                    WHERE l.build_id = b.id) p ON true
WHERE $1::text IS NULL OR s.name = $1
ORDER BY s.name

-- name: add_segment
INSERT INTO segment (id, name, title, description, status, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $6)

-- name: describe_segment
UPDATE segment SET title = $2, description = $3, status = $4, updated_at = $5 WHERE id = $1

-- name: add_revision
INSERT INTO segment_revision (number, segment_id, document, created_at) VALUES ($1, $2, $3, $4)

-- name: describe_revision
UPDATE segment_revision SET document = $2 WHERE number = $1

-- name: take_live
-- The revision that was built takes the place of the one before it.
UPDATE segment SET number = $2, status = 2, updated_at = $3 WHERE id = (SELECT segment_id FROM segment_revision WHERE number = $2) AND name = $1

-- name: list_traits
SELECT name, title, document, created_at, updated_at FROM trait ORDER BY name

-- name: save_trait
INSERT INTO trait (name, title, document, created_at, updated_at) VALUES ($1, $2, $3, $4, $4)
ON CONFLICT (name) DO UPDATE SET title = excluded.title, document = excluded.document, updated_at = excluded.updated_at

-- name: remove_trait
DELETE FROM trait WHERE name = $1

-- name: read_lifecycle
SELECT value FROM setting WHERE key = 'lifecycle'

-- name: save_lifecycle
INSERT INTO setting (key, value) VALUES ('lifecycle', $1) ON CONFLICT (key) DO UPDATE SET value = excluded.value

-- name: list_live
-- The revisions that are evaluated: the live ones, and those that are being built.
SELECT s.id, s.name, s.title, r.number, r.document, NULL::uuid AS build_id
FROM segment s JOIN segment_revision r ON r.number = s.number
WHERE s.status = 2
UNION ALL
SELECT s.id, s.name, s.title, r.number, r.document, b.id
FROM build b JOIN segment_revision r ON r.number = b.segment_number JOIN segment s ON s.id = r.segment_id
WHERE b.finished_at IS NULL AND s.status <> 3

-- name: list_measures
SELECT number, digest, build_id, ready FROM measure ORDER BY number

-- name: list_builds
SELECT id, segment_number FROM build WHERE finished_at IS NULL ORDER BY created_at, id

-- Builds --------------------------------------------------------------------------------------

-- name: add_measure
INSERT INTO measure (number, digest, spec, build_id, created_at) VALUES ($1, $2, $3, $4, $5)

-- name: add_build
INSERT INTO build (id, segment_number, created_at) VALUES ($1, $2, $3)

-- name: add_build_lanes
INSERT INTO build_lane (lane, build_id) SELECT lane, $1 FROM lane

-- name: drop_build_lanes
-- The lanes first: a lane that is at work holds its own row, and then asks for nothing more.
WITH held AS MATERIALIZED (
    SELECT lane, build_id FROM build_lane WHERE build_id = ANY ($1) ORDER BY lane, build_id FOR UPDATE
)
DELETE FROM build_lane l USING held h WHERE l.lane = h.lane AND l.build_id = h.build_id

-- name: drop_builds
DELETE FROM build WHERE id = ANY ($1)

-- name: restart_builds
-- Every customer is looked over again.
UPDATE build_lane SET at_id = '00000000-0000-0000-0000-000000000000', looked = 0, status = least(status, 3)
WHERE build_id = ANY ($1)

-- name: list_done
-- Open builds of which every lane is done.
SELECT b.id, b.segment_number FROM build b
WHERE b.finished_at IS NULL
  AND NOT EXISTS (SELECT FROM build_lane l WHERE l.build_id = b.id AND l.status < 4)

-- name: finish_builds
UPDATE build SET finished_at = $2 WHERE id = ANY ($1)

-- name: ready_measures
UPDATE measure SET ready = true WHERE build_id = ANY ($1)

-- name: drop_measures
DELETE FROM measure WHERE number = ANY ($1)

-- name: sweep_builds
-- What builds that are long over left behind.
DELETE FROM build_lane l USING build b WHERE b.id = l.build_id AND b.finished_at < $1

-- name: sweep_counts
DELETE FROM segment_count c
WHERE NOT EXISTS (SELECT FROM segment s WHERE s.number = c.number AND s.status = 2)
  AND NOT EXISTS (SELECT FROM build b WHERE b.segment_number = c.number AND b.finished_at IS NULL)

-- One lane's turn -----------------------------------------------------------------------------

-- name: load_standing
SELECT customer_id, segments, tallies, flips_at FROM standing WHERE lane = $1 AND customer_id = ANY ($2)

-- name: read_standing
SELECT segments, tallies FROM standing WHERE lane = $1 AND customer_id = $2

-- name: list_flips
SELECT customer_id FROM standing WHERE lane = $1 AND flips_at <= $2 ORDER BY flips_at LIMIT $3

-- name: load_lane_builds
SELECT build_id, status, at_id FROM build_lane WHERE lane = $1 AND build_id = ANY ($2)

-- name: read_page
SELECT id FROM customer WHERE lane = $1 AND id > $2 ORDER BY id LIMIT $3

-- name: read_counted
-- The next customers for whom a build counted something.
SELECT customer_id, tallies FROM build_tally
WHERE lane = $1 AND build_id = $2 AND customer_id > $3
ORDER BY customer_id
LIMIT $4

-- name: read_changes
-- The ids in rows of NOBODY.
SELECT e.properties -> 'ids' AS ids
FROM event e
WHERE e.lane = $1 AND e.customer_id = '00000000-0000-0000-0000-000000000000' AND e.id = ANY ($2)

-- name: save_standing
-- Rows that changed, and with them how many are in each segment. Arrays of arrays do not come apart: the segments
-- travel as text.
WITH saved AS (
    INSERT INTO standing (lane, customer_id, segments, tallies, flips_at)
    SELECT $1, n.customer_id, n.segments::integer[], n.tallies, n.flips_at
    FROM unnest($2::uuid[], $3::text[], $4::bytea[], $5::timestamptz[]) AS n (customer_id, segments, tallies, flips_at)
    ON CONFLICT (lane, customer_id) DO UPDATE
    SET segments = excluded.segments, tallies = excluded.tallies, flips_at = excluded.flips_at
)
INSERT INTO segment_count (lane, number, members)
SELECT $1, n.number, n.members FROM unnest($6::integer[], $7::bigint[]) AS n (number, members) ORDER BY n.number
ON CONFLICT (lane, number) DO UPDATE SET members = segment_count.members + excluded.members

-- name: drop_standing
DELETE FROM standing WHERE lane = $1 AND customer_id = ANY ($2)

-- name: begin_builds
-- From the cursor on everything is counted as it comes; what came before is the keeper's. A build without measures has
-- nothing to wait for.
UPDATE build_lane l
SET status = CASE WHEN EXISTS (SELECT FROM measure m WHERE m.build_id = l.build_id) THEN 2 ELSE 3 END,
    since = $3::text::pg_snapshot,
    customers = (SELECT count(*) FROM customer c WHERE c.lane = $1)
WHERE l.lane = $1 AND l.build_id = ANY ($2) AND l.status = 1

-- name: save_progress
-- Unless it was set back meanwhile.
UPDATE build_lane
SET at_id = $4, looked = looked + $5, status = CASE WHEN $6 THEN 4 ELSE status END
WHERE lane = $1 AND build_id = ANY ($2) AND at_id = $3 AND status = 3

-- name: drop_counted
-- What the standing has taken over.
DELETE FROM build_tally WHERE lane = $1 AND build_id = $2 AND customer_id <= $3

-- name: list_programs
-- Every revision of a campaign that may still have somebody in it, and whether it is the current one.
SELECT c.name, c.status, r.id = c.revision_id AS current, r.program
FROM revision r JOIN campaign c ON c.id = r.campaign_id
WHERE c.status IN (1, 2, 3, 4, 5) OR c.updated_at > now() - interval '7 days'
ORDER BY c.name

-- name: name_numbers
SELECT name, title FROM segment WHERE status = 2 AND number = ANY ($1) ORDER BY name
