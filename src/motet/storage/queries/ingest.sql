-- What arrives. A batch of events spans lanes; each row carries its own.

-- name: claim_keys
-- Claims each key for each of the days; returns the keys that somebody claimed before, within the window. The keys come
-- sorted, so that two batches with the same ones never wait in a circle. The transaction has its id after this,
-- whatever was claimed: the log is read in the order of the ids.
WITH asked AS MATERIALIZED (
    SELECT n.lane, n.key, d.day
    FROM unnest($1::smallint[], $2::uuid[]) WITH ORDINALITY AS n (lane, key, place)
    CROSS JOIN unnest($3::date[]) AS d (day)
    WHERE pg_current_xact_id() IS NOT NULL
    ORDER BY n.place, d.day
), claimed AS (
    INSERT INTO event_seen (lane, key, day) SELECT lane, key, day FROM asked
    ON CONFLICT DO NOTHING
    RETURNING key, day
)
SELECT a.key FROM asked a LEFT JOIN claimed c ON c.key = a.key AND c.day = a.day WHERE c.key IS NULL
UNION
SELECT s.key
FROM unnest($1::smallint[], $2::uuid[]) AS n (lane, key)
JOIN event_seen s ON s.lane = n.lane AND s.key = n.key
WHERE s.day >= $4 AND s.day < ($3::date[])[1]

-- name: wake
SELECT pg_notify('motet_work', $1)

-- name: find_event
SELECT true FROM event WHERE lane = $1 AND customer_id = $2 AND id = $3

-- name: list_lanes
SELECT lane FROM lane ORDER BY lane

-- name: list_attribute_names
SELECT DISTINCT jsonb_object_keys(attributes) AS name FROM customer WHERE lane = $1

-- name: list_map_keys
-- The keys of the other maps, as field.key.
SELECT DISTINCT f.field || '.' || k.key AS name
FROM customer c
CROSS JOIN LATERAL (VALUES ('handles', c.handles), ('preferences', c.preferences), ('caps', c.caps),
                           ('consents', c.consents)) f (field, map)
CROSS JOIN LATERAL jsonb_object_keys(f.map) k (key)
WHERE c.lane = $1

-- name: read_page
SELECT id, external_id, email, phone, nullif(devices, '[]') AS devices, nullif(handles, '{}') AS handles,
       nullif(attributes, '{}') AS attributes, nullif(tags, '{}') AS tags, lifecycle_stage, timezone, locale,
       nullif(preferences, '{}') AS preferences, nullif(caps, '{}') AS caps, nullif(consents, '{}') AS consents,
       nullif(suppressions, '{}') AS suppressions, last_interaction_at, last_purchase_at, created_at,
       nullif(topics, '{}') AS topics
FROM customer
WHERE lane = $1 AND id > $2
ORDER BY id
LIMIT $3
