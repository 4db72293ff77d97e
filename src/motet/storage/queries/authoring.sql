-- Campaigns, their revisions, and their launches. Statuses are those of motet.core.words.CampaignStatus.

-- name: lock_name
-- Two writers of one name wait for each other, whether the campaign is there yet or not.
SELECT pg_advisory_xact_lock(hashtextextended('motet.campaign.' || $1::text, 0))

-- name: lock_campaign
SELECT c.id, c.name, c.title, c.status, c.revision_id, c.created_at, c.updated_at, c.started_at, c.ended_at,
       c.next_scan_at, r.number, r.document, r.program
FROM campaign c JOIN revision r ON r.id = c.revision_id
WHERE c.name = $1
FOR NO KEY UPDATE OF c

-- name: read_campaign
SELECT c.id, c.name, c.title, c.status, c.revision_id, c.created_at, c.updated_at, c.started_at, c.ended_at,
       c.next_scan_at, r.number, r.document, r.program
FROM campaign c JOIN revision r ON r.id = c.revision_id
WHERE c.name = $1

-- name: list_campaigns
SELECT c.id, c.name, c.title, c.status, c.revision_id, c.created_at, c.updated_at, c.started_at, c.ended_at,
       c.next_scan_at, r.number, r.document, r.program
FROM campaign c JOIN revision r ON r.id = c.revision_id
ORDER BY c.created_at DESC, c.name

-- name: add_campaign
INSERT INTO campaign (id, name, title, status, revision_id, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $6)

-- name: add_revision
INSERT INTO revision (id, campaign_id, number, document, program, created_at)
VALUES ($1, $2, $3, $4, $5, $6)

-- name: adopt_revision
UPDATE campaign SET revision_id = $2, title = $3, next_scan_at = $4, updated_at = $5 WHERE id = $1

-- name: move_launches
-- A launch that waits for the campaign's start goes out as the campaign was last written.
UPDATE launch SET revision_id = $2 WHERE campaign_id = $1

-- name: set_status
UPDATE campaign
SET status = $2, started_at = $3, ended_at = $4, next_scan_at = $5, updated_at = $6
WHERE id = $1

-- name: list_standing
-- How many stand on each step of each revision of a campaign, over all lanes.
SELECT r.id, r.number, s.step, sum(s.entered - s.departed)::bigint AS people
FROM revision r JOIN step_stat s ON s.lane IN (SELECT lane FROM lane) AND s.revision_id = r.id
WHERE r.campaign_id = $1
GROUP BY r.id, r.number, s.step
HAVING sum(s.entered - s.departed) > 0
ORDER BY r.number, s.step

-- name: list_step_names
-- The names of the steps of every revision of a campaign, in their order.
SELECT r.id, array_agg(s.value ->> 'name' ORDER BY s.ordinality) AS names
FROM revision r CROSS JOIN LATERAL jsonb_array_elements(r.program -> 'steps') WITH ORDINALITY AS s
WHERE r.campaign_id = $1
GROUP BY r.id

-- name: retry_enrollments
-- One lane's enrollments that were set aside are active again and due ($3), where they stood. Who is in the campaign
-- again by now is left out, unless that may be so ($4). What was counted when they were set aside is taken back.
WITH back AS (
    UPDATE enrollment e
    SET status = 1, due_at = $3, ended_at = NULL, exit_reason = NULL, failures = 0, holds = 0
    WHERE e.lane = $1 AND e.campaign_id = $2 AND e.status = 4
      AND ($4 OR e.id = (SELECT x.id FROM enrollment x
                         WHERE x.lane = $1 AND x.customer_id = e.customer_id AND x.campaign_id = $2
                           AND x.status IN (1, 4)
                         ORDER BY (x.status = 1) DESC, x.id DESC LIMIT 1))
    RETURNING e.revision_id, e.step
), left_again AS (
    INSERT INTO step_stat (lane, revision_id, step, entered, departed)
    SELECT $1, revision_id, step, 0, -count(*) FROM back GROUP BY revision_id, step
    ON CONFLICT (lane, revision_id, step) DO UPDATE SET departed = step_stat.departed + excluded.departed
), finished AS (
    INSERT INTO stat (lane, campaign_id, hour, channel, metric, count, value)
    SELECT $1, $2, date_trunc('hour', $3::timestamptz, 'UTC'), 0, 12, -count(*), 0 FROM back HAVING count(*) > 0
    ON CONFLICT (lane, campaign_id, hour, channel, metric) DO UPDATE SET count = stat.count + excluded.count
)
SELECT count(*) FROM back

-- name: find_customers
-- Who has these external ids; each is looked up in the identifier's own lane.
SELECT n.value, i.customer_id
FROM unnest($1::smallint[], $2::text[]) AS n (lane, value)
JOIN identifier i ON i.lane = n.lane AND i.kind = 1 AND i.value = n.value

-- name: add_launch
INSERT INTO launch (id, campaign_id, revision_id, kind, created_at) VALUES ($1, $2, $3, $4, $5)

-- name: add_lane
-- One lane's part of a launch; `customers` NULL means the target segments.
INSERT INTO launch_lane (lane, launch_id, at_id, customers)
VALUES ($1, $2, '00000000-0000-0000-0000-000000000000', $3)

-- name: add_every_lane
INSERT INTO launch_lane (lane, launch_id, at_id)
SELECT lane, $1, '00000000-0000-0000-0000-000000000000' FROM lane

-- name: notify
SELECT pg_notify('motet_work', $1)

-- name: list_traits
-- The computed traits that conditions may name.
SELECT name, document FROM trait
