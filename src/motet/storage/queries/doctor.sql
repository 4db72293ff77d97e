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
