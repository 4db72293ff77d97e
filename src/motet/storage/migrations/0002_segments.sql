-- Segments, computed traits, and what they need to know of the past.

-- A segment's name stays; each edit is a revision with a number of its own, built beside the one that is live.
-- status: 1 building for the first time, 2 live, 3 archived.
CREATE TABLE segment (
    id          uuid PRIMARY KEY,
    name        text NOT NULL UNIQUE,
    title       text NOT NULL,
    description text NOT NULL DEFAULT '',
    status      smallint NOT NULL,
    number      integer NOT NULL DEFAULT 0,   -- of the live revision; 0 before the first is built
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL
);

CREATE TABLE segment_revision (
    number     integer PRIMARY KEY,           -- what `standing.segments` holds
    segment_id uuid NOT NULL,
    document   jsonb NOT NULL,
    created_at timestamptz NOT NULL
);

-- A computed trait: one aggregate over a customer's events, under a name.
CREATE TABLE trait (
    name       text PRIMARY KEY,
    title      text NOT NULL,
    document   jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

-- What is counted for each customer as events arrive: an event, conditions on it, and how much of the past is kept.
-- `spec` is read by motet.core.filters; the same spec is counted once, whoever asks.
CREATE TABLE measure (
    number     integer PRIMARY KEY,
    digest     text NOT NULL UNIQUE,
    spec       jsonb NOT NULL,
    build_id   uuid NOT NULL,                 -- the build that counts what happened before
    ready      boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL
);

-- A build counts new measures over the whole log and looks over every customer.
CREATE TABLE build (
    id             uuid PRIMARY KEY,
    segment_number integer,                   -- NULL: measures of a trait only
    created_at     timestamptz NOT NULL,
    finished_at    timestamptz,
    error          text
);

-- Each lane by itself: 1 asked; 2 the engine counts live from `since` on; 3 everything before `since` is counted, in
-- `build_tally`; 4 done. `since` is the lane's cursor: a pg_snapshot whose events the engine has applied.
CREATE TABLE build_lane (
    lane      smallint NOT NULL,
    build_id  uuid NOT NULL,
    status    smallint NOT NULL DEFAULT 1,
    since     pg_snapshot,
    at_id     uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',  -- customers up to here are looked over
    looked    bigint NOT NULL DEFAULT 0,
    customers bigint NOT NULL DEFAULT 0,      -- how many there are to look over
    PRIMARY KEY (lane, build_id)
);
CREATE INDEX build_lane_open ON build_lane (lane) WHERE status < 4;

-- What a build counted and the engine has not yet taken over; dropped with the build.
CREATE TABLE build_tally (
    lane        smallint NOT NULL,
    build_id    uuid NOT NULL,
    customer_id uuid NOT NULL,
    tallies     bytea NOT NULL,               -- as in `standing`
    PRIMARY KEY (lane, build_id, customer_id)
);

-- Where a customer stands: segments, tallies by measure, and when a window next changes what is true by itself.
CREATE TABLE standing (
    lane        smallint NOT NULL,
    customer_id uuid NOT NULL,
    segments    integer[] NOT NULL DEFAULT '{}',
    tallies     bytea,                        -- MessagePack: {measure number: Tally}
    flips_at    timestamptz,
    PRIMARY KEY (lane, customer_id)
) WITH (fillfactor = 70);
CREATE INDEX standing_flips ON standing (lane, flips_at) WHERE flips_at IS NOT NULL;

-- How many are in each segment revision; written in the transaction that moves them.
CREATE TABLE segment_count (
    lane    smallint NOT NULL,
    number  integer NOT NULL,
    members bigint NOT NULL,
    PRIMARY KEY (lane, number)
) WITH (fillfactor = 70);
