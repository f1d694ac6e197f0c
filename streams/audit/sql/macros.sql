CREATE MACRO in_ms(seconds) AS round(seconds * 1000)::BIGINT;

-- A rate has no value without a denominator, and never counts what is pending.
CREATE MACRO as_rate(numerator, denominator, pending) AS {
    'numerator': numerator::BIGINT,
    'denominator': denominator::BIGINT,
    'pending': pending::BIGINT,
    'value': CASE WHEN denominator = 0 THEN NULL ELSE numerator / denominator END
};

-- Maps say the same in any order.
CREATE MACRO in_order(figures) AS list_sort(map_entries(figures));
CREATE MACRO without_zeros(figures) AS list_sort(list_filter(map_entries(figures), lambda one: one.value <> 0));
CREATE MACRO nearly(figures) AS list_sort(list_transform(map_entries(figures), lambda one: {
    'key': one.key,
    'numerator': one.value.numerator,
    'pending': one.value.pending,
    'denominator': round(one.value.denominator, 6),
    'value': round(one.value.value, 9)
}));
