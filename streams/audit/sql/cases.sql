-- Cases of each conversation (source, brand, customer), from its events alone.

-- Events in the order (time, id), ids by code point (C7, C22). Behind the last one stands the end of time, at which
-- every deadline has passed. Bots change nothing; posts to nobody meet no conversation (C23).
CREATE TABLE event AS
WITH said AS (
    SELECT
        source, brand, customer, id, time_ms, followers, tier,
        role = 'brand' AS is_reply,
        role = 'customer' AND actionable AS actionable,
        role = 'customer' AND (actionable OR needs_reply) AS needs_reply,
        role = 'brand' AND diverts <> '' AS diverts,
        role = 'customer' AND closes AS closes
    FROM judged
    WHERE counts AND addressed AND role IN ('customer', 'brand')
), numbered AS (
    SELECT *, dense_rank() OVER (ORDER BY source, brand, customer) AS talk FROM said
), ended AS (
    SELECT * FROM numbered
    UNION ALL
    SELECT DISTINCT source, brand, customer, '', 4611686018427387904, 0, '', false, false, false, false, false, talk
    FROM numbered
)
SELECT
    *,
    row_number() OVER (PARTITION BY talk ORDER BY time_ms, id) AS n,
    -- how many replies came before: the events between two replies have the same number
    coalesce(sum(is_reply::INT) OVER (
        PARTITION BY talk ORDER BY time_ms, id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ), 0)::BIGINT AS replies_before
FROM ended;

-- Between two replies: the reply before, and the first mention after it that needs an answer.
CREATE TABLE stretch AS
WITH asked AS (
    SELECT talk, replies_before, min(n) FILTER (needs_reply) AS asked_n, min(time_ms) FILTER (needs_reply) AS asked_ms
    FROM event
    GROUP BY ALL
)
SELECT asked.*, event.n AS reply_n, event.time_ms AS reply_ms, event.diverts AS reply_diverts
FROM asked
LEFT JOIN event
    ON event.talk = asked.talk AND event.is_reply AND event.replies_before = asked.replies_before - 1;

-- How a case that was answered stands before each event: since when the deadline runs, and what it would become.
-- The event ends such a case when it comes after that, or closes it (C11: exactly then it still meets the case).
CREATE TABLE standing AS
WITH since AS (
    SELECT
        event.*,
        brand.horizon_ms,
        coalesce(asked_n < n, false) AS waits,
        CASE WHEN waits THEN asked_ms ELSE reply_ms END AS since_ms,
        CASE WHEN waits THEN 'stalled' WHEN reply_diverts THEN 'diverted' ELSE 'resolved' END AS would_become
    FROM event
    JOIN stretch USING (talk, replies_before)
    JOIN brand USING (brand)
)
SELECT
    *,
    min(n) FILTER (is_reply) OVER later AS next_reply_n,
    min(time_ms) FILTER (is_reply) OVER later AS next_reply_ms,
    min(n) FILTER (time_ms > since_ms + horizon_ms OR closes) OVER later AS next_end_n,
    min(n) FILTER (actionable) OVER here_or_later AS next_actionable_n
FROM since
WINDOW
    later AS (PARTITION BY talk ORDER BY n ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING),
    here_or_later AS (PARTITION BY talk ORDER BY n ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING);

CREATE TABLE first_at AS SELECT talk, time_ms, min(n) AS n FROM event GROUP BY ALL;

-- Every actionable mention as if it opened a case. Unanswered it ends H after the opening, as missed; answered by
-- then, at the first event that ends it; at the latest with the limit.
CREATE TABLE candidate AS
WITH opener AS (
    SELECT
        talk, source, brand, customer, n, id, time_ms AS opened_ms, tier, followers,
        next_reply_n, next_reply_ms, horizon_ms,
        opened_ms + case_limit_ms AS limit_ms,
        least(opened_ms + horizon_ms, limit_ms) AS patience_ms,
        coalesce(next_reply_ms <= patience_ms, false) AS is_answered
    FROM standing, rule
    WHERE actionable
), bounded AS (
    SELECT opener.*, first_at.n AS over_n
    FROM opener
    ASOF JOIN first_at
        ON opener.talk = first_at.talk
        AND first_at.time_ms > CASE WHEN is_answered THEN limit_ms ELSE patience_ms END
), stopped AS (
    SELECT
        bounded.*,
        CASE WHEN is_answered THEN least(answer.next_end_n, over_n) ELSE over_n END AS stop_n
    FROM bounded
    LEFT JOIN standing AS answer ON answer.talk = bounded.talk AND answer.n = bounded.next_reply_n
)
SELECT
    stopped.* EXCLUDE (over_n),
    is_answered AND stop.time_ms <= least(stop.since_ms + stop.horizon_ms, limit_ms) AS closed_by_words,
    CASE
        WHEN NOT is_answered THEN patience_ms
        WHEN closed_by_words THEN stop.time_ms
        ELSE least(stop.since_ms + stop.horizon_ms, limit_ms)
    END AS end_ms,
    CASE
        WHEN NOT is_answered THEN 'missed'
        WHEN closed_by_words THEN 'resolved'
        ELSE stop.would_become
    END AS would_become,
    stop_n + closed_by_words::INT AS beyond_n  -- the first event that is not of the case (C6: the closing one is)
FROM stopped
JOIN standing AS stop ON stop.talk = stopped.talk AND stop.n = stop_n;

-- The cases that were: the first actionable mention opens one, then the first one beyond it opens the next.
CREATE TABLE opened AS
WITH RECURSIVE next_opener AS (
    SELECT candidate.talk, candidate.n, standing.next_actionable_n AS next_n, candidate.end_ms
    FROM candidate
    JOIN standing ON standing.talk = candidate.talk AND standing.n = candidate.beyond_n
), chain AS (
    SELECT talk, min(n) AS n, NULL::BIGINT AS previous_end_ms
    FROM candidate
    GROUP BY talk
    UNION ALL
    SELECT chain.talk, next_opener.next_n, next_opener.end_ms
    FROM chain
    JOIN next_opener ON next_opener.talk = chain.talk AND next_opener.n = chain.n
    WHERE next_opener.next_n IS NOT NULL
)
SELECT
    candidate.*,
    row_number() OVER (ORDER BY source, brand, customer, opened_ms, id) AS case_n,
    -- C10, also at the very close
    coalesce(opened_ms <= previous_end_ms + recontact_ms, false) AS recontact,
    end_ms < watermark_ms AS is_closed
FROM chain
JOIN candidate USING (talk, n), rule;

-- What was said in a case. A reply that is not the first and ends a waiting took from the first unanswered mention
-- on (C40); an answered customer who asks again reopens the case (C39), unless these words close it.
CREATE TABLE said_in_case AS
SELECT
    opened.case_n,
    count(*) FILTER (NOT event.is_reply) AS mentions,
    count(*) FILTER (event.is_reply) AS replies,
    max(event.time_ms) FILTER (event.is_reply) AS last_reply_ms,
    count(*) FILTER (
        event.n = stretch.asked_n AND event.n > opened.next_reply_n
        AND NOT (opened.closed_by_words AND event.n = opened.stop_n)
    ) AS reopened,
    list(event.time_ms - stretch.asked_ms) FILTER (
        event.is_reply AND event.n > opened.next_reply_n AND stretch.asked_n < event.n
    ) AS next_response_ms
FROM opened
JOIN event ON event.talk = opened.talk AND event.n >= opened.n AND event.n < opened.beyond_n
JOIN stretch ON stretch.talk = event.talk AND stretch.replies_before = event.replies_before
GROUP BY opened.case_n;
