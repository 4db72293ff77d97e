-- Profiles and identifiers. Statements name one lane, or carry the lane in their arrays; only the
-- look-ups that a person starts from a screen go over all lanes.

-- name: load_customers
-- Empty maps come as NULL: most of them are empty, and a NULL costs no decoding.
SELECT id, external_id, email, phone, nullif(devices, '[]') AS devices, nullif(handles, '{}') AS handles,
       nullif(attributes, '{}') AS attributes, nullif(tags, '{}') AS tags, lifecycle_stage, timezone, locale,
       nullif(preferences, '{}') AS preferences, nullif(caps, '{}') AS caps, nullif(consents, '{}') AS consents,
       nullif(suppressions, '{}') AS suppressions, last_interaction_at, last_purchase_at, created_at,
       nullif(topics, '{}') AS topics
FROM customer
WHERE lane = $1 AND id = ANY ($2)

-- name: find_owners
-- Who has these identifiers. The lanes are those of the identifiers.
SELECT n.place, i.customer_id
FROM unnest($1::text::smallint[], $2::text::smallint[], $3::text[]) WITH ORDINALITY AS n (lane, kind, value, place)
JOIN identifier i ON i.lane = n.lane AND i.kind = n.kind AND i.value = n.value

-- name: claim_identifiers
-- Waits for another transaction that claims the same ones, then leaves them to it: fewer rows come back.
-- The arrays are sorted by (lane, kind, value), so that two claims of the same ones never wait in a circle.
INSERT INTO identifier (lane, kind, value, customer_id)
SELECT n.lane, n.kind, n.value, n.customer_id
FROM unnest($1::text::smallint[], $2::text::smallint[], $3::text[], $4::uuid[]) AS n (lane, kind, value, customer_id)
ON CONFLICT DO NOTHING

-- name: list_nameless
-- Which of these customers were never given an external id: theirs is their own id in text.
SELECT c.id
FROM unnest($1::smallint[], $2::uuid[]) AS n (lane, id)
JOIN customer c ON c.lane = n.lane AND c.id = n.id
WHERE c.external_id = c.id::text

