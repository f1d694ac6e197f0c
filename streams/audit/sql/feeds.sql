-- What became of each numbered line of a feed.

-- Lines by how they ended, and the rows that tell of the same lines: they must agree one by one.
CREATE TABLE stamp AS
SELECT feed, epoch, seq, max(time_ms) AS time_ms, CASE WHEN bool_or(late) THEN 'late' ELSE 'mention' END AS kind
FROM mention
GROUP BY feed, epoch, seq
UNION ALL
SELECT feed, epoch, seq, NULL, 'rejected' FROM reject GROUP BY ALL;

CREATE TABLE sent_line AS
SELECT
    feed, epoch, from_seq, to_seq, from_ms, to_ms, kind IN ('mention', 'late', 'rejected') AS has_row,
    CASE WHEN kind IN ('limit', 'disconnect') THEN 'control' ELSE kind END AS kind
FROM line
WHERE kind NOT IN ('feed-start', 'end-of-feed');

-- A line of another kind, or none at all, where a row says that there was one.
CREATE TABLE stamp_without_line AS
SELECT stamp.*, CASE WHEN sent_line.to_seq >= stamp.seq THEN sent_line.kind END AS line_kind
FROM stamp
ASOF LEFT JOIN sent_line
    ON sent_line.feed = stamp.feed AND sent_line.epoch = stamp.epoch AND sent_line.from_seq <= stamp.seq
WHERE sent_line.kind IS NULL OR sent_line.to_seq < stamp.seq OR sent_line.kind <> stamp.kind;

-- A mention is late iff it is more than L older than its line's feed time, of which a run tells the ends.
CREATE TABLE misjudged_time AS
SELECT stamp.*, sent_line.from_ms, sent_line.to_ms
FROM stamp
ASOF JOIN sent_line
    ON sent_line.feed = stamp.feed AND sent_line.epoch = stamp.epoch AND sent_line.from_seq <= stamp.seq, rule
WHERE sent_line.to_seq >= stamp.seq AND sent_line.kind = stamp.kind
    AND CASE stamp.kind
        WHEN 'late' THEN stamp.time_ms >= sent_line.to_ms - lateness_ms
        WHEN 'mention' THEN stamp.time_ms < sent_line.from_ms - lateness_ms
    END;

-- Runs of which some line has no row.
CREATE TABLE line_without_stamp AS
WITH held AS (
    SELECT stamp.feed, stamp.epoch, sent_line.from_seq, count(*) AS rows
    FROM stamp
    ASOF JOIN sent_line
        ON sent_line.feed = stamp.feed AND sent_line.epoch = stamp.epoch AND sent_line.from_seq <= stamp.seq
    WHERE sent_line.to_seq >= stamp.seq AND sent_line.kind = stamp.kind
    GROUP BY ALL
)
SELECT sent_line.*, to_seq - sent_line.from_seq + 1 - coalesce(held.rows, 0) AS lacking
FROM sent_line
LEFT JOIN held USING (feed, epoch, from_seq)
WHERE has_row AND lacking > 0;

CREATE TABLE feed_found AS
WITH sent AS (
    SELECT
        feed, any_value(source) AS source, sum(to_seq - from_seq + 1) AS sent, max(end_ms) AS end_ms,
        bool_or(feed_ended) AS ended
    FROM epoch
    GROUP BY feed
), lines AS (
    SELECT
        feed,
        coalesce(sum(to_seq - from_seq + 1) FILTER (kind = 'mention'), 0) AS mention_lines,
        coalesce(sum(to_seq - from_seq + 1) FILTER (kind = 'late'), 0) AS late,
        coalesce(sum(to_seq - from_seq + 1) FILTER (kind = 'rejected'), 0) AS rejected,
        coalesce(sum(to_seq - from_seq + 1) FILTER (kind = 'control'), 0) AS control
    FROM sent_line
    GROUP BY feed
), heard_of AS (
    SELECT
        heard.feed,
        count(*) FILTER (judged.counts) AS received,
        count(*) FILTER (NOT judged.counts) AS duplicates,
        count(*) FILTER (judged.counts IS NULL) AS waiting
    FROM heard
    LEFT JOIN judged USING (source, brand, customer, id, feed, epoch, seq)
    WHERE heard.counts_for_all
    GROUP BY heard.feed
), gone AS (
    SELECT
        feed,
        sum(missed) FILTER (cause = 'sequence' AND is_certain) AS missed_exact,
        sum(missed) FILTER (cause = 'sequence' AND NOT is_certain) AS undecided,
        sum(missed) FILTER (cause = 'limit' AND is_certain) AS missed_upstream
    FROM gap_found
    GROUP BY feed
), counted AS (
    SELECT
        feed, source, ended, end_ms,
        sent::BIGINT AS sent,
        coalesce(received, 0)::BIGINT AS received,
        coalesce(duplicates, 0)::BIGINT AS duplicates,
        coalesce(late, 0)::BIGINT AS late,
        coalesce(rejected, 0)::BIGINT AS rejected,
        coalesce(control, 0)::BIGINT AS control,
        0::BIGINT AS shed,
        coalesce(missed_exact, 0)::BIGINT AS missed_exact,
        coalesce(missed_upstream, 0)::BIGINT AS missed_upstream,
        coalesce(waiting, 0)::BIGINT AS waiting,
        coalesce(mention_lines, 0)::BIGINT AS mention_lines,
        coalesce(undecided, 0)::BIGINT AS undecided
    FROM sent
    LEFT JOIN lines USING (feed)
    LEFT JOIN heard_of USING (feed)
    LEFT JOIN gone USING (feed)
)
SELECT
    counted.* EXCLUDE (ended, end_ms),
    ended AND waiting = 0 AND watermark_ms > end_ms AS final,
    -- C51
    CASE WHEN ended AND waiting = 0 AND watermark_ms > end_ms
        THEN sent - (received + duplicates + late + rejected + control + shed + missed_exact)
        ELSE sent - (mention_lines + late + rejected + control + shed + missed_exact + undecided)
    END AS difference
FROM counted, rule;

-- C34: of several copies the row in classified is one that is not late, then the earliest, then by C1's order.
CREATE TABLE misplaced_copy AS
WITH ordered AS (
    SELECT
        mention.*,
        feed || ' ' || epoch || ':' || seq AS named,
        (late, time_ms, coalesce(place, (SELECT count(*) FROM feed_place)), feed, epoch, seq) AS rank
    FROM mention
    LEFT JOIN feed_place USING (feed)
)
SELECT
    source, id, brand,
    count(*) FILTER (stands) AS standing,
    any_value(named) FILTER (stands) AS told,
    arg_min(named, rank) AS first
FROM ordered
GROUP BY source, id, brand
HAVING standing <> 1 OR told <> first;
