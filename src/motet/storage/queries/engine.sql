-- The lane loop. Every statement names one lane, and carries a batch.

-- name: survey
-- For the lanes asked about: whether events, launches or builds wait, and when the next timer is due. ($5: whether any
-- segment changes with time.)
SELECT l.lane,
       least((SELECT min(e.due_at) FROM enrollment e
               WHERE e.lane = l.lane AND e.due_at IS NOT NULL AND e.campaign_id <> ALL ($2)),
             CASE WHEN $5 THEN (SELECT min(s.flips_at) FROM standing s
                                 WHERE s.lane = l.lane AND s.flips_at IS NOT NULL) END) AS next_due,
       EXISTS (SELECT FROM build_lane b WHERE b.lane = l.lane AND b.status IN (1, 3)) AS building,
       EXISTS (SELECT FROM transfer t WHERE t.lane = l.lane AND t.done_at IS NULL) AS merging,
       EXISTS (SELECT FROM launch_lane x JOIN launch y ON y.id = x.launch_id
                WHERE x.lane = l.lane AND NOT x.done
                  AND (y.campaign_id = ANY ($3) OR y.kind = 'move' AND y.campaign_id = ANY ($2))) AS launching,
       EXISTS (SELECT FROM event v
                WHERE v.lane = l.lane AND v.id >= $4 AND v.xid >= pg_snapshot_xmin(l.done)
                  AND NOT pg_visible_in_snapshot(v.xid, l.done)) AS events
FROM lane l
WHERE l.lane = ANY ($1)

-- name: next_due
SELECT min(due_at) FROM enrollment WHERE lane = $1 AND due_at IS NOT NULL AND campaign_id <> ALL ($2)

-- name: next_due_or_flip
SELECT least((SELECT min(due_at) FROM enrollment WHERE lane = $1 AND due_at IS NOT NULL AND campaign_id <> ALL ($2)),
             (SELECT min(flips_at) FROM standing WHERE lane = $1 AND flips_at IS NOT NULL))

-- name: read_cursor
-- And the version of what is evaluated and counted (a turn with an older picture would count too little), and what else
-- waits: most turns have events only, and need not ask for the rest. ($4: whether any segment changes with time.)
SELECT done::text AS done, target::text AS target, at_xid::text AS at_xid, at_id,
       pg_current_snapshot()::text AS present,
       (SELECT (value ->> 'version')::bigint FROM setting WHERE key = 'segments') AS version,
       EXISTS (SELECT FROM transfer t WHERE t.lane = $1 AND t.done_at IS NULL) AS merging,
       EXISTS (SELECT FROM enrollment e WHERE e.lane = $1 AND e.due_at <= $2 AND e.campaign_id <> ALL ($3)) AS due,
       EXISTS (SELECT FROM launch_lane x WHERE x.lane = $1 AND NOT x.done) AS launching,
       CASE WHEN $4 THEN EXISTS (SELECT FROM standing s WHERE s.lane = $1 AND s.flips_at <= $2) ELSE false END AS flipping
FROM lane WHERE lane = $1

-- name: read_events
-- Events that `target` sees and `done` does not, in the order of the log, after (at_xid, at_id).
-- (A bare `xid` in ORDER BY would be the text of the select list, and 10000 sorts before 9999.)
-- Rows of NOBODY hold the ids of many customers: of these `changes` says how many, when $8 asks for it.
SELECT e.customer_id, e.id, e.name, e.at,
       CASE WHEN e.customer_id <> '00000000-0000-0000-0000-000000000000' THEN e.properties END AS properties,
       e.message_id, e.value, e.source, e.xid::text AS xid_text,
       CASE WHEN $8 AND e.customer_id = '00000000-0000-0000-0000-000000000000' AND e.source <> 'standing'
             AND jsonb_typeof(e.properties -> 'ids') = 'array'
            THEN jsonb_array_length(e.properties -> 'ids') ELSE 0 END AS changes
FROM event e
WHERE e.lane = $1
  AND e.id >= $2
  AND e.xid >= pg_snapshot_xmin($3::text::pg_snapshot)
  AND pg_visible_in_snapshot(e.xid, $4::text::pg_snapshot)
  AND NOT pg_visible_in_snapshot(e.xid, $3::text::pg_snapshot)
  AND (e.xid, e.id) > ($5::text::xid8, $6)
ORDER BY e.xid, e.id
LIMIT $7

-- name: save_cursor
UPDATE lane SET done = $2::text::pg_snapshot, target = $3::text::pg_snapshot, at_xid = $4::text::xid8, at_id = $5
WHERE lane = $1

