-- The in-app inbox, as its owner's page and the outbox screen read it.

-- name: list_inbox
SELECT id, title, body, url, created_at, read_at FROM inbox_item
WHERE lane = $1 AND customer_id = $2
ORDER BY created_at DESC, id DESC
LIMIT $3

-- name: read_inbox_item
-- Marks one read, once. `first` says that it was unread.
WITH old AS (
    SELECT id, url, read_at FROM inbox_item WHERE lane = $1 AND customer_id = $2 AND id = $3
), marked AS (
    UPDATE inbox_item SET read_at = $4
    WHERE lane = $1 AND customer_id = $2 AND id = $3 AND read_at IS NULL
    RETURNING id
)
SELECT old.url, (SELECT count(*) FROM marked) > 0 AS first FROM old

-- name: list_newest_inbox
-- A page over all lanes, before a moment: the head of each lane, then the head of those.
SELECT i.id, i.customer_id, i.title, i.body, i.url, i.created_at, i.read_at, c.external_id, c.attributes
FROM (SELECT x.* FROM lane l
      CROSS JOIN LATERAL (SELECT * FROM inbox_item y
                           WHERE y.lane = l.lane AND y.created_at < $1
                             AND ($3 = '' OR strpos(lower(y.title || ' ' || y.body), $3) > 0)
                           ORDER BY y.created_at DESC LIMIT $2) x
      ORDER BY x.created_at DESC LIMIT $2) i
LEFT JOIN customer c ON c.lane = i.lane AND c.id = i.customer_id
ORDER BY i.created_at DESC

-- name: find_inbox_item
-- By the message alone: its lane is in its id.
SELECT i.id, i.customer_id, i.title, i.body, i.url, i.created_at, i.read_at, c.external_id, c.attributes
FROM inbox_item i
LEFT JOIN customer c ON c.lane = i.lane AND c.id = i.customer_id
WHERE i.lane = $1 AND i.id = $2

-- name: find_moved_item
-- Over all lanes: its customer was merged into one of another.
SELECT i.id, i.customer_id, i.title, i.body, i.url, i.created_at, i.read_at, c.external_id, c.attributes
FROM inbox_item i
LEFT JOIN customer c ON c.lane = i.lane AND c.id = i.customer_id
WHERE i.lane IN (SELECT lane FROM lane) AND i.id = $1

-- name: list_customer_inbox
-- What one customer got since a moment.
SELECT i.id, i.customer_id, i.title, i.body, i.url, i.created_at, i.read_at, c.external_id, c.attributes
FROM inbox_item i
LEFT JOIN customer c ON c.lane = i.lane AND c.id = i.customer_id
WHERE i.lane = $1 AND i.customer_id = $2 AND i.created_at > $3
ORDER BY i.created_at

-- name: count_inbox
-- Bounded: beyond that nobody counts by eye.
SELECT count(*) FROM (SELECT FROM inbox_item LIMIT 10000) x
