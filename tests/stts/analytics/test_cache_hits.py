"""Usage counts what the cache has saved: what was kept, and what was being made for another."""

from __future__ import annotations

from stts.analytics.record import OperationRecord
from stts.analytics.usage import UsageSums
from stts.context import CacheNote, Outcome, RequestContext
from tests.stts.analytics.usages import record


def test_hits_and_joins_are_counted() -> None:
    sums = UsageSums()
    for state in ("HIT", "JOIN", "MISS", None):
        sums.add(record(cache=state))
    assert (sums.operations, sums.cache_hits) == (4, 2)


def test_a_record_tells_how_the_cache_had_to_do_with_it() -> None:
    context = RequestContext("tts", output_data=Outcome(cache=CacheNote("JOIN", '"ab"')))
    assert OperationRecord.of(context).cache == "JOIN"
    assert OperationRecord.of(RequestContext("tts")).cache is None
