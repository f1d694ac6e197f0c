-- What is counted of each window (C20), at every width (C47: sums of the narrowest ones), brand and source (C16).

CREATE MACRO window_of(time_ms, width_ms) AS time_ms - ((time_ms % width_ms) + width_ms) % width_ms;

-- Each fact counts in its brand and in '*' (C15), unless it says otherwise.
CREATE TABLE mention_fact AS
WITH whole AS (
    SELECT heard.*, judged.counts FROM heard
    LEFT JOIN judged USING (source, brand, customer, id, feed, epoch, seq)
)
SELECT * FROM whole WHERE counts_for_brand AND brand <> ''
UNION ALL
SELECT * REPLACE ('*' AS brand) FROM whole WHERE counts_for_all;

CREATE TABLE mention_count AS
SELECT
    window_of(time_ms, width_ms) AS start_ms, width_ms, brand, source,
    count(*) FILTER (counts) AS received,
    count(*) FILTER (NOT counts) AS duplicates,
    count(*) FILTER (counts IS NULL) AS waiting,
    count(*) FILTER (counts AND role = 'customer' AND actionable) AS customer_actionable,
    count(*) FILTER (counts AND role = 'customer' AND NOT actionable) AS customer_other,
    count(*) FILTER (counts AND role = 'brand') AS by_brand,
    count(*) FILTER (counts AND role = 'bot') AS by_bot,
    count(*) FILTER (counts AND role = 'none') AS no_brand,
    count(*) FILTER (counts AND escalate) AS escalated,
    count(*) FILTER (counts AND role IN ('brand', 'bot') AND diverts <> '' AND addressed) AS diverting_replies
FROM mention_fact, width
GROUP BY ALL;

-- C5: intents of customers' rows only, reasons and kinds of personal data of any row that counts.
CREATE TABLE label_count AS
WITH label AS (
    SELECT time_ms, brand, source, 'intent' AS kind, intent AS name
    FROM mention_fact WHERE counts AND role = 'customer' AND intent IS NOT NULL
    UNION ALL
    SELECT time_ms, brand, source, 'reason', unnest(list_distinct(reasons)) FROM mention_fact WHERE counts
    UNION ALL
    SELECT time_ms, brand, source, 'pii', unnest(list_distinct(pii)) FROM mention_fact WHERE counts
), counted AS (
    SELECT window_of(time_ms, width_ms) AS start_ms, width_ms, brand, source, kind, name, count(*) AS n
    FROM label, width
    GROUP BY ALL
)
SELECT
    start_ms, width_ms, brand, source,
    coalesce(map_from_entries(list((name, n)) FILTER (kind = 'intent')), MAP {}) AS intents,
    coalesce(map_from_entries(list((name, n)) FILTER (kind = 'reason')), MAP {}) AS reasons,
    coalesce(map_from_entries(list((name, n)) FILTER (kind = 'pii')), MAP {}) AS pii
FROM counted
GROUP BY ALL;

CREATE TABLE case_fact AS
SELECT * FROM case_found UNION ALL SELECT * REPLACE ('*' AS brand) FROM case_found;

CREATE TABLE case_count AS
SELECT
    window_of(opened_ms, width_ms) AS start_ms, width_ms, brand, source,
    count(*) AS opened,
    count(*) FILTER (outcome = 'missed') AS missed,
    count(*) FILTER (outcome = 'stalled') AS stalled,
    count(*) FILTER (outcome = 'diverted') AS diverted,
    count(*) FILTER (outcome = 'resolved') AS resolved,
    count(*) FILTER (outcome = 'pending') AS pending,
    count(*) FILTER (first_response_ms IS NOT NULL) AS replied,
    count(*) FILTER (recontact) AS recontact,
    count(*) FILTER (reopened > 0) AS reopened,
    count(*) FILTER (sla_breached) AS breached,
    count(*) FILTER (NOT sla_breached) AS kept,
    count(*) FILTER (outcome = 'pending' AND first_response_ms IS NULL) AS unheard_yet
FROM case_fact, width
GROUP BY ALL;

-- C42: tiers of two brands have nothing in common.
CREATE TABLE tier_count AS
WITH counted AS (
    SELECT
        window_of(opened_ms, width_ms) AS start_ms, width_ms, brand, source, tier,
        count(*) AS opened, count(*) FILTER (sla_breached) AS breached, count(*) FILTER (NOT sla_breached) AS kept
    FROM case_found, width
    GROUP BY ALL
)
SELECT
    start_ms, width_ms, brand, source,
    map_from_entries(list((tier, as_rate(breached, breached + kept, opened - breached - kept)) ORDER BY tier))
        AS sla_by_tier
FROM counted
GROUP BY ALL;

CREATE TABLE tweet_fact AS
SELECT * FROM tweet UNION ALL SELECT * REPLACE ('*' AS brand) FROM tweet;

CREATE TABLE tweet_count AS
SELECT
    window_of(time_ms, width_ms) AS start_ms, width_ms, brand, source, band_place,
    count(*) FILTER (became = 'answered') AS answered,
    count(*) FILTER (became = 'unanswered') AS unanswered,
    count(*) FILTER (became = 'pending') AS pending
FROM tweet_fact, width
GROUP BY ALL;

-- C43: bands by the followers that the author had in that tweet.
CREATE TABLE band_count AS
SELECT
    start_ms, width_ms, brand, tweet_count.source,
    sum(answered)::BIGINT AS answered, sum(unanswered)::BIGINT AS unanswered, sum(pending)::BIGINT AS pending,
    map_from_entries(list((name, as_rate(answered, answered + unanswered, pending)) ORDER BY name)) AS by_followers
FROM tweet_count
JOIN band ON band.place = band_place
GROUP BY ALL;

-- Capture counts under '*': gaps at their predecessor's feed time, notices at their own (C28), lines with a timely
-- mention at the mention's (C44).
CREATE TABLE capture_count AS
WITH fact AS (
    SELECT from_ms AS time_ms, source, CASE WHEN is_certain THEN missed ELSE 0 END AS missed_exact,
        0 AS missed_upstream, 0 AS mention_lines, (NOT is_certain)::INT AS undecided
    FROM gap_found WHERE cause = 'sequence'
    UNION ALL
    SELECT from_ms, source, 0, CASE WHEN is_certain THEN missed ELSE 0 END, 0, (NOT is_certain)::INT
    FROM gap_found WHERE cause = 'limit'
    UNION ALL
    SELECT stamp.time_ms, source, 0, 0, 1, 0
    FROM stamp
    JOIN (SELECT feed, any_value(source) AS source FROM epoch GROUP BY feed) AS feed USING (feed)
    WHERE stamp.kind = 'mention'
)
SELECT
    window_of(time_ms, width_ms) AS start_ms, width_ms, '*' AS brand, source,
    sum(missed_exact)::BIGINT AS missed_exact, sum(missed_upstream)::BIGINT AS missed_upstream,
    sum(mention_lines)::BIGINT AS mention_lines, sum(undecided)::BIGINT AS undecided
FROM fact, width
GROUP BY ALL;
