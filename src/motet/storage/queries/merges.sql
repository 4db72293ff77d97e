-- Customers that become one. What asks for a merge spans lanes; what carries it out names one.

-- name: read_guard
SELECT value FROM setting WHERE key = 'identity'

-- name: find_gone
-- Of these ids, those that are gone, and who they are now.
SELECT a.id, a.customer_id
FROM unnest($1::text::smallint[], $2::uuid[]) AS n (lane, id)
JOIN alias a ON a.lane = n.lane AND a.id = n.id

-- name: list_gone
SELECT id FROM alias WHERE customer_id = $1 ORDER BY id

-- name: hold_losers
-- Whoever is about to claim something for one of these waits, and then finds them gone.
SELECT FROM unnest($1::smallint[], $2::uuid[]) AS n (lane, id)
JOIN customer c ON c.lane = n.lane AND c.id = n.id
ORDER BY c.lane, c.id
FOR UPDATE OF c

-- name: hold_winners
-- These cannot go before this transaction has ended.
SELECT FROM unnest($1::smallint[], $2::uuid[]) AS n (lane, id)
JOIN customer c ON c.lane = n.lane AND c.id = n.id
ORDER BY c.lane, c.id
FOR KEY SHARE OF c

-- name: hand_over
-- An anonymous id goes to whoever named themselves last.
UPDATE identifier i SET customer_id = n.customer_id
FROM unnest($1::text::smallint[], $2::text::smallint[], $3::text[], $4::uuid[]) AS n (lane, kind, value, customer_id)
WHERE i.lane = n.lane AND i.kind = n.kind AND i.value = n.value

-- name: weigh
-- For each pair: how many the two have swallowed ever and lately, and whether the same was refused or undone before.
SELECT p.place,
       (SELECT count(*) FROM alias a WHERE a.customer_id IN (p.winner, p.loser)) AS swallowed,
       (SELECT count(*) FROM alias a WHERE a.customer_id IN (p.winner, p.loser) AND a.merge_id >= $3) AS lately,
       (SELECT m.status FROM merge m
         WHERE m.loser_id = p.loser AND m.status >= 4
           AND (m.winner_id = p.winner OR m.winner_id IN (SELECT a.id FROM alias a WHERE a.customer_id = p.winner))
         ORDER BY m.id DESC LIMIT 1) AS before
FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS p (loser, winner, place)
ORDER BY p.place

