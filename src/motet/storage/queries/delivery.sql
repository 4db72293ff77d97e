-- The queue of approved messages, and what became of them. One lane and one channel a statement.
-- What waits has a `send_at`: approved messages, and unknown ones (5) until their deadline.

-- name: survey
-- Lanes with something to send on a channel now.
SELECT l.lane FROM lane l
WHERE EXISTS (SELECT FROM message m
               WHERE m.lane = l.lane AND m.channel = $1 AND m.send_at <= $2 AND m.transactional IS NOT TRUE
                 AND m.campaign_id <> ALL ($3))

-- name: survey_first
SELECT l.lane FROM lane l
WHERE EXISTS (SELECT FROM message m
               WHERE m.lane = l.lane AND m.channel = $1 AND m.send_at <= $2 AND m.transactional
                 AND m.campaign_id <> ALL ($3))

-- name: peek
-- The oldest of each priority, by the index; then in the order of their rank.
SELECT m.customer_id, m.id, m.campaign_id, m.revision_id, m.step, m.priority, m.attempts, m.approved_at, m.status
FROM unnest($6::smallint[], $7::interval[]) AS p (priority, lead)
CROSS JOIN LATERAL (
    SELECT * FROM message
    WHERE lane = $1 AND channel = $2 AND priority = p.priority AND send_at <= $3 AND transactional IS NOT TRUE
      AND campaign_id <> ALL ($4)
    ORDER BY send_at
    LIMIT $5
) m
ORDER BY m.send_at - p.lead
LIMIT $5

-- name: peek_first
SELECT customer_id, id, campaign_id, revision_id, step, priority, attempts, approved_at, status
FROM message
WHERE lane = $1 AND channel = $2 AND send_at <= $3 AND transactional AND campaign_id <> ALL ($4)
ORDER BY priority DESC, send_at
LIMIT $5

-- name: load_contexts
SELECT id, context FROM enrollment
WHERE lane = $1 AND customer_id = ANY ($2) AND id = ANY ($3) AND context IS NOT NULL

-- name: claim
-- `sending`, committed before the wire. Who comes second gets nothing: the status has changed, or the attempts have.
WITH claimed AS (
    UPDATE message m SET status = 2, send_at = NULL, attempts = m.attempts + 1
    FROM unnest($2::uuid[], $3::uuid[], $8::smallint[]) AS n (customer_id, id, attempts)
    WHERE m.lane = $1 AND m.customer_id = n.customer_id AND m.id = n.id AND m.attempts = n.attempts
      AND m.status IN (1, 5) AND m.send_at IS NOT NULL
    RETURNING m.customer_id, m.id
), noted AS (
    INSERT INTO delivery_claim (lane, id, worker_id, channel, claimed_at, customer_ids, message_ids)
    SELECT $1, $4, $5, $6, $7, array_agg(customer_id), array_agg(id) FROM claimed HAVING count(*) > 0
)
SELECT id FROM claimed

-- name: postpone
-- Not now: its domain is throttled, or its receiver does not answer. No attempt is spent.
UPDATE message m SET send_at = n.send_at
FROM unnest($2::uuid[], $3::uuid[], $4::smallint[], $5::timestamptz[]) AS n (customer_id, id, attempts, send_at)
WHERE m.lane = $1 AND m.customer_id = n.customer_id AND m.id = n.id AND m.attempts = n.attempts
  AND m.status IN (1, 5) AND m.send_at IS NOT NULL

-- name: record
-- What the provider said. A receipt that came sooner keeps its status; so does a later attempt of somebody else, unless
-- this answer is the last word.
UPDATE message m
SET status = CASE WHEN m.status IN (2, 5) AND (n.status IN (3, 4) OR m.attempts = n.attempts)
                  THEN n.status ELSE m.status END,
    send_at = CASE WHEN m.status IN (2, 5) AND (n.status IN (3, 4) OR m.attempts = n.attempts)
                   THEN n.send_at ELSE m.send_at END,
    sent_at = coalesce(m.sent_at, n.sent_at),
    failed_at = coalesce(m.failed_at, n.failed_at),
    provider = $2,
    provider_ref = n.provider_ref,
    error = n.error
FROM unnest($3::uuid[], $4::uuid[], $5::smallint[], $6::timestamptz[], $7::timestamptz[], $8::timestamptz[],
            $9::text[], $10::text[], $11::smallint[])
  AS n (customer_id, id, status, send_at, sent_at, failed_at, provider_ref, error, attempts)
WHERE m.lane = $1 AND m.customer_id = n.customer_id AND m.id = n.id

-- name: drop_claim
DELETE FROM delivery_claim WHERE lane = $1 AND id = $2 RETURNING true

-- name: refuse
-- Refused by the second look, before the wire.
UPDATE message m SET status = 6, send_at = NULL, error = coalesce(n.error, m.error)
FROM unnest($2::uuid[], $3::uuid[], $4::smallint[], $5::text[]) AS n (customer_id, id, attempts, error)
WHERE m.lane = $1 AND m.customer_id = n.customer_id AND m.id = n.id AND m.attempts = n.attempts
  AND m.status IN (1, 5) AND m.send_at IS NOT NULL