-- name: list_due
-- The longest due first.
SELECT customer_id FROM enrollment
WHERE lane = $1 AND due_at <= $2 AND campaign_id <> ALL ($3)
ORDER BY due_at
LIMIT $4

-- name: list_urgent
-- Of a pile of due timers, those of urgent campaigns ($3).
SELECT customer_id FROM enrollment
WHERE lane = $1 AND due_at <= $2 AND campaign_id = ANY ($3)
ORDER BY due_at
LIMIT $4

-- name: load_enrollments
SELECT customer_id, id, campaign_id, revision_id, step, visit, status, holds, failures,
       entered_at, arrived_at, due_at, ended_at, exit_reason, context, state, reached_at
FROM enrollment
WHERE lane = $1 AND customer_id = ANY ($2)
ORDER BY id

-- name: list_watching
-- Which of these customers are in a campaign that looks at who they are ($3).
SELECT DISTINCT customer_id FROM enrollment
WHERE lane = $1 AND customer_id = ANY ($2) AND due_at IS NOT NULL AND campaign_id = ANY ($3)

-- name: load_messages
SELECT customer_id, id, campaign_id, revision_id, step, channel, priority, status, attempts, approved_at,
       sent_at, delivered_at, opened_at, clicked_at, converted_at, failed_at
FROM message
WHERE lane = $1 AND customer_id = ANY ($2) AND (approved_at >= $3 OR id = ANY ($4))
ORDER BY approved_at

-- name: list_launches
-- Of the running campaigns ($2); people are moved between revisions of the idle ones ($3) too.
SELECT x.launch_id, x.at_id, x.customers, y.campaign_id, y.revision_id, y.kind
FROM launch_lane x JOIN launch y ON y.id = x.launch_id
WHERE x.lane = $1 AND NOT x.done
  AND (y.campaign_id = ANY ($2) OR y.kind = 'move' AND y.campaign_id = ANY ($3))
ORDER BY x.launch_id

-- name: read_audience
-- The next customers of one lane, after `at_id`; without tags everybody.
SELECT id FROM customer
WHERE lane = $1 AND id > $2 AND (cardinality($3::text[]) = 0 OR tags && $3)
ORDER BY id
LIMIT $4

-- name: read_members
-- As read_audience, where some of the names are live segments.
SELECT c.id FROM customer c LEFT JOIN standing s ON s.lane = c.lane AND s.customer_id = c.id
WHERE c.lane = $1 AND c.id > $2 AND (c.tags && $3 OR s.segments && $5::integer[])
ORDER BY c.id
LIMIT $4

-- name: read_movers
-- The next customers who stand in another revision of a campaign.
SELECT DISTINCT customer_id AS id FROM enrollment
WHERE lane = $1 AND customer_id > $2 AND campaign_id = $3 AND revision_id <> $4 AND due_at IS NOT NULL
ORDER BY customer_id
LIMIT $5

-- name: save_launch
UPDATE launch_lane SET at_id = $3, enrolled = enrolled + $4, refused = refused + $5, done = $6
WHERE lane = $1 AND launch_id = $2

-- name: update_enrollments
UPDATE enrollment e
SET step = n.step, visit = n.visit, status = n.status, holds = n.holds, failures = n.failures,
    arrived_at = n.arrived_at, due_at = n.due_at, ended_at = n.ended_at, exit_reason = n.exit_reason
FROM unnest($2::uuid[], $3::uuid[], $4::smallint[], $5::smallint[], $6::smallint[], $7::smallint[], $8::smallint[],
            $9::timestamptz[], $10::timestamptz[], $11::timestamptz[], $12::text[])
  AS n (customer_id, id, step, visit, status, holds, failures, arrived_at, due_at, ended_at, exit_reason)
WHERE e.lane = $1 AND e.customer_id = n.customer_id AND e.id = n.id

-- name: rewrite_enrollments
-- As update_enrollments, where what is kept changed as well: the revision, the context, what the step remembers.
UPDATE enrollment e
SET step = n.step, visit = n.visit, status = n.status, holds = n.holds, failures = n.failures,
    arrived_at = n.arrived_at, due_at = n.due_at, ended_at = n.ended_at, exit_reason = n.exit_reason,
    revision_id = n.revision_id, context = n.context, state = n.state, reached_at = n.reached_at
FROM unnest($2::uuid[], $3::uuid[], $4::smallint[], $5::smallint[], $6::smallint[], $7::smallint[], $8::smallint[],
            $9::timestamptz[], $10::timestamptz[], $11::timestamptz[], $12::text[], $13::uuid[], $14::jsonb[],
            $15::jsonb[], $16::timestamptz[])
  AS n (customer_id, id, step, visit, status, holds, failures, arrived_at, due_at, ended_at, exit_reason,
        revision_id, context, state, reached_at)