-- name: refuse
INSERT INTO merge (lane, id, loser_id, winner_id, cause, status, reason, asked_at)
SELECT n.lane, n.id, n.loser, n.winner, n.cause, 7, n.reason, $7
FROM unnest($1::smallint[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[])
  AS n (lane, id, loser, winner, cause, reason)

-- name: ask
-- The loser's identifiers are the winner's from now on, and so is every id that the loser had swallowed.
WITH pair AS MATERIALIZED (
    SELECT * FROM unnest($1::smallint[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[])
      AS p (lane, id, loser, winner, cause)
), moved AS (
    UPDATE identifier i SET customer_id = p.winner FROM pair p WHERE i.customer_id = p.loser
    RETURNING p.id, i.kind, i.value
), passed AS (
    UPDATE alias a SET customer_id = p.winner FROM pair p WHERE a.customer_id = p.loser
    RETURNING p.id, a.id AS gone
), gone AS (
    INSERT INTO alias (lane, id, customer_id, merge_id) SELECT p.lane, p.loser, p.winner, p.id FROM pair p
), errand AS (
    INSERT INTO transfer (lane, id, kind, loser_id, winner_id) SELECT p.lane, p.id, 1, p.loser, p.winner FROM pair p
)
INSERT INTO merge (lane, id, loser_id, winner_id, cause, status, identifiers, swallowed, asked_at)
SELECT p.lane, p.id, p.loser, p.winner, p.cause, 1,
       coalesce((SELECT jsonb_agg(jsonb_build_array(m.kind, m.value)) FROM moved m WHERE m.id = p.id), '[]'),
       coalesce((SELECT array_agg(x.gone) FROM passed x WHERE x.id = p.id), '{}'),
       $6
FROM pair p

-- name: list_identifiers
-- Over all lanes, by the owner. What a nameless customer is called by is their own id, or that of one they swallowed.
SELECT i.kind, i.value FROM identifier i
WHERE i.customer_id = $1
  AND NOT (i.kind = 1 AND (i.value = $1::text
                           OR EXISTS (SELECT FROM alias a WHERE a.customer_id = $1 AND a.id::text = i.value)))
ORDER BY i.kind, i.value

-- name: list_merges
-- By the winner, whoever that is now.
SELECT m.id, m.loser_id, m.winner_id, m.cause, m.status, m.reason, m.asked_at,
       EXISTS (SELECT FROM alias a WHERE a.id = m.winner_id AND a.customer_id = $1) AS winner_gone,
       coalesce(c.external_id,
                (SELECT i ->> 1 FROM jsonb_array_elements(m.identifiers) i
                  WHERE i -> 0 = '1' AND i ->> 1 <> m.loser_id::text LIMIT 1)) AS external_id
FROM merge m LEFT JOIN customer c ON c.lane = m.lane AND c.id = m.loser_id
WHERE m.winner_id = $1 OR m.winner_id IN (SELECT a.id FROM alias a WHERE a.customer_id = $1)
ORDER BY m.id DESC
LIMIT $2

-- name: read_merge
-- By the id alone: over all lanes.
SELECT m.id, m.loser_id, m.winner_id, m.cause, m.status, m.reason, m.asked_at,
       EXISTS (SELECT FROM lane l JOIN alias a ON a.lane = l.lane WHERE a.id = m.winner_id) AS winner_gone,
       coalesce(c.external_id,
                (SELECT i ->> 1 FROM jsonb_array_elements(m.identifiers) i
                  WHERE i -> 0 = '1' AND i ->> 1 <> m.loser_id::text LIMIT 1)) AS external_id
FROM lane l
JOIN merge m ON m.lane = l.lane AND m.id = $1
LEFT JOIN customer c ON c.lane = m.lane AND c.id = m.loser_id

-- name: lock_merge
SELECT m.lane, m.id, m.loser_id, m.winner_id, m.status, m.identifiers, m.swallowed, m.asked_at
FROM lane l JOIN merge m ON m.lane = l.lane AND m.id = $1
FOR UPDATE OF m

-- name: is_moving
-- Whether another merge of this customer, one way or the other, is under way.
SELECT EXISTS (SELECT FROM merge m
                WHERE (m.winner_id = $1 OR m.loser_id = $1) AND m.id <> $2 AND m.status IN (1, 2, 4, 5))

-- Taking back ---------------------------------------------------------------------------------

-- name: read_packed
SELECT packed FROM transfer WHERE lane = $1 AND id = $2 AND kind = 2 AND done_at IS NOT NULL

-- name: regain_identifiers
-- Those that the winner still has.
UPDATE identifier i SET customer_id = $2
FROM unnest($3::smallint[], $4::text[]) AS n (kind, value)
WHERE i.customer_id = $1 AND i.kind = n.kind AND i.value = n.value

-- name: drop_alias
DELETE FROM alias WHERE lane = $1 AND id = $2

-- name: regain_aliases
UPDATE alias SET customer_id = $2 WHERE customer_id = $1 AND id = ANY ($3)

-- name: restore_customer
INSERT INTO customer SELECT * FROM jsonb_populate_record(NULL::customer, $1)

-- name: restore_standing
INSERT INTO standing SELECT * FROM jsonb_populate_record(NULL::standing, $1)
ON CONFLICT (lane, customer_id) DO UPDATE
SET segments = excluded.segments, tallies = excluded.tallies, flips_at = excluded.flips_at

-- name: count_members
INSERT INTO segment_count (lane, number, members)
SELECT $1, n, $3 FROM unnest($2::integer[]) AS n ORDER BY n
ON CONFLICT (lane, number) DO UPDATE SET members = segment_count.members + excluded.members

-- name: ask_undo
UPDATE merge SET status = 4 WHERE lane = $1 AND id = $2

-- name: add_transfer
INSERT INTO transfer (lane, id, kind, loser_id, winner_id, packed) VALUES ($1, $2, $3, $4, $5, $6)

-- One lane's errands --------------------------------------------------------------------------

-- name: list_open
SELECT t.id, t.kind, t.loser_id, t.winner_id FROM transfer t
WHERE t.lane = $1 AND t.done_at IS NULL
ORDER BY t.id, t.kind
LIMIT 100

-- name: read_open
-- One of them. `passed`: the lane has applied everything that was in the log when it was asked. `whole`: it is between
-- two snapshots of the log, so `done` says exactly what was applied.
SELECT t.id, t.kind, t.loser_id, t.winner_id, pg_visible_in_snapshot(t.xid, l.done) AS passed,
       l.target IS NULL AS whole, l.done::text AS done
FROM transfer t JOIN lane l ON l.lane = t.lane
WHERE t.lane = $1 AND t.id = $2 AND t.kind = $3 AND t.done_at IS NULL

-- name: hold_messages
-- What waits for delivery (an unknown one as well), held against it; 2 means that one is on the wire.
SELECT status FROM message WHERE lane = $1 AND customer_id = $2 AND status IN (1, 2, 5) FOR UPDATE

-- name: is_claimed
-- A receipt may come sooner than the answer: then the message is not `sending` any more, but its answer is still out.
SELECT EXISTS (SELECT FROM delivery_claim WHERE lane = $1 AND $2 = ANY (customer_ids))

-- name: pack
-- Everything of one customer, taken out of the lane.
WITH profile AS (
    DELETE FROM customer c WHERE c.lane = $1 AND c.id = $2 RETURNING to_jsonb(c) AS row
), standing AS (
    DELETE FROM standing s WHERE s.lane = $1 AND s.customer_id = $2 RETURNING to_jsonb(s) AS row
), enrollment AS (
    DELETE FROM enrollment e WHERE e.lane = $1 AND e.customer_id = $2 RETURNING to_jsonb(e) AS row
), message AS (
    DELETE FROM message m WHERE m.lane = $1 AND m.customer_id = $2 RETURNING to_jsonb(m) AS row
), decision AS (
    DELETE FROM decision d WHERE d.lane = $1 AND d.customer_id = $2 RETURNING to_jsonb(d) AS row
), inbox AS (
    DELETE FROM inbox_item i WHERE i.lane = $1 AND i.customer_id = $2 RETURNING to_jsonb(i) AS row
), counted AS (
    DELETE FROM build_tally b WHERE b.lane = $1 AND b.customer_id = $2 RETURNING to_jsonb(b) AS row
), launches AS (
    SELECT x.launch_id FROM launch_lane x
    WHERE x.lane = $1 AND NOT x.done AND $2 = ANY (x.customers) AND x.at_id < $2
)
SELECT jsonb_build_object(
    'profile', (SELECT row FROM profile),
    'standing', (SELECT row FROM standing),
    'enrollments', coalesce((SELECT jsonb_agg(row) FROM enrollment), '[]'),
    'messages', coalesce((SELECT jsonb_agg(row) FROM message), '[]'),
    'decisions', coalesce((SELECT jsonb_agg(row) FROM decision), '[]'),
    'inbox', coalesce((SELECT jsonb_agg(row) FROM inbox), '[]'),
    'counted', coalesce((SELECT jsonb_agg(row) FROM counted), '[]'),
    'launches', coalesce((SELECT jsonb_agg(launch_id) FROM launches), '[]')) AS packed

-- name: list_known
-- The measures that are counted in full for everybody in this lane.
SELECT m.number FROM measure m
WHERE NOT EXISTS (SELECT FROM build_lane b WHERE b.lane = $1 AND b.build_id = m.build_id AND b.status < 4)
ORDER BY m.number

-- name: settle_alias
UPDATE alias SET settled = pg_current_xact_id() WHERE lane = $1 AND id = $2

-- name: finish
-- `xid` was the transaction that asked, and is the one that carried it out from now on: a lane's are in order,
-- whatever clocks say.
UPDATE transfer SET done_at = $4, xid = pg_current_xact_id(), record = coalesce($5, record)
WHERE lane = $1 AND id = $2 AND kind = $3

-- name: mark_merge
UPDATE merge
SET status = $3::smallint, merged_at = CASE WHEN $3::smallint = 3 THEN $4 ELSE merged_at END,
    undone_at = CASE WHEN $3::smallint = 6 THEN $4 ELSE undone_at END
WHERE lane = $1 AND id = $2

-- name: read_transfer
SELECT packed, record, done_at FROM transfer WHERE lane = $1 AND id = $2 AND kind = $3

-- name: find_now
SELECT customer_id FROM alias WHERE lane = $1 AND id = $2

-- name: read_customer
-- The row and the standing of one customer, as they are stored.
SELECT to_jsonb(c) AS profile,
       (SELECT to_jsonb(s) FROM standing s WHERE s.lane = c.lane AND s.customer_id = c.id) AS standing
FROM customer c
WHERE c.lane = $1 AND c.id = $2
FOR UPDATE OF c

-- name: list_active
SELECT campaign_id FROM enrollment WHERE lane = $1 AND customer_id = $2 AND status = 1

-- name: write_customer
UPDATE customer c
SET external_id = n.external_id, email = n.email, phone = n.phone, devices = n.devices, handles = n.handles,
    attributes = n.attributes, tags = n.tags, lifecycle_stage = n.lifecycle_stage, timezone = n.timezone,
    locale = n.locale, preferences = n.preferences, topics = n.topics, caps = n.caps, consents = n.consents,
    suppressions = n.suppressions, last_interaction_at = n.last_interaction_at,
    last_purchase_at = n.last_purchase_at, created_at = n.created_at, updated_at = $4
FROM jsonb_populate_record(NULL::customer, $3) n
WHERE c.lane = $1 AND c.id = $2

-- name: write_standing
INSERT INTO standing (lane, customer_id, segments, tallies, flips_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (lane, customer_id) DO UPDATE
SET segments = excluded.segments, tallies = excluded.tallies, flips_at = excluded.flips_at

-- name: unpack_enrollments
INSERT INTO enrollment SELECT * FROM jsonb_populate_recordset(NULL::enrollment, $1)

-- name: unpack_messages
INSERT INTO message SELECT * FROM jsonb_populate_recordset(NULL::message, $1)

-- name: unpack_decisions
INSERT INTO decision SELECT * FROM jsonb_populate_recordset(NULL::decision, $1)

-- name: unpack_inbox
INSERT INTO inbox_item SELECT * FROM jsonb_populate_recordset(NULL::inbox_item, $1)

-- name: name_for_launches
-- Launches that named the loser and have not come by name the winner. One that has been here already starts again for
-- the winner alone: whom it reached before it does not reach twice.
INSERT INTO launch_lane (lane, launch_id, at_id, customers)
SELECT $1, n, '00000000-0000-0000-0000-000000000000', ARRAY[$2::uuid] FROM unnest($3::uuid[]) AS n
ON CONFLICT (lane, launch_id) DO UPDATE
SET customers = CASE WHEN launch_lane.done THEN excluded.customers
                     WHEN $2 = ANY (launch_lane.customers) THEN launch_lane.customers
                     ELSE launch_lane.customers || excluded.customers END,
    at_id = CASE WHEN launch_lane.done THEN excluded.at_id ELSE launch_lane.at_id END,
    done = false

-- name: tell
INSERT INTO event (lane, customer_id, id, name, at, properties, source) VALUES ($1, $2, $3, $4, $5, $6, 'motet')

-- Giving back ---------------------------------------------------------------------------------

-- name: list_message_ids
SELECT id FROM message WHERE lane = $1 AND customer_id = $2

-- name: take_out
-- What belongs to these enrollments, and these messages, out of the winner's.
WITH enrollment AS (
    DELETE FROM enrollment e WHERE e.lane = $1 AND e.customer_id = $2 AND e.id = ANY ($3) RETURNING to_jsonb(e) AS row
), message AS (
    DELETE FROM message m WHERE m.lane = $1 AND m.customer_id = $2 AND m.id = ANY ($4) RETURNING to_jsonb(m) AS row
), decision AS (
    DELETE FROM decision d WHERE d.lane = $1 AND d.customer_id = $2 AND (d.id = ANY ($5) OR d.enrollment_id = ANY ($3))
    RETURNING to_jsonb(d) AS row
), inbox AS (
    DELETE FROM inbox_item i WHERE i.lane = $1 AND i.customer_id = $2 AND i.id = ANY ($4) RETURNING to_jsonb(i) AS row
)
SELECT jsonb_build_object(
    'enrollments', coalesce((SELECT jsonb_agg(row) FROM enrollment), '[]'),
    'messages', coalesce((SELECT jsonb_agg(row) FROM message), '[]'),
    'decisions', coalesce((SELECT jsonb_agg(row) FROM decision), '[]'),
    'inbox', coalesce((SELECT jsonb_agg(row) FROM inbox), '[]')) AS packed

-- name: is_building
-- Whether a build that counts is open in this lane.
SELECT EXISTS (SELECT FROM build_lane b JOIN measure m ON m.build_id = b.build_id WHERE b.lane = $1 AND b.status < 4)

-- name: has_refused
-- Whether the customer said no to something since.
SELECT EXISTS (SELECT FROM event
                WHERE lane = $1 AND customer_id = $2 AND id >= $3 AND name IN ('unsubscribe', 'complaint'))

-- name: list_taken
-- All that the customer took in and whose record is kept, the oldest first.
SELECT t.id, t.kind, t.loser_id, t.packed -> 'standing' AS standing, t.packed -> 'counted' AS counted,
       t.packed -> 'tallies' AS tallies, t.record -> 'standing' AS before, t.record ->> 'done' AS done,
       t.record -> 'known' AS known
FROM transfer t
WHERE t.lane = $1 AND t.winner_id = $2 AND t.kind IN (2, 5) AND t.done_at IS NOT NULL
ORDER BY t.xid, t.id

-- name: list_status
SELECT m.id, m.status FROM unnest($1::smallint[], $2::uuid[]) AS n (lane, id)
JOIN merge m ON m.lane = n.lane AND m.id = n.id

-- name: read_past
-- What the log still has of one lane's part of a customer, between two snapshots ($3 NULL: from the beginning). What
-- was forwarded is in the log of the id that it was sent to, too.
SELECT e.id, e.customer_id, e.name, e.at, e.properties, e.message_id, e.value, e.source
FROM event e
WHERE e.lane = $1 AND e.customer_id = $2
  AND ($3::text IS NULL OR NOT pg_visible_in_snapshot(e.xid, $3::text::pg_snapshot))
  AND ($4::text IS NULL OR pg_visible_in_snapshot(e.xid, $4::text::pg_snapshot))
  AND (e.source NOT LIKE 'forward%' OR ($3::text IS NOT NULL AND NOT EXISTS (
        SELECT FROM unnest($5::smallint[], $6::uuid[]) AS g (lane, id)
        JOIN event o ON o.lane = g.lane AND o.customer_id = g.id AND o.id = e.id)))
ORDER BY e.id
