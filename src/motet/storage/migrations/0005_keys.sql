-- Write keys: what lets a website, an app or a server send events to /v1.

-- Only a digest is kept (SHA-256; the keys are random, so that nothing can be guessed), so nobody reads a key again.
CREATE TABLE write_key (
    id         uuid PRIMARY KEY,
    name       text NOT NULL,
    digest     bytea NOT NULL UNIQUE,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE UNIQUE INDEX write_key_name ON write_key (name) WHERE revoked_at IS NULL;
