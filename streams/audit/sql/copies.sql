-- Which copy of a mention counts. `mention` has every copy that classify judged, once for each brand.

-- One event for each whom a mention concerns; a post to nobody is one too (C23). A mention counts for a brand by the
-- first event, and for '*' and its feed by that of the first configured brand (C15).
CREATE TABLE heard AS
WITH told AS (
    SELECT
        mention.*,
        -- NO brand is last: a mention of no brand is the only row of its line
        row_number() OVER (PARTITION BY mention.source, id, feed, epoch, seq ORDER BY brand.place NULLS LAST) = 1
            AS first_brand,
        coalesce(feed_place.place, (SELECT count(*) FROM feed_place)) AS feed_place,
        CASE WHEN len(customers) = 0 THEN [''] ELSE customers END AS concerned,
        len(customers) > 0 AS addressed
    FROM mention
    LEFT JOIN brand USING (brand)
    LEFT JOIN feed_place USING (feed)
    WHERE NOT late
)
SELECT
    told.* EXCLUDE (concerned, customers, late),
    concerned[nth] AS customer,
    nth = 1 AS counts_for_brand,
    nth = 1 AND first_brand AS counts_for_all
FROM told, unnest(range(1, len(concerned) + 1)) AS one(nth);

-- C1: of the copies of one time the first by (feed order, epoch, seq).
CREATE TABLE copy AS
SELECT
    *,
    row_number() OVER (
        PARTITION BY source, brand, customer, id, time_ms ORDER BY feed_place, feed, epoch, seq
    ) = 1 AS first_of_time
FROM heard, rule
WHERE time_ms < rule.watermark_ms;

-- C2: what comes back up to dedupe_ms after the last copy that counted is a duplicate, later it counts anew.
CREATE TABLE counted_time AS
WITH RECURSIVE times AS (
    SELECT source, brand, customer, id, time_ms FROM copy WHERE first_of_time
), counted AS (
    SELECT source, brand, customer, id, min(time_ms) AS time_ms, max(time_ms) AS last_ms
    FROM times
    GROUP BY ALL
    UNION ALL
    SELECT counted.source, counted.brand, counted.customer, counted.id, min(times.time_ms), counted.last_ms
    FROM counted
    JOIN rule ON counted.time_ms + rule.dedupe_ms < counted.last_ms
    JOIN times
        ON times.source = counted.source AND times.brand = counted.brand AND times.customer = counted.customer
        AND times.id = counted.id AND times.time_ms > counted.time_ms + rule.dedupe_ms
    GROUP BY counted.source, counted.brand, counted.customer, counted.id, counted.last_ms
)
SELECT source, brand, customer, id, time_ms FROM counted;

CREATE TABLE judged AS
SELECT
    copy.*,
    first_of_time AND counted_time.id IS NOT NULL AS counts
FROM copy
LEFT JOIN counted_time USING (source, brand, customer, id, time_ms);
