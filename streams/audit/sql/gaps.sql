-- What feeds did not deliver, from the numbers of the lines that came.

CREATE TABLE epoch AS
WITH ends AS (
    SELECT
        feed, epoch,
        min(from_seq) FILTER (kind = 'feed-start' AND from_seq > 0) AS first_seq,
        max(to_seq) FILTER (kind = 'end-of-feed') AS last_seq,
        max(to_ms) FILTER (kind = 'end-of-feed') AS end_ms,
        max(settle_ms) FILTER (kind = 'end-of-feed' AND final) AS settle_ms,
        count(*) FILTER (kind = 'end-of-feed' AND final) > 0 AS is_final
    FROM line
    GROUP BY feed, epoch
), came AS (
    SELECT
        feed, epoch,
        min(from_seq) AS lowest_seq, arg_min(from_ms, from_seq) AS lowest_ms,
        max(to_seq) AS highest_seq, arg_max(to_ms, to_seq) AS highest_ms
    FROM line
    WHERE kind NOT IN ('feed-start', 'end-of-feed')
    GROUP BY feed, epoch
), feed_source AS (
    SELECT feed, max(source) AS source FROM line GROUP BY feed
)
SELECT
    *,
    -- Between its first and last number everything counts as sent. C27: nobody knows the last number of an epoch
    -- that did not end, nor the first one of an epoch that nobody announced.
    coalesce(least(first_seq, lowest_seq), 1) AS from_seq,
    coalesce(greatest(last_seq, highest_seq), from_seq - 1) AS to_seq,
    greatest(end_ms, highest_ms) AS over_ms,
    last(is_final) OVER epochs AS feed_ended,
    -- the newer epoch with a line that followed
    min(lowest_ms) FILTER (lowest_ms IS NOT NULL) OVER (
        PARTITION BY feed ORDER BY epoch ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
    ) AS newer_ms
FROM ends
LEFT JOIN came USING (feed, epoch)
JOIN feed_source USING (feed)
WINDOW epochs AS (PARTITION BY feed ORDER BY epoch ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING);

-- Numbers between two runs, before the first and behind the last one, that never came. C28: one counts at its
-- predecessor's feed time; before the first line it has none, and the line's own stands for it.
CREATE TABLE hole AS
WITH runs AS (
    SELECT
        feed, epoch, from_seq, from_ms,
        lag(to_seq) OVER in_order AS before_seq,
        lag(to_ms) OVER in_order AS before_ms
    FROM line
    WHERE kind NOT IN ('feed-start', 'end-of-feed')
    WINDOW in_order AS (PARTITION BY feed, epoch ORDER BY from_seq)
)
SELECT feed, epoch, before_seq + 1 AS from_seq, from_seq - 1 AS to_seq, before_ms AS from_ms, from_ms AS to_ms
FROM runs
WHERE before_seq + 1 < from_seq
UNION ALL
SELECT feed, epoch, first_seq, lowest_seq - 1, lowest_ms, lowest_ms FROM epoch WHERE first_seq < lowest_seq
UNION ALL
SELECT feed, epoch, highest_seq + 1, last_seq, highest_ms, over_ms FROM epoch WHERE last_seq > highest_seq
UNION ALL
SELECT feed, epoch, from_seq, to_seq, end_ms, end_ms FROM epoch WHERE lowest_seq IS NULL AND to_seq >= from_seq;

