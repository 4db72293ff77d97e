-- What the engine and delivery run.

-- name: list_campaigns
SELECT id, status, revision_id FROM campaign

-- name: list_programs
-- Every revision of a campaign that may still have somebody in it or something to say.
SELECT r.id, r.program FROM revision r JOIN campaign c ON c.id = r.campaign_id
WHERE c.status IN (2, 3, 4, 5) OR c.updated_at > now() - interval '7 days'

-- name: read_policy
SELECT value FROM setting WHERE key = 'policy'
