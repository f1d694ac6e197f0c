-- Durations of each window as histograms, and quantiles read from them: upper edges of buckets (C12).

CREATE TABLE duration AS
SELECT 'first' AS what, opened_ms AS time_ms, brand, source, first_response_ms AS took_ms
FROM case_fact WHERE first_response_ms IS NOT NULL
UNION ALL
-- C33: a case that closed without a reply lasted at least that long
SELECT 'censored', opened_ms, brand, source, closed_ms - opened_ms
FROM case_fact WHERE first_response_ms IS NULL AND closed_ms IS NOT NULL
UNION ALL
SELECT 'next', opened_ms, brand, source, unnest(next_response_ms) FROM case_fact
UNION ALL
SELECT 'resolution', opened_ms, brand, source, resolution_ms FROM case_fact WHERE resolution_ms IS NOT NULL;

-- C12: the smallest bucket whose edge is not below the duration, else the last one, which is open.
CREATE TABLE bucket_count AS
WITH placed AS (
    SELECT duration.*, coalesce(edge.place, (SELECT count(*) FROM edge)) AS bucket, edge.edge_ms
    FROM duration
    ASOF LEFT JOIN edge ON edge.edge_ms >= duration.took_ms
)
SELECT window_of(time_ms, width_ms) AS start_ms, width_ms, brand, source, what, bucket, edge_ms, count(*) AS n
FROM placed, width
GROUP BY ALL;

CREATE TABLE histogram AS
SELECT
    start_ms, width_ms, brand, source, what,
    sum(n)::BIGINT AS n,
    list([edge_ms, n] ORDER BY bucket) AS buckets
FROM bucket_count
GROUP BY ALL;

-- Quantiles of what was observed: the bucket in which the share is reached.
CREATE TABLE observed AS
WITH reached AS (
    SELECT
        *,
        sum(n) OVER (PARTITION BY start_ms, width_ms, brand, source, what ORDER BY bucket) AS so_far,
        sum(n) OVER (PARTITION BY start_ms, width_ms, brand, source, what) AS total
    FROM bucket_count
    WHERE what <> 'censored'
)
SELECT
    start_ms, width_ms, brand, source, what,
    arg_min([edge_ms], bucket) FILTER (2 * so_far >= total)[1] AS p50_ms,
    arg_min([edge_ms], bucket) FILTER (10 * so_far >= 9 * total)[1] AS p90_ms
FROM reached
GROUP BY ALL;

-- C32, C33: Kaplan-Meier, within a bucket replies before closes. With a tolerance for what is rounded.
CREATE TABLE expected_wait AS
WITH ended AS (
    SELECT
        start_ms, width_ms, brand, source, bucket, any_value(edge_ms) AS edge_ms,
        coalesce(sum(n) FILTER (what = 'first'), 0) AS events,
        coalesce(sum(n) FILTER (what = 'censored'), 0) AS closes
    FROM bucket_count
    WHERE what IN ('first', 'censored')
    GROUP BY start_ms, width_ms, brand, source, bucket
), risked AS (
    SELECT
        *,
        sum(events + closes) OVER (
            PARTITION BY start_ms, width_ms, brand, source ORDER BY bucket
            ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
        ) AS at_risk
    FROM ended
), curve AS (
    SELECT
        *,
        product(1 - events / at_risk) OVER (
            PARTITION BY start_ms, width_ms, brand, source ORDER BY bucket
        ) AS survival
    FROM risked
)
SELECT
    start_ms, width_ms, brand, source,
    arg_min([edge_ms], bucket) FILTER (survival <= 0.5 + 1e-12)[1] AS km_p50_ms,
    arg_min([edge_ms], bucket) FILTER (survival <= 0.1 + 1e-12)[1] AS km_p90_ms
FROM curve
GROUP BY ALL;