WHERE e.lane = $1 AND e.customer_id = n.customer_id AND e.id = n.id

-- name: read_budgets
-- How many entered these campaigns so far.
SELECT n.id AS campaign_id,
       coalesce((SELECT b.entered FROM entry_budget b WHERE b.campaign_id = n.id),
                (SELECT sum(s.count) FROM stat s WHERE s.campaign_id = n.id AND s.metric = 11), 0)::bigint AS entered
FROM unnest($1::uuid[]) AS n (id)

-- name: open_budget
-- The first entry since there is a limit: who entered before counts.
INSERT INTO entry_budget (campaign_id, entered)
SELECT $1, coalesce(sum(count), 0) FROM stat WHERE campaign_id = $1 AND metric = 11
ON CONFLICT DO NOTHING

-- name: spend_budget
-- No row comes back when it would be more than $3: others were first.
UPDATE entry_budget SET entered = entered + $2 WHERE campaign_id = $1 AND entered + $2 <= $3 RETURNING entered

-- name: update_messages
-- What receipts, opens and clicks brought. A time once set stays.
UPDATE message m
SET status = coalesce(n.status, m.status),  -- NULL: delivery's word stands
    send_at = CASE WHEN n.status IS NULL THEN m.send_at END,  -- what has arrived waits no more
    delivered_at = coalesce(m.delivered_at, n.delivered_at),
    opened_at = coalesce(m.opened_at, n.opened_at),
    clicked_at = coalesce(m.clicked_at, n.clicked_at),
    converted_at = coalesce(m.converted_at, n.converted_at),
    failed_at = coalesce(m.failed_at, n.failed_at)
FROM unnest($2::uuid[], $3::uuid[], $4::smallint[], $5::timestamptz[], $6::timestamptz[], $7::timestamptz[],
            $8::timestamptz[], $9::timestamptz[])
  AS n (customer_id, id, status, delivered_at, opened_at, clicked_at, converted_at, failed_at)
WHERE m.lane = $1 AND m.customer_id = n.customer_id AND m.id = n.id

-- name: update_customers
-- The engine's own fields only: what a person or the API writes is left alone, but for a stage that the rules move.
UPDATE customer c
SET lifecycle_stage = coalesce(n.lifecycle_stage, c.lifecycle_stage),
    last_interaction_at = greatest(c.last_interaction_at, n.last_interaction_at),
    last_purchase_at = greatest(c.last_purchase_at, n.last_purchase_at),
    consents = c.consents || n.consents,
    suppressions = c.suppressions || n.suppressions,
    devices = CASE WHEN cardinality(n.dead) = 0 THEN c.devices
              ELSE (SELECT coalesce(jsonb_agg(d), '[]') FROM jsonb_array_elements(c.devices) d
                     WHERE d ->> 'token' <> ALL (n.dead)) END
FROM (SELECT customer_id, last_interaction_at, last_purchase_at, consents, suppressions, lifecycle_stage,
             coalesce((SELECT array_agg(value) FROM jsonb_array_elements_text(dead_tokens)), '{}') AS dead
      FROM unnest($2::uuid[], $3::timestamptz[], $4::timestamptz[], $5::jsonb[], $6::jsonb[], $7::jsonb[], $8::text[])
        AS u (customer_id, last_interaction_at, last_purchase_at, consents, suppressions, dead_tokens,
              lifecycle_stage)) n
WHERE c.lane = $1 AND c.id = n.customer_id

-- name: update_profiles
-- What journeys write of a profile, field by field into the row as it is now: what others write at the same time stays.
UPDATE customer c
SET attributes = (c.attributes - ARRAY (SELECT jsonb_array_elements_text(n.unset))) || n.set,
    tags = CASE WHEN n.add_tags = '[]' AND n.remove_tags = '[]' THEN c.tags
                ELSE ARRAY (SELECT t.tag COLLATE "C" FROM (
                                SELECT unnest(c.tags) AS tag
                                UNION SELECT jsonb_array_elements_text(n.add_tags)) t
                            WHERE NOT n.remove_tags ? t.tag
                            ORDER BY 1) END,
    topics = c.topics || n.topics,
    updated_at = $8
FROM unnest($2::uuid[], $3::jsonb[], $4::jsonb[], $5::jsonb[], $6::jsonb[], $7::jsonb[])
  AS n (customer_id, set, unset, add_tags, remove_tags, topics)
WHERE c.lane = $1 AND c.id = n.customer_id

-- name: notify
SELECT pg_notify($1, $2)
