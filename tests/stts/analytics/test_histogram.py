from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from stts.analytics.histogram import BUCKETS, Histogram

seconds = st.floats(min_value=0.0002, max_value=5000)
values = st.lists(seconds, min_size=1, max_size=200)


def histogram_of(numbers: list[float]) -> Histogram:
    histogram = Histogram()
    for number in numbers:
        histogram.add(number)
    return histogram


def test_nothing_has_no_quantile() -> None:
    assert Histogram().quantile(0.5) is None


@given(values, st.sampled_from([0.5, 0.9, 0.99, 1.0]))
def test_a_quantile_is_at_most_ten_percent_off(numbers: list[float], part: float) -> None:
    exact = sorted(numbers)[max(1, math.ceil(part * len(numbers))) - 1]
    found = histogram_of(numbers).quantile(part)
    assert found is not None
    assert exact / 1.1 <= found <= exact * 1.1


@given(values, values)
def test_merging_is_as_good_as_having_counted_together(some: list[float], others: list[float]) -> None:
    merged = histogram_of(some)
    merged.merge(histogram_of(others))
    assert merged.counts == histogram_of(some + others).counts


@given(st.lists(st.floats(min_value=0, allow_nan=False, allow_infinity=False)))
def test_whatever_comes_it_stays_small_and_counts_all(numbers: list[float]) -> None:
    histogram = histogram_of(numbers)
    assert histogram.total == len(numbers)
    assert all(0 <= bucket < BUCKETS for bucket in histogram.counts)
