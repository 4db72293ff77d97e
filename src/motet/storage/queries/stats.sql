-- Counts, added in the transaction of what they count.

-- name: add
INSERT INTO stat (lane, campaign_id, hour, channel, metric, count, value)
SELECT $1, n.campaign_id, $2, n.channel, n.metric, n.count, n.value
FROM unnest($3::uuid[], $4::smallint[], $5::smallint[], $6::bigint[], $7::float8[])
  AS n (campaign_id, channel, metric, count, value)
ORDER BY 2, 4, 5
ON CONFLICT (lane, campaign_id, hour, channel, metric)
DO UPDATE SET count = stat.count + excluded.count, value = stat.value + excluded.value

-- name: add_steps
INSERT INTO step_stat (lane, revision_id, step, entered, departed)
SELECT $1, n.revision_id, n.step, n.entered, n.departed
FROM unnest($2::uuid[], $3::smallint[], $4::bigint[], $5::bigint[]) AS n (revision_id, step, entered, departed)
ORDER BY 2, 3
ON CONFLICT (lane, revision_id, step)
DO UPDATE SET entered = step_stat.entered + excluded.entered, departed = step_stat.departed + excluded.departed

-- name: add_reasons
INSERT INTO reason_stat (lane, campaign_id, channel, verdict, reason, count)
SELECT $1, n.campaign_id, n.channel, n.verdict, n.reason, n.count
FROM unnest($2::uuid[], $3::smallint[], $4::smallint[], $5::smallint[], $6::bigint[])
  AS n (campaign_id, channel, verdict, reason, count)
ORDER BY 2, 3, 4, 5
ON CONFLICT (lane, campaign_id, channel, verdict, reason)
DO UPDATE SET count = reason_stat.count + excluded.count
