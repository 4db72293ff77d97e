-- Reports. What a person asks on a screen goes over all lanes; what is about one customer names one lane.

-- name: read_settled
-- Sums over all hours before $1: rows of hours that are over do not change any more.
SELECT campaign_id, channel, metric, sum(count)::bigint AS count, sum(value) AS value
FROM stat
WHERE hour < $1
GROUP BY campaign_id, channel, metric

-- name: read_hours
-- Sums by hour since $1 (and before $2, when given): a short range of the key in each lane.
SELECT s.campaign_id, s.channel, s.metric, s.hour, sum(s.count)::bigint AS count, sum(s.value) AS value
FROM lane l
CROSS JOIN campaign c
CROSS JOIN LATERAL (
    SELECT x.campaign_id, x.channel, x.metric, x.hour, x.count, x.value FROM stat x
    WHERE x.lane = l.lane AND x.campaign_id = c.id AND x.hour >= $1 AND ($2::timestamptz IS NULL OR x.hour < $2)
) s
WHERE c.status <> 1
GROUP BY s.campaign_id, s.channel, s.metric, s.hour

-- name: list_campaigns
SELECT c.id, c.name, c.title, c.status, c.revision_id, r.number, c.created_at, c.started_at, c.ended_at
FROM campaign c
JOIN revision r ON r.id = c.revision_id
ORDER BY c.created_at DESC, c.name

-- name: find_campaign
SELECT c.id, c.name, c.title, c.status, c.revision_id, r.number, c.created_at, c.started_at, c.ended_at
FROM campaign c
JOIN revision r ON r.id = c.revision_id
WHERE c.name = $1

-- name: load_revisions
SELECT id, document, program FROM revision WHERE id = ANY ($1)

-- name: list_revisions
SELECT id FROM revision WHERE campaign_id = $1

-- name: count_steps
-- Over all revisions of a campaign: people stay in the revision that they entered.
SELECT s.revision_id, s.step, sum(s.entered)::bigint AS entered, sum(s.departed)::bigint AS departed
FROM step_stat s
WHERE s.lane IN (SELECT lane FROM lane) AND s.revision_id = ANY ($1)
GROUP BY s.revision_id, s.step

-- name: count_reasons
SELECT verdict, reason, channel, sum(count)::bigint AS count
FROM reason_stat
WHERE lane IN (SELECT lane FROM lane) AND campaign_id = $1
GROUP BY verdict, reason, channel
ORDER BY count DESC, verdict, reason, channel

-- name: list_launches
SELECT y.id, y.kind, y.created_at, coalesce(sum(x.enrolled), 0)::bigint AS enrolled,
       coalesce(sum(x.refused), 0)::bigint AS refused, count(*) FILTER (WHERE x.done) AS done_lanes,
       count(x.lane) AS lanes
FROM (SELECT * FROM launch WHERE campaign_id = $1 ORDER BY created_at DESC LIMIT 20) y
LEFT JOIN launch_lane x ON x.launch_id = y.id
GROUP BY y.id, y.kind, y.created_at
ORDER BY y.created_at DESC

-- name: count_customers
SELECT count(*) FROM customer

-- name: count_waiting
-- What waits for delivery, and the timers that are due; both by their partial indexes.
SELECT (SELECT count(*) FROM message WHERE send_at IS NOT NULL) AS approved,
       (SELECT count(*) FROM lane l CROSS JOIN LATERAL
           (SELECT FROM enrollment e WHERE e.lane = l.lane AND e.due_at <= $1) d) AS timers_due

-- name: list_workers
SELECT id, kind, detail, seen_at, seen_at > now() - $1::interval AS alive FROM worker ORDER BY kind, detail, id

-- name: read_version
SELECT current_setting('server_version') AS server

-- name: list_enrollments
SELECT id, campaign_id, revision_id, step, status, entered_at, due_at, ended_at, exit_reason
FROM enrollment
WHERE lane = $1 AND customer_id = $2
ORDER BY id DESC
LIMIT $3

-- name: summarize_customer
SELECT m.channel,
       count(*) FILTER (WHERE m.sent_at IS NOT NULL) AS sent,
       count(*) FILTER (WHERE m.delivered_at IS NOT NULL) AS delivered,
       count(*) FILTER (WHERE m.failed_at IS NOT NULL) AS failed,
       count(*) FILTER (WHERE m.opened_at IS NOT NULL) AS opened,
       count(*) FILTER (WHERE m.clicked_at IS NOT NULL) AS clicked,
       count(*) FILTER (WHERE m.converted_at IS NOT NULL) AS converted
FROM message m
WHERE m.lane = $1 AND m.customer_id = $2
GROUP BY m.channel
ORDER BY m.channel

-- name: sum_revenue
-- Everything that the customer spent, as events say. The arrays are the customer and the ids that are gone into them; a
-- forwarded row is a copy of one that is counted.
SELECT coalesce(sum(e.value), 0)
FROM unnest($1::smallint[], $2::uuid[]) AS n (lane, id)
JOIN event e ON e.lane = n.lane AND e.customer_id = n.id
WHERE e.value <> 0 AND e.source NOT LIKE 'forward%'

-- name: page_events
-- Before the place ($3, $4) in time, newest first; of the customer and the ids that are gone into them.
SELECT e.*
FROM unnest($1::smallint[], $2::uuid[]) AS n (lane, id)
CROSS JOIN LATERAL (
    SELECT x.id, x.name, x.at, x.properties, x.message_id, x.value, x.source
    FROM event x
    WHERE x.lane = n.lane AND x.customer_id = n.id AND (x.at, x.id) < ($3, $4) AND x.source NOT LIKE 'forward%'
    ORDER BY x.at DESC, x.id DESC
    LIMIT $5) e
ORDER BY e.at DESC, e.id DESC
LIMIT $5

-- name: name_segments
SELECT name, title FROM segment WHERE name = ANY ($1)

-- name: name_gone
-- What customers who are gone were called: the external id among the identifiers that were theirs.
SELECT DISTINCT ON (m.loser_id) m.loser_id AS id, i.value ->> 1 AS external_id
FROM merge m
CROSS JOIN LATERAL jsonb_array_elements(m.identifiers) AS i (value)
WHERE m.loser_id = ANY ($1) AND i.value ->> 0 = '1'
ORDER BY m.loser_id, m.id DESC

-- name: name_customers
SELECT c.id, c.external_id
FROM unnest($1::smallint[], $2::uuid[]) AS n (lane, id)
JOIN customer c ON c.lane = n.lane AND c.id = n.id

-- name: page_messages
SELECT id, campaign_id, revision_id, step, channel, status, reasons, send_at, approved_at, sent_at, delivered_at,
       opened_at, clicked_at, converted_at, failed_at, error
FROM message
WHERE lane = $1 AND customer_id = $2 AND (approved_at, id) < ($3, $4)
ORDER BY approved_at DESC, id DESC
LIMIT $5

-- name: page_decisions
SELECT id, campaign_id, enrollment_id, step, channel, verdict, reasons, until, at
FROM decision
WHERE lane = $1 AND customer_id = $2 AND (at, id) < ($3, $4)
ORDER BY at DESC, id DESC
LIMIT $5

-- name: find_enrollment_revisions
-- Which revision an enrollment runs: names the step of a decision.
SELECT id, revision_id FROM enrollment WHERE lane = $1 AND customer_id = $2 AND id = ANY ($3)

-- name: find_messages
-- What the events of a page speak of.
SELECT id, campaign_id, revision_id, step, channel FROM message
WHERE lane = $1 AND customer_id = $2 AND id = ANY ($3)