-- name: merge_customers
-- Writes only what differs, merging into the row as it is now: the sub-query locks the rows in one order
-- and reads them again if another transaction was first, so no field is lost and nobody waits in a circle.
-- An array that is NULL is a field that nobody gave. What is cleared goes first.
WITH merged AS MATERIALIZED (
    SELECT c.lane, c.id, m.*
    FROM (SELECT lane, id, external_id, email, phone, devices::jsonb, handles::jsonb, attributes::jsonb, tags::jsonb,
                 remove_tags::jsonb, lifecycle_stage, timezone, locale, preferences::jsonb, topics::jsonb, caps::jsonb,
                 consents::jsonb, refusals::jsonb, last_interaction_at, last_purchase_at, created_at, clear::jsonb
          FROM unnest($1::smallint[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                      $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[],
                      $15::text[], $16::text[], $17::text[], $18::text[], $19::timestamptz[], $20::timestamptz[],
                      $21::timestamptz[], $22::text[])
            AS u (lane, id, external_id, email, phone, devices, handles, attributes, tags, remove_tags, lifecycle_stage,
                  timezone, locale, preferences, topics, caps, consents, refusals, last_interaction_at,
                  last_purchase_at, created_at, clear)) n
    JOIN customer c ON c.lane = n.lane AND c.id = n.id
    CROSS JOIN LATERAL (
        SELECT CASE WHEN c.external_id = c.id::text THEN coalesce(n.external_id, c.external_id)
                    ELSE c.external_id END AS external_id,
               coalesce(n.email, CASE WHEN n.clear ? 'email' THEN NULL ELSE c.email END) AS email,
               coalesce(n.phone, CASE WHEN n.clear ? 'phone' THEN NULL ELSE c.phone END) AS phone,
               CASE WHEN n.devices IS NULL OR c.devices @> n.devices THEN c.devices
                    ELSE (SELECT coalesce(jsonb_agg(d), '[]') FROM jsonb_array_elements(c.devices) d
                           WHERE NOT EXISTS (SELECT FROM jsonb_array_elements(n.devices) x
                                              WHERE x -> 'token' = d -> 'token')) || n.devices END AS devices,
               c.handles || coalesce(n.handles, '{}') AS handles,
               CASE WHEN n.clear IS NULL THEN c.attributes
                    ELSE c.attributes - ARRAY (SELECT substr(x, 12) FROM jsonb_array_elements_text(n.clear) x
                                                WHERE x LIKE 'attributes.%') END
                 || coalesce(n.attributes, '{}') AS attributes,
               CASE WHEN n.tags IS NULL AND n.remove_tags IS NULL THEN c.tags
                    ELSE ARRAY (SELECT t.tag COLLATE "C" FROM (
                                    SELECT unnest(c.tags) AS tag
                                    UNION SELECT jsonb_array_elements_text(n.tags)) t
                                WHERE n.remove_tags IS NULL OR NOT n.remove_tags ? t.tag
                                ORDER BY 1) END AS tags,
               coalesce(n.lifecycle_stage, c.lifecycle_stage) AS lifecycle_stage,
               coalesce(n.timezone, CASE WHEN n.clear ? 'timezone' THEN NULL ELSE c.timezone END) AS timezone,
               coalesce(n.locale, CASE WHEN n.clear ? 'locale' THEN NULL ELSE c.locale END) AS locale,
               c.preferences || coalesce(n.preferences, '{}') AS preferences,
               c.topics || coalesce(n.topics, '{}') AS topics,
               c.caps || coalesce(n.caps, '{}') AS caps,
               coalesce(n.consents, '{}') || c.consents || coalesce(n.refusals, '{}') AS consents,
               greatest(c.last_interaction_at, n.last_interaction_at) AS last_interaction_at,
               greatest(c.last_purchase_at, n.last_purchase_at) AS last_purchase_at,
               least(c.created_at, n.created_at) AS created_at
    ) m
    WHERE (m.external_id, m.email, m.phone, m.devices, m.handles, m.attributes, m.tags, m.lifecycle_stage, m.timezone,
           m.locale, m.preferences, m.topics, m.caps, m.consents, m.last_interaction_at, m.last_purchase_at,
           m.created_at)
          IS DISTINCT FROM
          (c.external_id, c.email, c.phone, c.devices, c.handles, c.attributes, c.tags, c.lifecycle_stage, c.timezone,
           c.locale, c.preferences, c.topics, c.caps, c.consents, c.last_interaction_at, c.last_purchase_at,
           c.created_at)
    ORDER BY c.lane, c.id
    FOR NO KEY UPDATE OF c
)
UPDATE customer c
SET external_id = m.external_id, email = m.email, phone = m.phone, devices = m.devices, handles = m.handles,
    attributes = m.attributes, tags = m.tags, lifecycle_stage = m.lifecycle_stage, timezone = m.timezone,
    locale = m.locale, preferences = m.preferences, topics = m.topics, caps = m.caps, consents = m.consents,
    last_interaction_at = m.last_interaction_at, last_purchase_at = m.last_purchase_at,
    created_at = m.created_at, updated_at = $23
FROM merged m
WHERE c.lane = m.lane AND c.id = m.id
RETURNING c.id

-- name: let_addresses_go
-- Addresses that customers cleared are nobody's, except the one they have now.
DELETE FROM identifier i
USING unnest($1::uuid[], $2::smallint[], $3::text[]) AS n (customer_id, kind, kept)
WHERE i.customer_id = n.customer_id AND i.kind = n.kind AND i.value IS DISTINCT FROM n.kept

-- name: load_anywhere
-- As load_customers, for ids of many lanes; the newest first.
SELECT c.id, c.external_id, c.email, c.phone, c.devices, c.handles, c.attributes, c.tags, c.lifecycle_stage, c.timezone,
       c.locale, c.preferences, c.caps, c.consents, c.suppressions, c.last_interaction_at, c.last_purchase_at,
       c.created_at, c.topics
FROM unnest($1::smallint[], $2::uuid[]) AS n (lane, id)
JOIN customer c ON c.lane = n.lane AND c.id = n.id
ORDER BY c.id DESC

-- name: list_present
SELECT c.id
FROM unnest($1::smallint[], $2::uuid[]) AS n (lane, id)
JOIN customer c ON c.lane = n.lane AND c.id = n.id

-- name: list_newest
-- A page over all lanes: the head of each, then the head of those.
SELECT id, external_id, email, phone, devices, handles, attributes, tags, lifecycle_stage, timezone, locale, preferences, caps,
       consents, suppressions, last_interaction_at, last_purchase_at, created_at, topics
FROM (SELECT c.* FROM lane l
      CROSS JOIN LATERAL (SELECT * FROM customer x
                           WHERE x.lane = l.lane AND x.id < $1 ORDER BY x.id DESC LIMIT $2) c
      ORDER BY c.id DESC LIMIT $2) page
ORDER BY id DESC

-- name: find_prefix
-- Owners of the identifiers that begin with a text; addresses are kept in small letters.
SELECT DISTINCT f.customer_id
FROM lane l
CROSS JOIN LATERAL (
    (SELECT i.customer_id FROM identifier i
      WHERE i.lane = l.lane AND i.kind = 1 AND i.value >= $1 AND i.value < $2 LIMIT 500)
    UNION ALL
    (SELECT i.customer_id FROM identifier i
      WHERE i.lane = l.lane AND i.kind = 2 AND i.value >= $3 AND i.value < $4 LIMIT 500)
    UNION ALL
    (SELECT i.customer_id FROM identifier i
      WHERE i.lane = l.lane AND i.kind = 3 AND i.value >= $1 AND i.value < $2 LIMIT 500)) f

-- name: search_names
SELECT id, external_id, email, phone, devices, handles, attributes, tags, lifecycle_stage, timezone, locale, preferences, caps,
       consents, suppressions, last_interaction_at, last_purchase_at, created_at, topics
FROM (SELECT c.* FROM lane l
      CROSS JOIN LATERAL (SELECT * FROM customer x
                           WHERE x.lane = l.lane AND x.id < $1
                             AND (x.tags @> ARRAY[$4]
                                  OR concat_ws(' ', x.attributes ->> 'first_name', x.attributes ->> 'last_name',
                                               x.attributes ->> 'name') ILIKE $3)
                           ORDER BY x.id DESC LIMIT $2) c
      ORDER BY c.id DESC LIMIT $2) page
ORDER BY id DESC
