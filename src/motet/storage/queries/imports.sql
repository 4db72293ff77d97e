-- Imports and how far they are. One job for each content of a file, kind and mapping.

-- name: find_job
SELECT id, position, rows, accepted, changed, rejected, finished_at IS NOT NULL AS finished
FROM import_job
WHERE fingerprint = $1

-- name: make_job
INSERT INTO import_job (id, path, fingerprint, kind, name, size, requested_by, position, rows, accepted, changed,
                        rejected, started_at, updated_at, status)
VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, 0, 0, 0, $8, $8, 2)
ON CONFLICT (fingerprint) DO NOTHING

-- name: begin_run
-- The job of a finished import begins again, one that was stopped in the middle goes on.
UPDATE import_job
SET path = $2,
    size = $3,
    status = 2,
    error = NULL,
    position = CASE WHEN finished_at IS NULL THEN position ELSE 0 END,
    rows = CASE WHEN finished_at IS NULL THEN rows ELSE 0 END,
    accepted = CASE WHEN finished_at IS NULL THEN accepted ELSE 0 END,
    changed = CASE WHEN finished_at IS NULL THEN changed ELSE 0 END,
    rejected = CASE WHEN finished_at IS NULL THEN rejected ELSE 0 END,
    started_at = CASE WHEN finished_at IS NULL THEN started_at ELSE $4 END,
    updated_at = $4,
    run_at = $4,
    run_rows = CASE WHEN finished_at IS NULL THEN rows ELSE 0 END,
    finished_at = NULL
WHERE id = $1
RETURNING id, position, rows, accepted, changed, rejected

-- name: save_job
UPDATE import_job
SET position = $2, rows = $3, accepted = $4, changed = $5, rejected = $6, updated_at = $7, finished_at = $8,
    status = CASE WHEN $8::timestamptz IS NULL THEN status ELSE 3 END
WHERE id = $1
RETURNING status

-- name: lock_job
-- Held by the session: it is let go when the importer dies, however it dies.
SELECT pg_try_advisory_lock($1, $2)

-- name: unlock_job
SELECT pg_advisory_unlock($1, $2)

-- name: ask_job
-- A file that a person brought. NULL comes back when the same content was brought before.
INSERT INTO import_job (id, path, fingerprint, kind, name, size, requested_by, position, rows, accepted, changed,
                        rejected, started_at, updated_at, status, file, options)
VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, 0, 0, 0, $8, $8, 1, $9, $10)
ON CONFLICT (fingerprint) DO NOTHING
RETURNING id

-- name: ask_again
-- The same content once more: from the start when it was finished, else from where it stopped.
UPDATE import_job
SET status = 1,
    error = NULL,
    name = $2,
    file = $3,
    path = $3,
    size = $4,
    options = $6,
    updated_at = $5,
    run_at = NULL,
    position = CASE WHEN finished_at IS NULL THEN position ELSE 0 END,
    rows = CASE WHEN finished_at IS NULL THEN rows ELSE 0 END,
    accepted = CASE WHEN finished_at IS NULL THEN accepted ELSE 0 END,
    changed = CASE WHEN finished_at IS NULL THEN changed ELSE 0 END,
    rejected = CASE WHEN finished_at IS NULL THEN rejected ELSE 0 END,
    started_at = CASE WHEN finished_at IS NULL THEN started_at ELSE $5 END,
    finished_at = NULL
WHERE id = $1

-- name: list_waiting
-- A running one is listed too: when nobody holds its lock, its process is gone.
SELECT id, fingerprint, kind, name, file, options
FROM import_job
WHERE file IS NOT NULL AND status IN (1, 2) AND finished_at IS NULL
ORDER BY started_at

-- name: refuse_job
UPDATE import_job SET status = 4, error = $2, updated_at = $3 WHERE id = $1 AND finished_at IS NULL

-- name: stop_job
UPDATE import_job SET status = 5, updated_at = $2 WHERE id = $1 AND status IN (1, 2) RETURNING id

-- name: list_jobs
SELECT id, kind, status, name, path, file, size, position, rows, accepted, changed, rejected, started_at, updated_at,
       finished_at, run_at, run_rows, error, options, requested_by
FROM import_job
ORDER BY started_at DESC
LIMIT $1

-- name: read_job
SELECT id, kind, status, name, path, file, size, position, rows, accepted, changed, rejected, started_at, updated_at,
       finished_at, run_at, run_rows, error, options, requested_by
FROM import_job
WHERE id = $1

-- name: find_fingerprint
SELECT id, status, file, finished_at FROM import_job WHERE fingerprint = $1

-- name: count_waiting
SELECT count(*) FROM import_job WHERE file IS NOT NULL AND status IN (1, 2)
