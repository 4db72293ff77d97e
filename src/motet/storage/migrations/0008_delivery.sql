-- Delivery: what must not wait behind bulk, what was put off, and who is not answering.

-- Written by the engine with the message. Transactional messages have a queue of their own, so that a campaign of a
-- million in the other costs them nothing; a bulk row pays the predicate only.
ALTER TABLE message ADD COLUMN transactional boolean DEFAULT false;  -- NULL in what was set aside before: no
CREATE INDEX message_first ON message (lane, channel, priority DESC, send_at)
    WHERE send_at IS NOT NULL AND transactional;

-- An unknown message waits as well: for its receipt, until `send_at`.
UPDATE message SET send_at = now() + interval '1 day' WHERE status = 5 AND send_at IS NULL;

-- Token buckets, a row a key (`email`, `email.to.gmail.com`). They are small, and a reference table on Citus.
-- `line_at` is where the line of those who found the bucket empty ends. `keep` to `granted` are of the
-- last call.
CREATE TABLE throttle (
    key     text PRIMARY KEY,
    rate    double precision NOT NULL,   -- tokens a second
    burst   double precision NOT NULL,   -- tokens it holds at most
    tokens  double precision NOT NULL,
    at      timestamptz NOT NULL,        -- when `tokens` was right
    line_at timestamptz NOT NULL,
    keep    double precision NOT NULL,
    want    integer NOT NULL,
    lines   boolean NOT NULL,
    granted integer NOT NULL
) WITH (fillfactor = 50);

-- Providers (or hosts of webhooks) that a worker has given a rest to. Rows of dead workers mean nothing.
CREATE TABLE delivery_trouble (
    worker_id uuid NOT NULL,
    channel   smallint NOT NULL,
    provider  text NOT NULL,
    place     text NOT NULL,             -- the host, where a provider serves many; else empty
    since     timestamptz NOT NULL,
    detail    text NOT NULL,
    PRIMARY KEY (worker_id, channel, place)
);
