-- The columnar log: which Parquet files count, and what they cover. A file that no row here names does not exist.

-- One row a lane. `covered` is a snapshot: every event that it sees is in a file, and no other is. `customers_at` is
-- the engine's cursor at the moment when the lane's customers were written: whoever has an event that it does not see
-- may have changed since. NULL: not written yet.
CREATE TABLE archive_lane (
    lane         smallint PRIMARY KEY,
    covered      pg_snapshot NOT NULL DEFAULT '1:1:',
    customers_at pg_snapshot,
    segments     integer[] NOT NULL DEFAULT '{}',  -- the segment revisions that were live then
    changed      bigint NOT NULL DEFAULT 0,        -- at most so many customers have changed since
    written_at   timestamptz
);

-- kind: 1 events, 2 customers. Files are never changed: a new one replaces several, and those are deleted later.
CREATE TABLE archive_file (
    id          uuid PRIMARY KEY,
    kind        smallint NOT NULL,
    path        text NOT NULL,           -- below the archive's folder
    lane        smallint,                -- of customers
    first_day   date,                    -- of events: the days of receipt, in UTC
    last_day    date,
    rows        bigint NOT NULL,
    bytes       bigint NOT NULL,
    max_xid     xid8 NOT NULL DEFAULT '0',
    learned     jsonb NOT NULL,          -- names, kinds and examples of what is in it
    created_at  timestamptz NOT NULL,
    replaced_at timestamptz
);
CREATE INDEX archive_file_present ON archive_file (kind, lane) WHERE replaced_at IS NULL;
