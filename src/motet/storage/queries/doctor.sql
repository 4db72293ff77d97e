-- name: list_migrations
SELECT name, digest FROM migration ORDER BY name;

-- name: read_clock
SELECT clock_timestamp() AS now, current_setting('server_version_num')::integer AS version;

-- name: list_partitions
SELECT c.relname AS name
FROM pg_inherits i
JOIN pg_class c ON c.oid = i.inhrelid
JOIN pg_class p ON p.oid = i.inhparent
WHERE p.relname = ANY($1::text[]);

-- name: read_archive
-- The oldest row of the log that no file holds yet.
SELECT min(e.id::text)::uuid AS oldest
FROM lane l LEFT JOIN archive_lane a ON a.lane = l.lane
CROSS JOIN LATERAL (
    SELECT e.id FROM event e
    WHERE e.lane = l.lane AND e.xid >= pg_snapshot_xmin(coalesce(a.covered, '1:1:'))
      AND NOT pg_visible_in_snapshot(e.xid, coalesce(a.covered, '1:1:'))
    ORDER BY e.xid, e.id
    LIMIT 1) e
