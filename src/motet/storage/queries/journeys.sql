-- Journeys on a screen. What is asked of all lanes reads whole tables and is kept for a while by whoever asks.

-- name: list_revisions
-- The newest first, with how many stand in each.
SELECT r.id, r.number, r.created_at, coalesce(sum(s.entered - s.departed), 0)::bigint AS present
FROM revision r
LEFT JOIN step_stat s ON s.lane IN (SELECT lane FROM lane) AND s.revision_id = r.id
WHERE r.campaign_id = $1
GROUP BY r.id, r.number, r.created_at
ORDER BY r.number DESC

-- name: count_ended
-- Who left, from which step and why; the words of what broke are many, and left out.
SELECT e.revision_id, e.step, e.status, CASE WHEN e.status = 4 THEN '' ELSE e.exit_reason END AS reason,
       count(*) AS count
FROM enrollment e
WHERE e.campaign_id = $1 AND e.status <> 1
GROUP BY 1, 2, 3, 4
ORDER BY 5 DESC

-- name: list_standing
-- Some of those who stand on these steps, those who came last first.
SELECT e.lane, e.customer_id, e.id, e.arrived_at, e.due_at
FROM unnest($2::uuid[], $3::smallint[]) AS n (revision_id, step)
JOIN enrollment e ON e.campaign_id = $1 AND e.revision_id = n.revision_id AND e.step = n.step AND e.status = 1
ORDER BY e.arrived_at DESC, e.id
LIMIT $4

-- name: count_messages
-- What became of the messages of these steps.
SELECT m.channel, count(*) AS approved, count(m.sent_at) AS sent, count(m.delivered_at) AS delivered,
       count(m.opened_at) AS opened, count(m.clicked_at) AS clicked, count(m.converted_at) AS converted,
       count(m.failed_at) AS failed
FROM unnest($2::uuid[], $3::smallint[]) AS n (revision_id, step)
JOIN message m ON m.campaign_id = $1 AND m.revision_id = n.revision_id AND m.step = n.step
GROUP BY m.channel
ORDER BY m.channel

-- name: count_reasons
-- Why these steps held or dropped a message.
SELECT d.verdict, x.reason, coalesce(d.channel, 0) AS channel, count(*) AS count
FROM unnest($2::uuid[], $3::smallint[]) AS n (revision_id, step)
JOIN decision d ON d.campaign_id = $1 AND d.step = n.step AND d.verdict <> 1
JOIN enrollment e ON e.lane = d.lane AND e.customer_id = d.customer_id AND e.id = d.enrollment_id
    AND e.revision_id = n.revision_id
CROSS JOIN LATERAL unnest(d.reasons) AS x (reason)
GROUP BY 1, 2, 3
ORDER BY 4 DESC

-- name: read_enrollment
SELECT id, campaign_id, revision_id, step, visit, status, entered_at, arrived_at, due_at, ended_at, exit_reason,
       reached_at, context
FROM enrollment
WHERE lane = $1 AND customer_id = $2 AND id = $3

-- name: list_spoken
-- The messages of one enrollment: their ids are the enrollment's, but for the visit and the channel written in.
SELECT id, revision_id, step, channel, status, reasons, send_at, approved_at, sent_at, delivered_at, opened_at,
       clicked_at, converted_at, failed_at, error
FROM message
WHERE lane = $1 AND customer_id = $2 AND id >= $3 AND id < $4
ORDER BY id

-- name: list_refused
-- What was held or dropped of one enrollment.
SELECT id, step, channel, verdict, reasons, until, at
FROM decision
WHERE lane = $1 AND customer_id = $2 AND enrollment_id = $3
ORDER BY at, id
LIMIT 1000
