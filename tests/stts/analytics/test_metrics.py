from __future__ import annotations

from dataclasses import replace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from stts.analytics.history import OTHER
from stts.analytics.metrics import Metrics
from stts.analytics.operation_metrics import MOST_COMBINATIONS
from stts.analytics.resources import Resources
from tests.stts.analytics.test_history import DONE

WHO = {"type": "tts", "engine": "tone"}


def test_each_app_has_a_registry_of_its_own() -> None:
    one, other = Metrics(), Metrics()
    one.operation_finished(DONE)
    assert one.registry.get_sample_value("stts_audio_seconds_total", WHO) == 2.0
    assert other.registry.get_sample_value("stts_audio_seconds_total", WHO) is None


def test_what_is_counted() -> None:
    metrics = Metrics()
    metrics.operation_finished(DONE)
    metrics.operation_finished(replace(DONE, status="error", code="busy", first_item=None))
    sample = metrics.registry.get_sample_value
    assert sample("stts_operations_total", {**WHO, "format": "wav", "status": "error"}) == 1
    assert sample("stts_errors_total", {**WHO, "code": "busy"}) == 1
    assert sample("stts_characters_total", WHO) == 18
    assert sample("stts_audio_bytes_total", WHO) == 16
    assert sample("stts_queue_seconds_count", WHO) == 2
    assert sample("stts_first_item_seconds_count", WHO) == 1
    assert sample("stts_operation_seconds_sum", WHO) == 2.0


def test_work_that_nobody_waits_for_makes_no_slow_server() -> None:
    metrics = Metrics()
    metrics.operation_finished(replace(DONE, urgency="background"))
    assert metrics.registry.get_sample_value("stts_queue_seconds_count", WHO) == 0
    assert metrics.registry.get_sample_value("stts_operation_seconds_count", WHO) == 1


def test_totals_of_a_type() -> None:
    metrics = Metrics()
    for engine in ("tone", "espeak"):
        metrics.operation_finished(replace(DONE, labels=DONE.labels._replace(engine=engine), cache="HIT"))
    metrics.operation_finished(replace(DONE, status="error", cache="MISS", audio_seconds=0.0))
    totals = metrics.totals("tts")
    assert totals.statuses == {"completed": 2, "error": 1} and totals.cached == {"HIT": 2, "MISS": 1}
    assert (totals.audio_seconds, metrics.totals("stt").audio_seconds) == (4.0, 0.0)


def test_labels_are_bounded_whatever_comes() -> None:
    metrics = Metrics()
    for number in range(MOST_COMBINATIONS + 20):
        metrics.operation_finished(replace(DONE, labels=DONE.labels._replace(engine=f"engine{number}")))
    labels = {"type": "tts", "engine": OTHER, "format": OTHER, "status": "completed"}
    assert metrics.registry.get_sample_value("stts_operations_total", labels) == 20


def test_buckets_hold_what_is_below_them() -> None:
    metrics = Metrics()
    for seconds in (0.001, 0.005, 0.02, 400.0):
        metrics.operation_finished(replace(DONE, total=seconds))
    below = {
        bound: metrics.registry.get_sample_value("stts_operation_seconds_bucket", {**WHO, "le": bound})
        for bound in ("0.005", "0.01", "0.025", "300.0", "+Inf")
    }
    assert below == {"0.005": 2, "0.01": 2, "0.025": 3, "300.0": 3, "+Inf": 4}


def test_what_is_under_way_is_a_gauge() -> None:
    metrics = Metrics()
    metrics.operation_started("tts")
    metrics.operation_started("tts")
    metrics.operation_finished(DONE)
    assert metrics.registry.get_sample_value("stts_operations_in_progress", {"type": "tts"}) == 1


def test_formats_of_one_engine_are_added_up() -> None:
    metrics = Metrics()
    for form in ("wav", "mp3"):
        metrics.operation_finished(replace(DONE, labels=DONE.labels._replace(format=form), cache="HIT"))
    sample = metrics.registry.get_sample_value
    assert sample("stts_characters_total", WHO) == 18
    assert sample("stts_cache_answers_total", {"engine": "tone", "state": "hit"}) == 2
    assert sample("stts_operations_total", {**WHO, "format": "mp3", "status": "completed"}) == 1


def test_voices_and_languages_are_no_labels() -> None:
    metrics = Metrics()
    metrics.operation_finished(replace(DONE, labels=DONE.labels._replace(voice="grandmother", language="de-AT")))
    page = metrics.render()[0].decode()
    assert "grandmother" not in page
    assert "de-AT" not in page


def test_the_page_is_what_prometheus_reads() -> None:
    metrics = Metrics(Resources())
    metrics.operation_finished(DONE)
    page, media_type = metrics.render()
    names = {family.name for family in text_string_to_metric_families(page.decode())}
    assert {"stts_operations", "stts_first_item_seconds", "stts_event_loop_lag_seconds"} <= names
    assert media_type.startswith("text/plain")


@pytest.mark.parametrize(
    ("accept", "kind"), [("", "text/plain"), ("application/openmetrics-text", "application/openmetrics-text")]
)
def test_the_page_is_in_the_form_asked_for(accept: str, kind: str) -> None:
    assert Metrics().render(accept)[1].startswith(kind)
