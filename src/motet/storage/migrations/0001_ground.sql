-- The ground. Hot tables start their key with `lane`, so that one lane's work stays in one place
-- (one node, on Citus); definitions are small and would be reference tables there.
-- Numbers for channels, statuses, reasons and verdicts are those of motet.core.words and .reasons.

-- Definitions ---------------------------------------------------------------------------------

CREATE TABLE setting (
    key   text PRIMARY KEY,
    value jsonb NOT NULL
);

CREATE TABLE campaign (
    id           uuid PRIMARY KEY,
    name         text NOT NULL UNIQUE,
    title        text NOT NULL,
    status       smallint NOT NULL,
    revision_id  uuid NOT NULL,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    started_at   timestamptz,
    ended_at     timestamptz,
    next_scan_at timestamptz          -- when a state trigger looks over its audience again
);

CREATE TABLE revision (
    id          uuid PRIMARY KEY,
    campaign_id uuid NOT NULL,
    number      integer NOT NULL,
    document    jsonb NOT NULL,       -- as its author wrote it
    program     jsonb NOT NULL,       -- as it runs
    created_at  timestamptz NOT NULL,
    UNIQUE (campaign_id, number)
);

-- One call of `launch`, or one look of a state trigger; each lane keeps its own progress.
CREATE TABLE launch (
    id          uuid PRIMARY KEY,
    campaign_id uuid NOT NULL,
    revision_id uuid NOT NULL,
    kind        text NOT NULL,        -- audience | customers | state
    created_at  timestamptz NOT NULL
);

CREATE TABLE worker (
    id         uuid PRIMARY KEY,
    kind       text NOT NULL,         -- engine | delivery
    detail     text NOT NULL,         -- host and process id
    started_at timestamptz NOT NULL,
    seen_at    timestamptz NOT NULL
);

CREATE TABLE import_job (
    id          uuid PRIMARY KEY,
    path        text NOT NULL,
    fingerprint text NOT NULL,        -- of the file and the mapping
    position    bigint NOT NULL,      -- bytes of the file that are committed
    rows        bigint NOT NULL,
    accepted    bigint NOT NULL,
    changed     bigint NOT NULL,
    rejected    bigint NOT NULL,
    started_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    finished_at timestamptz,
    UNIQUE (fingerprint)
);

-- Lanes ---------------------------------------------------------------------------------------

-- The lease, and the cursor over the event log. `done` is a snapshot: every event it sees has been
-- applied. `target` is the one being worked through, up to (at_xid, at_id). A transaction that commits
-- late is not seen by `done`, however old its xid, so the cursor cannot skip it.
CREATE TABLE lane (
    lane       smallint PRIMARY KEY,
    owner      uuid,
    fence      bigint NOT NULL DEFAULT 0,
    expires_at timestamptz,
    done       pg_snapshot NOT NULL DEFAULT '1:1:',
    target     pg_snapshot,
    at_xid     xid8 NOT NULL DEFAULT '0',
    at_id      uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000'
);

CREATE TABLE launch_lane (
    lane      smallint NOT NULL,
    launch_id uuid NOT NULL,
    at_id     uuid NOT NULL,          -- customers up to here are enrolled
    customers uuid[],                 -- the named ones; NULL means the target segments
    enrolled  bigint NOT NULL DEFAULT 0,
    refused   bigint NOT NULL DEFAULT 0,
    done      boolean NOT NULL DEFAULT false,
    PRIMARY KEY (lane, launch_id)
);
CREATE INDEX launch_lane_open ON launch_lane (lane) WHERE NOT done;

-- Customers -----------------------------------------------------------------------------------

CREATE TABLE customer (
    lane                smallint NOT NULL,
    id                  uuid NOT NULL,
    external_id         text NOT NULL,
    email               text,
    phone               text,
    devices             jsonb NOT NULL DEFAULT '[]',
    handles             jsonb NOT NULL DEFAULT '{}',
    attributes          jsonb NOT NULL DEFAULT '{}',
    tags                text[] NOT NULL DEFAULT '{}',
    lifecycle_stage     text NOT NULL DEFAULT 'prospect',
    timezone            text,
    locale              text,
    preferences         jsonb NOT NULL DEFAULT '{}',
    caps                jsonb NOT NULL DEFAULT '{}',
    consents            jsonb NOT NULL DEFAULT '{}',
    suppressions        jsonb NOT NULL DEFAULT '{}',
    last_interaction_at timestamptz,
    last_purchase_at    timestamptz,
    created_at          timestamptz NOT NULL,
    updated_at          timestamptz NOT NULL,
    PRIMARY KEY (lane, id)
) WITH (fillfactor = 85);

-- Who has an identifier. Its lanes are by hash of the value, not of the customer.
CREATE TABLE identifier (
    lane        smallint NOT NULL,
    kind        smallint NOT NULL,    -- 1 external id, 2 email, 3 phone
    value       text COLLATE "C" NOT NULL,
    customer_id uuid NOT NULL,
    PRIMARY KEY (lane, kind, value)
);

-- Events --------------------------------------------------------------------------------------

-- Append-only. `id` is a UUIDv7 of the moment of receipt, so partitions by day are ranges of ids.
CREATE TABLE event (
    lane        smallint NOT NULL,
    customer_id uuid NOT NULL,
    id          uuid NOT NULL,
    xid         xid8 NOT NULL DEFAULT pg_current_xact_id(),
    name        text NOT NULL,
    at          timestamptz NOT NULL,
    properties  jsonb,
    message_id  uuid,
    value       double precision NOT NULL DEFAULT 0,
    source      text NOT NULL,
    PRIMARY KEY (lane, customer_id, id)
) PARTITION BY RANGE (id);
CREATE INDEX event_cursor ON event (lane, xid, id);

