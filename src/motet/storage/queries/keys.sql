-- Write keys. Few rows, of no lane.

-- name: add
-- No row comes back when a key that is good has the name. Whoever holds the keys in memory is told.
WITH added AS (
    INSERT INTO write_key (id, name, digest, created_at, page) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (name) WHERE revoked_at IS NULL DO NOTHING
    RETURNING id)
SELECT id, pg_notify('motet_keys', id::text) FROM added

-- name: list
SELECT id, name, created_at, revoked_at, page FROM write_key ORDER BY created_at, id

-- name: revoke
WITH revoked AS (
    UPDATE write_key SET revoked_at = coalesce(revoked_at, $2) WHERE id = $1
    RETURNING id)
SELECT id, pg_notify('motet_keys', id::text) FROM revoked

-- name: list_good
SELECT digest, page FROM write_key WHERE revoked_at IS NULL
