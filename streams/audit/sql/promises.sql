-- Until when the first reply was promised, and what became of the promise.

-- C38: hours that touch or overlap count once. `open_before_ms`: how long the brand was open before a span.
CREATE TABLE open_span AS
WITH marked AS (
    SELECT
        *,
        start_ms > max(end_ms) OVER (
            PARTITION BY brand ORDER BY start_ms, end_ms ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS apart
    FROM service_span
), islands AS (
    SELECT *, sum(coalesce(apart, true)::INT) OVER (PARTITION BY brand ORDER BY start_ms, end_ms) AS island FROM marked
), spans AS (
    SELECT brand, min(start_ms) AS start_ms, max(end_ms) AS end_ms FROM islands GROUP BY brand, island
)
SELECT
    *,
    (sum(end_ms - start_ms) OVER (PARTITION BY brand ORDER BY start_ms) - (end_ms - start_ms))::BIGINT
        AS open_before_ms,
    open_before_ms + end_ms - start_ms AS open_until_ms
FROM spans;

CREATE TABLE due AS
WITH promised AS (
    -- C9: a tier that the brand does not have is its default one
    SELECT
        opened.case_n, opened.brand, opened_ms, limit_ms,
        coalesce(own.tier, standard.tier) AS tier,
        coalesce(own.sla_ms, standard.sla_ms) AS sla_ms,
        coalesce(own.place, 0) AS tier_place,
        brand.has_hours
    FROM opened
    JOIN brand ON brand.brand = opened.brand
    JOIN tier AS standard ON standard.brand = opened.brand AND standard.place = 0
    LEFT JOIN tier AS own ON own.brand = opened.brand AND own.tier = opened.tier
), begun AS (
    SELECT
        promised.*,
        coalesce(open_before_ms + least(opened_ms, span.end_ms) - span.start_ms, 0) + sla_ms AS served_ms
    FROM promised
    ASOF LEFT JOIN open_span AS span ON span.brand = promised.brand AND span.start_ms <= promised.opened_ms
)
SELECT
    begun.case_n, tier, tier_place,
    CASE
        WHEN NOT has_hours OR sla_ms = 0 THEN opened_ms + sla_ms
        ELSE least(coalesce(span.start_ms + served_ms - span.open_before_ms, limit_ms), limit_ms)
    END AS due_ms
FROM begun
ASOF LEFT JOIN open_span AS span ON span.brand = begun.brand AND span.open_until_ms >= begun.served_ms;

-- The cases in full. Everything that lies behind W is decided, and nothing else.
CREATE TABLE case_found AS
SELECT
    opened.case_n, opened.source, opened.brand, opened.customer, due.tier, due.tier_place,
    opened.opened_ms, opened.id AS opened_by,
    CASE WHEN is_closed THEN would_become ELSE 'pending' END AS outcome,
    CASE WHEN is_closed THEN end_ms END AS closed_ms,
    CASE WHEN is_answered THEN next_reply_ms - opened_ms END AS first_response_ms,
    due.due_ms AS sla_due_ms,
    -- C8, C35: a reply at the very instant is in time; a case that closed without one is breached
    CASE
        WHEN is_answered THEN next_reply_ms > due.due_ms
        WHEN is_closed OR due.due_ms < watermark_ms THEN true
    END AS sla_breached,
    said.mentions, said.replies, opened.recontact, said.reopened,
    coalesce(len(said.next_response_ms), 0) AS next_responses,
    list_max(said.next_response_ms) AS longest_next_response_ms,
    said.next_response_ms,
    -- C41
    CASE
        WHEN is_closed AND would_become = 'resolved'
        THEN CASE WHEN closed_by_words THEN end_ms ELSE said.last_reply_ms END - opened_ms
    END AS resolution_ms
FROM opened
JOIN due USING (case_n)
JOIN said_in_case AS said USING (case_n), rule;

-- Every actionable mention by itself: answered by the next human reply if that comes up to H later (C35), whatever
-- became of its case (C6, C13).
CREATE TABLE tweet AS
SELECT
    source, brand, time_ms,
    (SELECT max(place) FROM band WHERE band.lowest <= followers) AS band_place,
    CASE
        WHEN next_reply_ms <= time_ms + horizon_ms THEN 'answered'
        WHEN time_ms + horizon_ms < watermark_ms THEN 'unanswered'
        ELSE 'pending'
    END AS became
FROM standing, rule
WHERE actionable;