-- Senders' own event ids, kept for the deduplication window, then dropped with their day.
CREATE TABLE event_seen (
    lane smallint NOT NULL,
    key  uuid NOT NULL,
    day  date NOT NULL,
    PRIMARY KEY (lane, key, day)
) PARTITION BY RANGE (day);

-- Journeys ------------------------------------------------------------------------------------

CREATE TABLE enrollment (
    lane        smallint NOT NULL,
    customer_id uuid NOT NULL,
    id          uuid NOT NULL,
    campaign_id uuid NOT NULL,
    revision_id uuid NOT NULL,
    step        smallint NOT NULL,
    visit       smallint NOT NULL,
    status      smallint NOT NULL,
    holds       smallint NOT NULL DEFAULT 0,
    failures    smallint NOT NULL DEFAULT 0,
    entered_at  timestamptz NOT NULL,
    arrived_at  timestamptz NOT NULL,  -- at the present step
    due_at      timestamptz,
    ended_at    timestamptz,
    exit_reason text,
    context     jsonb,
    PRIMARY KEY (lane, customer_id, id)
) WITH (fillfactor = 80);
CREATE INDEX enrollment_due ON enrollment (lane, due_at) WHERE due_at IS NOT NULL;

-- The ledger: one row for each (enrollment, step visit, channel), which the id spells.
-- `send_at` is set only while the message waits for delivery, so that the queue's index holds what waits
-- and the later changes of a row touch no index.
CREATE TABLE message (
    lane         smallint NOT NULL,
    customer_id  uuid NOT NULL,
    id           uuid NOT NULL,
    campaign_id  uuid NOT NULL,
    revision_id  uuid NOT NULL,
    step         smallint NOT NULL,
    channel      smallint NOT NULL,
    priority     smallint NOT NULL,
    status       smallint NOT NULL,
    attempts     smallint NOT NULL DEFAULT 0,
    reasons      smallint[] NOT NULL,
    send_at      timestamptz,
    approved_at  timestamptz NOT NULL,
    sent_at      timestamptz,
    delivered_at timestamptz,
    opened_at    timestamptz,
    clicked_at   timestamptz,
    converted_at timestamptz,
    failed_at    timestamptz,
    provider     text,
    provider_ref text,
    error        text,
    PRIMARY KEY (lane, customer_id, id)
) PARTITION BY RANGE (id);
CREATE INDEX message_queue ON message (lane, channel, priority DESC, send_at) WHERE send_at IS NOT NULL;

-- What was held or dropped, and refused entries. What was sent keeps its reasons on its message.
CREATE TABLE decision (
    lane          smallint NOT NULL,
    customer_id   uuid NOT NULL,
    id            uuid NOT NULL,
    campaign_id   uuid NOT NULL,
    enrollment_id uuid,               -- NULL: the entry itself was refused
    step          smallint,
    channel       smallint,
    verdict       smallint NOT NULL,
    reasons       smallint[] NOT NULL,
    until         timestamptz,
    at            timestamptz NOT NULL,
    PRIMARY KEY (lane, customer_id, id)
) PARTITION BY RANGE (id);

-- Which messages a delivery worker has in hand: one row a batch, gone when the batch is recorded.
CREATE TABLE delivery_claim (
    lane         smallint NOT NULL,
    id           uuid NOT NULL,
    worker_id    uuid NOT NULL,
    channel      smallint NOT NULL,
    claimed_at   timestamptz NOT NULL,
    customer_ids uuid[] NOT NULL,
    message_ids  uuid[] NOT NULL,
    PRIMARY KEY (lane, id)
);

-- The in-app inbox: what our own in-app provider delivered.
CREATE TABLE inbox_item (
    lane        smallint NOT NULL,
    customer_id uuid NOT NULL,
    id          uuid NOT NULL,        -- of the message
    title       text NOT NULL,
    body        text NOT NULL,
    url         text NOT NULL,
    created_at  timestamptz NOT NULL,
    read_at     timestamptz,
    PRIMARY KEY (lane, customer_id, id)
);

CREATE INDEX inbox_newest ON inbox_item (lane, created_at DESC);

-- Counts --------------------------------------------------------------------------------------

-- Written in the transaction of what they count, so they are exact. `metric`: 1 sent, 2 delivered,
-- 3 failed, 4 opened, 5 clicked, 6 converted, 7 unsubscribed, 8 complained, 9 dropped, 10 held,
-- 11 enrolled, 12 finished, 13 unknown, 14 approved. Channel 0: not of one channel.
CREATE TABLE stat (
    lane        smallint NOT NULL,
    campaign_id uuid NOT NULL,
    hour        timestamptz NOT NULL,
    channel     smallint NOT NULL,
    metric      smallint NOT NULL,
    count       bigint NOT NULL,
    value       double precision NOT NULL,   -- revenue, for converted
    PRIMARY KEY (lane, campaign_id, hour, channel, metric)
) WITH (fillfactor = 70);

CREATE TABLE step_stat (
    lane        smallint NOT NULL,
    revision_id uuid NOT NULL,
    step        smallint NOT NULL,
    entered     bigint NOT NULL,
    departed    bigint NOT NULL,      -- present = entered - departed
    PRIMARY KEY (lane, revision_id, step)
) WITH (fillfactor = 70);

CREATE TABLE reason_stat (
    lane        smallint NOT NULL,
    campaign_id uuid NOT NULL,
    channel     smallint NOT NULL,
    verdict     smallint NOT NULL,
    reason      smallint NOT NULL,
    count       bigint NOT NULL,
    PRIMARY KEY (lane, campaign_id, channel, verdict, reason)
) WITH (fillfactor = 70);
