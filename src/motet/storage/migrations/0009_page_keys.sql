-- A key that stands in a page or an app is read by everybody: it must not be able to make two known customers one.
ALTER TABLE write_key ADD COLUMN page boolean NOT NULL DEFAULT false;
