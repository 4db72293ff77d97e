-- Journeys: what a step remembers, when a goal was reached, and how many may enter.

-- `state` is what the present step remembers, gone when the step is left; `reached_at` is when the first of the
-- program's goals was reached. Both are NULL for most, and a NULL costs no room in the row.
ALTER TABLE enrollment
    ADD COLUMN state      jsonb,
    ADD COLUMN reached_at timestamptz;

-- How many entered a campaign that has `max_entries`: written in the transaction that enrols them, and refused there
-- when it would be more. One small row a campaign (a reference table on Citus), only of campaigns that have a limit.
CREATE TABLE entry_budget (
    campaign_id uuid PRIMARY KEY,
    entered     bigint NOT NULL
) WITH (fillfactor = 50);

-- A launch of kind `move` walks over those who stand in older revisions of its campaign: `launch_lane.enrolled` counts
-- who moved, `refused` who stayed where they were.
