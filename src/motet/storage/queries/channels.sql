-- What providers keep in our own database.

-- name: insert_inbox_items
-- $1 lane, then arrays: $2 customers, $3 messages, $4 titles, $5 bodies, $6 urls; $7 the moment.
-- Those who hear of it are told by customer, once for each, and only of what is new.
WITH new AS (
    INSERT INTO inbox_item (lane, customer_id, id, title, body, url, created_at)
    SELECT $1, given.customer_id, given.id, given.title, given.body, given.url, $7
    FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[])
        AS given (customer_id, id, title, body, url)
    ON CONFLICT (lane, customer_id, id) DO NOTHING
    RETURNING customer_id
)
SELECT pg_notify('motet_inbox', heard.customer_id::text)
FROM (SELECT DISTINCT customer_id FROM new) AS heard;
