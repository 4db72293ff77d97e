-- Imports that a person starts on a screen are rows as well, and a worker takes them up.

-- status: 1 waiting, 2 running, 3 done, 4 refused, 5 stopped. A running one whose process died goes on from `position`.
ALTER TABLE import_job
    ADD COLUMN kind         text NOT NULL DEFAULT 'customers',   -- customers | events
    ADD COLUMN status       smallint NOT NULL DEFAULT 2,
    ADD COLUMN name         text NOT NULL DEFAULT '',            -- of the file, as the person calls it; only shown
    ADD COLUMN file         text,                                -- in the folder of uploads; NULL: of the command line
    ADD COLUMN size         bigint NOT NULL DEFAULT 0,           -- bytes
    ADD COLUMN options      jsonb NOT NULL DEFAULT '{}',         -- mapping, and how events are taken
    ADD COLUMN error        text,
    ADD COLUMN requested_by text NOT NULL DEFAULT '',
    ADD COLUMN run_at       timestamptz,                         -- when the present or last run began
    ADD COLUMN run_rows     bigint NOT NULL DEFAULT 0;           -- rows that were committed then

UPDATE import_job SET status = 3 WHERE finished_at IS NOT NULL;
