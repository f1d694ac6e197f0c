-- Every window as its record should read.

CREATE TABLE window_key AS
SELECT start_ms, width_ms, brand, source FROM mention_count WHERE received + duplicates > 0
UNION
SELECT start_ms, width_ms, brand, source FROM case_count
UNION
SELECT start_ms, width_ms, brand, source FROM capture_count WHERE missed_exact + missed_upstream + mention_lines > 0;

CREATE TABLE waits AS
SELECT
    start_ms, width_ms, brand, source,
    any_value(histogram) FILTER (what = 'first') AS first_times,
    any_value(histogram) FILTER (what = 'censored') AS censored,
    any_value(histogram) FILTER (what = 'next') AS next_times,
    any_value(histogram) FILTER (what = 'resolution') AS resolution_times
FROM (
    SELECT
        start_ms, width_ms, brand, source, what,
        {'count': n, 'p50_ms': p50_ms, 'p90_ms': p90_ms, 'histogram': buckets} AS histogram
    FROM histogram
    LEFT JOIN observed USING (start_ms, width_ms, brand, source, what)
)
GROUP BY ALL;

-- What a row has to know of its source in the same window, beside what capture counted: C45, C46.
CREATE TABLE around AS
SELECT
    start_ms, width_ms, source,
    coalesce(sum(customer_actionable + customer_other) FILTER (brand <> '*'), 0)::BIGINT AS customers,
    coalesce(sum(received) FILTER (brand = '*'), 0)::BIGINT AS received,
    coalesce(sum(waiting) FILTER (brand = '*'), 0)::BIGINT AS waiting
FROM mention_count
GROUP BY ALL;

CREATE TABLE contact AS
SELECT
    brand, width_ms,
    map_from_entries(list((channel, per_hour * width_ms / 3600000) ORDER BY channel)) AS contacts
FROM baseline, width
GROUP BY ALL;

CREATE TABLE window_figures AS
SELECT
    key.*,
    coalesce(heard.received, 0) AS received,
    {
        'customer_actionable': coalesce(heard.customer_actionable, 0),
        'customer_other': coalesce(heard.customer_other, 0),
        'brand': coalesce(heard.by_brand, 0),
        'bot': coalesce(heard.by_bot, 0),
        'no_brand': coalesce(heard.no_brand, 0)
    } AS roles,
    coalesce(heard.duplicates, 0) AS duplicates,
    coalesce(label.intents, MAP {}) AS intents,
    coalesce(heard.escalated, 0) AS escalated,
    coalesce(label.reasons, MAP {}) AS reasons,
    coalesce(label.pii, MAP {}) AS pii,
    coalesce(heard.diverting_replies, 0) AS diverting_replies,
    coalesce(captured.mention_lines, 0) AS mention_lines,
    coalesce(captured.missed_exact, 0) AS missed_exact,
    coalesce(captured.missed_upstream, 0) AS missed_upstream,
    coalesce(around.received, 0) AS source_received,
    as_rate(source_received, source_received + coalesce(whole.missed_exact, 0), coalesce(whole.undecided, 0))
        AS coverage,
    {
        'opened': coalesce(cases.opened, 0), 'missed': coalesce(cases.missed, 0),
        'stalled': coalesce(cases.stalled, 0), 'diverted': coalesce(cases.diverted, 0),
        'resolved': coalesce(cases.resolved, 0), 'pending': coalesce(cases.pending, 0),
        'replied': coalesce(cases.replied, 0), 'recontact': coalesce(cases.recontact, 0),
        'reopened': coalesce(cases.reopened, 0)
    } AS cases,
    coalesce(cases.breached, 0) AS breached,
    coalesce(cases.kept, 0) AS kept,
    coalesce(cases.unheard_yet, 0) AS unheard_yet,
    coalesce(tweets.answered, 0) AS answered,
    coalesce(tweets.unanswered, 0) AS unanswered,
    coalesce(tweets.pending, 0) AS unripe,
    coalesce(tiers.sla_by_tier, MAP {}) AS sla_by_tier,
    waits.first_times, waits.censored, waits.next_times, waits.resolution_times,
    expected_wait.km_p50_ms, expected_wait.km_p90_ms,
    coalesce(tweets.by_followers, MAP {}) AS response_by_followers,
    coalesce(around.customers, 0) AS source_customers,
    coalesce(around.waiting, 0) AS source_waiting,
    contact.contacts,
    coalesce(captured.undecided, 0) AS undecided,
    coalesce(heard.waiting, 0) AS waiting