-- Limit notices are cumulative: in order, one extends the largest counter that is not above it, else opens one of
-- four, else resets the smallest. `counters` are those before the notice.
CREATE TABLE notice AS
WITH RECURSIVE numbered AS (
    SELECT feed, epoch, from_seq AS seq, from_ms AS time_ms, track,
        row_number() OVER (PARTITION BY feed, epoch ORDER BY from_seq) AS nth
    FROM line
    WHERE kind = 'limit'
), told AS (
    SELECT feed, epoch, 0::BIGINT AS nth, 0::BIGINT AS seq, 0::BIGINT AS time_ms, 0::BIGINT AS missed,
        []::BIGINT[] AS counters
    FROM numbered
    WHERE nth = 1
    UNION ALL
    SELECT
        next.feed, next.epoch, next.nth, next.seq, next.time_ms,
        next.track - coalesce(below, 0),
        list_append(
            CASE
                WHEN below IS NOT NULL THEN list_concat(told.counters[:held_at - 1], told.counters[held_at + 1:])
                WHEN len(told.counters) < 4 THEN told.counters
                ELSE list_sort(told.counters)[2:]
            END,
            next.track
        )
    FROM told
    JOIN numbered AS next ON next.feed = told.feed AND next.epoch = told.epoch AND next.nth = told.nth + 1,
    LATERAL (SELECT list_max(list_filter(told.counters, lambda counter: counter <= next.track)) AS below) AS one,
    LATERAL (SELECT list_position(told.counters, below) AS held_at) AS two
)
SELECT feed, epoch, seq, time_ms, missed FROM told WHERE nth > 0;

-- C49: where a connection ended. Only the last notice of one has a length, and only if a newer epoch followed.
CREATE TABLE cut AS
WITH notices AS (
    SELECT
        feed, epoch, from_seq AS seq, from_ms AS time_ms,
        row_number() OVER (PARTITION BY feed, epoch ORDER BY from_seq DESC) = 1 AS is_last
    FROM line
    WHERE kind = 'disconnect'
    UNION ALL
    SELECT feed, epoch, to_seq, CASE WHEN last_seq > highest_seq THEN over_ms ELSE highest_ms END, true
    FROM epoch
    WHERE lowest_seq IS NOT NULL AND newer_ms IS NOT NULL
        AND NOT EXISTS (
            FROM line WHERE line.feed = epoch.feed AND line.epoch = epoch.epoch AND line.kind = 'disconnect'
        )
)
SELECT
    notices.feed, notices.epoch, seq, time_ms AS from_ms,
    CASE WHEN is_last THEN coalesce(greatest(newer_ms, time_ms), time_ms) ELSE time_ms END AS to_ms
FROM notices
JOIN epoch USING (feed, epoch);

-- C48: a line says for how long there was silence before it.
CREATE TABLE standstill AS
SELECT 'disconnect' AS cause, * FROM cut
UNION ALL
SELECT 'stall', feed, epoch, from_seq, from_ms - silent_ms, from_ms FROM line WHERE silent_ms > 0;

CREATE TABLE gap_found AS
WITH found AS (
    SELECT
        feed, epoch, 'sequence' AS cause, true AS exact, from_seq, to_seq, from_ms, to_ms,
        to_seq - from_seq + 1 AS missed, NULL::BIGINT AS estimated
    FROM hole
    UNION ALL
    SELECT feed, epoch, 'limit', false, seq, seq, time_ms, time_ms, missed, NULL FROM notice WHERE missed > 0
    UNION ALL
    -- C50: as many lines as the epoch's own mean rate would have brought meanwhile
    SELECT
        standstill.feed, standstill.epoch, cause, false, seq, seq, from_ms, to_ms, 0,
        CASE WHEN from_ms > lowest_ms THEN (seq - lowest_seq) * (to_ms - from_ms) // (from_ms - lowest_ms) END
    FROM standstill
    JOIN epoch ON epoch.feed = standstill.feed AND epoch.epoch = standstill.epoch
)
SELECT
    found.feed, source, found.epoch, cause, exact, found.from_seq, found.to_seq, from_ms, found.to_ms, missed,
    estimated,
    -- Confirmed once every raw partition has passed it. Of a feed that still runs W alone tells how far all have come.
    feed_ended OR found.to_ms < watermark_ms + lateness_ms AS is_certain
FROM found
JOIN epoch ON epoch.feed = found.feed AND epoch.epoch = found.epoch, rule;
