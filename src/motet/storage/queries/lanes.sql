-- Leases on lanes, and the register of workers.

-- name: register_worker
INSERT INTO worker (id, kind, detail, started_at, seen_at) VALUES ($1, $2, $3, now(), now())

-- name: beat
-- False when the register has forgotten this worker: it was taken for dead.
UPDATE worker SET seen_at = now() WHERE id = $1 RETURNING true

-- name: forget_worker
DELETE FROM worker WHERE id = $1

-- name: count_alive
SELECT count(*) FROM worker WHERE kind = $1 AND seen_at > now() - $2::interval

-- name: sweep_workers
DELETE FROM worker WHERE seen_at < now() - interval '1 hour'

-- name: take
-- Takes one lane when it is free or its lease has run out. The fence rises with every change of hands.
UPDATE lane SET owner = $2, fence = fence + 1, expires_at = now() + $3::interval
WHERE lane = $1 AND (owner IS NULL OR expires_at < now())
RETURNING fence

-- name: renew
UPDATE lane SET expires_at = now() + $3::interval WHERE lane = $1 AND owner = $2 RETURNING fence

-- name: release
UPDATE lane SET owner = NULL, expires_at = NULL WHERE lane = $1 AND owner = $2

-- name: list_free
SELECT lane FROM lane WHERE owner IS NULL OR expires_at < now() ORDER BY lane

-- name: lock
-- The fence that every commit checks: no row means that the lane has another owner.
SELECT true FROM lane WHERE lane = $1 AND owner = $2 AND fence = $3 FOR NO KEY UPDATE