FROM window_key AS key
LEFT JOIN mention_count AS heard USING (start_ms, width_ms, brand, source)
LEFT JOIN label_count AS label USING (start_ms, width_ms, brand, source)
LEFT JOIN case_count AS cases USING (start_ms, width_ms, brand, source)
LEFT JOIN tier_count AS tiers USING (start_ms, width_ms, brand, source)
LEFT JOIN band_count AS tweets USING (start_ms, width_ms, brand, source)
LEFT JOIN capture_count AS captured USING (start_ms, width_ms, brand, source)
LEFT JOIN waits USING (start_ms, width_ms, brand, source)
LEFT JOIN expected_wait USING (start_ms, width_ms, brand, source)
LEFT JOIN capture_count AS whole
    ON whole.start_ms = key.start_ms AND whole.width_ms = key.width_ms AND whole.source = key.source
LEFT JOIN around
    ON around.start_ms = key.start_ms AND around.width_ms = key.width_ms AND around.source = key.source
LEFT JOIN contact ON contact.brand = key.brand AND contact.width_ms = key.width_ms;

CREATE TABLE window_found AS
WITH settled AS (
    SELECT
        *,
        -- C25
        cases.pending + unripe + undecided AS open,
        start_ms + width_ms <= watermark_ms AND open = 0 AND waiting = 0 AS final,
        cases.opened - cases.pending AS closed
    FROM window_figures, rule
)
SELECT
    start_ms, width_ms, brand, source, received, roles, duplicates,
    -- C44
    abs(received - roles.customer_actionable - roles.customer_other - roles.brand - roles.bot - roles.no_brand)
        + CASE WHEN final AND brand = '*' THEN abs(mention_lines - received - duplicates) ELSE 0 END AS difference,
    intents, escalated, reasons, pii, diverting_replies, missed_exact, missed_upstream, coverage,
    cases,
    MAP {
        'missed': as_rate(cases.missed, closed, cases.pending),
        'stalled': as_rate(cases.stalled, closed, cases.pending),
        'diverted': as_rate(cases.diverted, closed, cases.pending),
        'abandoned': as_rate(cases.stalled + cases.diverted, closed, cases.pending),
        'resolved': as_rate(cases.resolved, closed, cases.pending),
        'sla_breached': as_rate(breached, breached + kept, cases.opened - breached - kept),
        'answered': as_rate(answered, answered + unanswered, unripe)
    } AS rates,
    sla_by_tier,
    {
        'count': coalesce(first_times.count, 0), 'p50_ms': first_times.p50_ms, 'p90_ms': first_times.p90_ms,
        'km_p50_ms': CASE WHEN unheard_yet = 0 THEN km_p50_ms END,
        'km_p90_ms': CASE WHEN unheard_yet = 0 THEN km_p90_ms END,
        'histogram': coalesce(first_times.histogram, []), 'censored': coalesce(censored.histogram, [])
    } AS first_response,
    {
        'count': coalesce(next_times.count, 0), 'p50_ms': next_times.p50_ms, 'p90_ms': next_times.p90_ms,
        'histogram': coalesce(next_times.histogram, [])
    } AS next_response,
    {
        'count': coalesce(resolution_times.count, 0), 'p50_ms': resolution_times.p50_ms,
        'p90_ms': resolution_times.p90_ms, 'histogram': coalesce(resolution_times.histogram, [])
    } AS resolution,
    response_by_followers,
    CASE WHEN brand <> '*'
        THEN as_rate(roles.customer_actionable + roles.customer_other, source_customers, source_waiting)
    END AS share_of_voice,
    CASE WHEN contacts IS NOT NULL THEN map_from_entries(list_transform(
        map_entries(contacts),
        lambda of: (of.key, {
            'numerator': received, 'denominator': of.value, 'pending': waiting, 'value': received / of.value
        })
    )) END AS volume_ratio,
    open, waiting, final,
    definitions
FROM settled;