RETURNING m.id

-- name: list_orphans
-- Claims whose worker is gone. Nobody was seen in times to come: what says so was written before the database's clock
-- went back.
SELECT c.lane, c.id, c.customer_ids, c.message_ids FROM delivery_claim c
WHERE c.channel = $1 AND c.worker_id <> $3
  AND NOT EXISTS (SELECT FROM worker w
                   WHERE w.id = c.worker_id AND w.seen_at > now() - $2::interval AND w.seen_at < now() + $2::interval)
LIMIT 100

-- name: list_own
-- What one worker has claimed.
SELECT lane, id, customer_ids, message_ids FROM delivery_claim WHERE channel = $1 AND worker_id = $2

-- name: give_back
-- Claimed and certainly never pushed: it waits again, and no attempt is spent.
UPDATE message m SET status = 1, send_at = $4, attempts = m.attempts - 1
FROM unnest($2::uuid[], $3::uuid[]) AS n (customer_id, id)
WHERE m.lane = $1 AND m.customer_id = n.customer_id AND m.id = n.id AND m.status = 2

-- name: settle_orphan
-- Nobody knows whether it was sent: unknown, until it is sent again under its key, or lost. Revisions of $5 are sent
-- again at $6 while they have had fewer than $7 attempts.
UPDATE message m
SET status = 5, send_at = CASE WHEN m.revision_id = ANY ($5::uuid[]) AND m.attempts < $7
                               THEN $6::timestamptz ELSE $4::timestamptz END
FROM unnest($2::uuid[], $3::uuid[]) AS n (customer_id, id)
WHERE m.lane = $1 AND m.customer_id = n.customer_id AND m.id = n.id AND m.status = 2
RETURNING m.campaign_id

-- name: reserve
-- Tokens of several buckets in one statement, by the database's clock; in the order of their keys, so that nobody
-- deadlocks. A negative `want` gives tokens back. `wait`: seconds until the end of the line, in which the caller's own
-- missing tokens stand last. A clock that stands before the row's (a statement that waited for the row) adds nothing.
INSERT INTO throttle AS t (key, rate, burst, keep, want, lines, at, granted, tokens, line_at)
SELECT n.key, n.rate, n.burst, n.keep, n.want, n.lines, now(), g.granted, least(n.burst, n.burst - g.granted),
       now() + CASE WHEN n.lines THEN greatest(0, n.want - g.granted) / n.rate ELSE 0 END * interval '1 s'
FROM unnest($1::text[], $2::float8[], $3::float8[], $4::float8[], $5::integer[], $6::boolean[])
  AS n (key, rate, burst, keep, want, lines)
CROSS JOIN LATERAL (SELECT least(n.want, greatest(0, floor(n.burst - n.keep)))::integer AS granted) g
ORDER BY n.key
ON CONFLICT (key) DO UPDATE
SET (rate, burst, keep, want, lines, at, granted, tokens, line_at) = (
    SELECT excluded.rate, excluded.burst, excluded.keep, excluded.want, excluded.lines, greatest(t.at, excluded.at),
           g.granted, least(excluded.burst, g.level - g.granted),
           CASE WHEN excluded.lines AND excluded.want > g.granted
                THEN greatest(t.line_at, excluded.at) + (excluded.want - g.granted) / excluded.rate * interval '1 s'
                ELSE t.line_at END
    FROM (SELECT l.level, least(excluded.want, greatest(0, floor(l.level - excluded.keep)))::integer AS granted
          FROM (SELECT least(excluded.burst,
                             t.tokens + excluded.rate * greatest(0, extract(epoch FROM excluded.at - t.at))) AS level
               ) l) g)
RETURNING key, granted, extract(epoch FROM line_at - now())::float8 AS wait

-- name: list_troubles
-- Who is not answering, as the workers that live tell.
SELECT d.channel, d.provider, d.place, min(d.since) AS since, min(d.detail) AS detail, count(*) AS workers
FROM delivery_trouble d
JOIN worker w ON w.id = d.worker_id AND w.seen_at > now() - $1::interval AND w.seen_at < now() + $1::interval
GROUP BY d.channel, d.provider, d.place
ORDER BY d.channel, d.place

-- name: forget_troubles
DELETE FROM delivery_trouble d
WHERE d.worker_id = $1 OR NOT EXISTS (SELECT FROM worker w WHERE w.id = d.worker_id)

-- name: tell_troubles
INSERT INTO delivery_trouble (worker_id, channel, provider, place, since, detail)
SELECT $1, n.channel, n.provider, n.place, n.since, n.detail
FROM unnest($2::smallint[], $3::text[], $4::text[], $5::timestamptz[], $6::text[])
  AS n (channel, provider, place, since, detail)
