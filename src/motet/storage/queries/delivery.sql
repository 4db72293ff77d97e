-- The queue of approved messages, and what became of them. One lane and one channel a statement.

-- name: survey
-- Lanes with something to send on a channel now.
SELECT l.lane FROM lane l
WHERE EXISTS (SELECT FROM message m
               WHERE m.lane = l.lane AND m.channel = $1 AND m.send_at <= $2 AND m.campaign_id <> ALL ($3))

-- name: peek
SELECT customer_id, id, campaign_id, revision_id, step, priority, attempts, approved_at
FROM message
WHERE lane = $1 AND channel = $2 AND send_at <= $3 AND campaign_id <> ALL ($4)
ORDER BY priority DESC, send_at
LIMIT $5

-- name: load_contexts
SELECT id, context FROM enrollment
WHERE lane = $1 AND customer_id = ANY ($2) AND id = ANY ($3) AND context IS NOT NULL

-- name: claim
-- `sending`, committed before the wire. Who comes second gets nothing: the status has changed.
WITH claimed AS (
    UPDATE message m SET status = 2, send_at = NULL, attempts = m.attempts + 1
    FROM unnest($2::uuid[], $3::uuid[]) AS n (customer_id, id)
    WHERE m.lane = $1 AND m.customer_id = n.customer_id AND m.id = n.id AND m.status = 1
    RETURNING m.customer_id, m.id
), noted AS (
    INSERT INTO delivery_claim (lane, id, worker_id, channel, claimed_at, customer_ids, message_ids)
    SELECT $1, $4, $5, $6, $7, array_agg(customer_id), array_agg(id) FROM claimed HAVING count(*) > 0
)
SELECT id FROM claimed

-- name: record
-- What the provider said. A receipt that came sooner keeps its status.
UPDATE message m
SET status = CASE WHEN m.status IN (2, 5) THEN n.status ELSE m.status END,
    send_at = CASE WHEN m.status IN (2, 5) THEN n.send_at ELSE m.send_at END,
    sent_at = coalesce(m.sent_at, n.sent_at),
    failed_at = coalesce(m.failed_at, n.failed_at),
    provider = $2,
    provider_ref = n.provider_ref,
    error = n.error
FROM unnest($3::uuid[], $4::uuid[], $5::smallint[], $6::timestamptz[], $7::timestamptz[], $8::timestamptz[],
            $9::text[], $10::text[])
  AS n (customer_id, id, status, send_at, sent_at, failed_at, provider_ref, error)
WHERE m.lane = $1 AND m.customer_id = n.customer_id AND m.id = n.id

-- name: drop_claim
DELETE FROM delivery_claim WHERE lane = $1 AND id = $2 RETURNING true

-- name: refuse
-- Refused by the second look, before the wire.
UPDATE message m SET status = 6, send_at = NULL, error = n.error
FROM unnest($2::uuid[], $3::uuid[], $4::text[]) AS n (customer_id, id, error)
WHERE m.lane = $1 AND m.customer_id = n.customer_id AND m.id = n.id AND m.status = 1
RETURNING m.id

-- name: list_orphans
-- Claims whose worker is gone.
SELECT c.lane, c.id, c.customer_ids, c.message_ids FROM delivery_claim c
WHERE c.channel = $1 AND c.worker_id <> $3
  AND NOT EXISTS (SELECT FROM worker w WHERE w.id = c.worker_id AND w.seen_at > now() - $2::interval)
LIMIT 100

-- name: settle_orphan
-- Back to the queue where the provider honours a key; else unknown.
UPDATE message m
SET status = $4, send_at = $5
FROM unnest($2::uuid[], $3::uuid[]) AS n (customer_id, id)
WHERE m.lane = $1 AND m.customer_id = n.customer_id AND m.id = n.id AND m.status = 2
RETURNING m.campaign_id
