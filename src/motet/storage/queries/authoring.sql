-- Campaigns, their revisions, and their launches. Statuses are those of motet.core.words.CampaignStatus.

-- name: lock_name
-- Two writers of one name wait for each other, whether the campaign is there yet or not.
SELECT pg_advisory_xact_lock(hashtextextended('motet.campaign.' || $1::text, 0))

-- name: read_document
SELECT r.document FROM campaign c JOIN revision r ON r.id = c.revision_id WHERE c.name = $1

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

-- name: notify
SELECT pg_notify('motet_work', $1)

-- name: list_traits
-- The computed traits that conditions may name.
SELECT name, document FROM trait
