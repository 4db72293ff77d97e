-- Leases on lanes, and the register of workers.

-- name: register_worker
INSERT INTO worker (id, kind, detail, started_at, seen_at) VALUES ($1, $2, $3, now(), now())

-- name: beat
-- False when the register has forgotten this worker: it was taken for dead.
UPDATE worker SET seen_at = now() WHERE id = $1 RETURNING true

-- name: forget_worker
DELETE FROM worker WHERE id = $1

-- name: count_alive
-- Nobody was seen in times to come: what says so was written before the database's clock went back.
SELECT count(*) FROM worker
WHERE kind = $1 AND seen_at > now() - $2::interval AND seen_at < now() + $2::interval

-- name: sweep_workers
DELETE FROM worker WHERE seen_at < now() - interval '1 hour'

-- name: take
-- Takes one lane when it is free or its lease has run out. The fence rises with every change of hands. Nobody waits for
-- a row that is locked: its owner may be stopped in the middle of a commit, and who waits renews nothing of his own.
UPDATE lane SET owner = $2, fence = fence + 1, expires_at = now() + $3::interval
WHERE lane = (SELECT lane FROM lane
               WHERE lane = $1 AND (owner IS NULL OR expires_at < now() OR expires_at > now() + 2 * $3::interval)
                 FOR NO KEY UPDATE SKIP LOCKED)
RETURNING fence

-- name: break_in
-- Ends the session that locks an expired lane and has waited for its own client for a whole lease: that worker was
-- stopped, or cut off, in the middle of its commit. A session that works is left alone, however long it takes.
SELECT pg_terminate_backend(k.pid, 1000)
FROM lane l
JOIN pg_locks k ON k.locktype = 'transactionid' AND k.transactionid = l.xmax AND k.granted
JOIN pg_stat_activity a ON a.pid = k.pid
WHERE l.lane = $1 AND l.expires_at < now()
  AND a.wait_event_type = 'Client' AND a.state_change < now() - $2::interval

-- name: renew_idle
-- All at once, but for lanes that are in a commit just now: their rows are held, and waiting for one would hold the others.
UPDATE lane l SET expires_at = now() + $3::interval
FROM (SELECT lane FROM lane WHERE lane = ANY ($1) AND owner = $2 FOR NO KEY UPDATE SKIP LOCKED) held
WHERE l.lane = held.lane AND l.owner = $2
RETURNING l.lane, l.fence

-- name: renew
UPDATE lane SET expires_at = now() + $3::interval WHERE lane = $1 AND owner = $2 RETURNING fence

-- name: release
UPDATE lane SET owner = NULL, expires_at = NULL WHERE lane = $1 AND owner = $2

-- name: list_free
-- A lease that ends later than any lease can was given before the database's clock went back.
SELECT lane FROM lane WHERE owner IS NULL OR expires_at < now() OR expires_at > now() + 2 * $1::interval ORDER BY lane

-- name: lock
-- The fence that every commit checks: no row means that the lane has another owner.
SELECT true FROM lane WHERE lane = $1 AND owner = $2 AND fence = $3 FOR NO KEY UPDATE
