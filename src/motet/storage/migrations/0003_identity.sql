-- Who is who: customers that became one, the ids that are gone, and what travels between lanes.

ALTER TABLE customer ADD COLUMN topics jsonb NOT NULL DEFAULT '{}';

-- Kinds 4 and 5 join: an anonymous id, and an id of a name of its own ("loyalty:123").
-- The index finds all that one customer goes by: a merge hands them over.
CREATE INDEX identifier_owner ON identifier (customer_id);

-- An id that is gone, and who it is now: never one that is gone itself. Whatever arrives for a gone id is the other's.
-- `settled` is the transaction that took the customer out of its lane; NULL while they are still in it.
CREATE TABLE alias (
    lane        smallint NOT NULL,    -- of the id that is gone
    id          uuid NOT NULL,
    customer_id uuid NOT NULL,
    merge_id    uuid NOT NULL,
    settled     xid8,
    PRIMARY KEY (lane, id)
);
CREATE INDEX alias_now ON alias (customer_id, merge_id);

-- Every merge that was asked for. status: 1 asked, 2 on the way, 3 merged, 4 undo asked, 5 on the way back, 6 undone,
-- 7 refused.
CREATE TABLE merge (
    lane        smallint NOT NULL,    -- of the loser
    id          uuid NOT NULL,
    loser_id    uuid NOT NULL,
    winner_id   uuid NOT NULL,
    cause       text NOT NULL,        -- identified | address | alias | person
    status      smallint NOT NULL,
    reason      text,                 -- of a refusal
    identifiers jsonb NOT NULL DEFAULT '[]',  -- [kind, value] of what was the loser's
    swallowed   uuid[] NOT NULL DEFAULT '{}', -- gone ids that were the loser's
    asked_at    timestamptz NOT NULL,
    merged_at   timestamptz,
    undone_at   timestamptz,
    PRIMARY KEY (lane, id)
);
CREATE INDEX merge_loser ON merge (loser_id);
CREATE INDEX merge_winner ON merge (winner_id);

-- What an engine has to do for a merge, by lane. kind: 1 give the loser away, 2 take the loser in, 3 give the loser
-- back, 4 take the loser back, 5 take in what a build counted for an id that is gone. What 2 carried is kept, with the
-- winner as they were before and after it: it is the record for an undo. Old partitions (by month of the id) are dropped.
CREATE TABLE transfer (
    lane      smallint NOT NULL,      -- where it is to be done
    id        uuid NOT NULL,          -- of the merge; of its own for kind 5
    kind      smallint NOT NULL,
    loser_id  uuid NOT NULL,
    winner_id uuid NOT NULL,
    xid       xid8 NOT NULL DEFAULT pg_current_xact_id(),
    packed    jsonb,                  -- rows as they were, by table
    record    jsonb,                  -- of kind 2 once it is done: the winner before and after it
    done_at   timestamptz,
    PRIMARY KEY (lane, id, kind)
) PARTITION BY RANGE (id);
CREATE INDEX transfer_open ON transfer (lane) WHERE done_at IS NULL;
