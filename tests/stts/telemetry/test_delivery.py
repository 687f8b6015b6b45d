"""Delivery of spans to a real receiver: in batches, without waiting for one that is slow or away, and quietly."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)
from structlog.testing import capture_logs

from stts.telemetry import delivery
from stts.telemetry import receiver as receivers
from stts.telemetry.delivery import SpanDelivery
from stts.telemetry.finished_span import FinishedSpan
from stts.telemetry.losses import Losses
from tests.patient import PATIENCE
from tests.receiver import Receiver, receiving

pytestmark = pytest.mark.socket


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine lets neither side run for seconds: nothing is given up for that, unless a test says so."""
    monkeypatch.setattr(receivers, "TIMEOUT_SECONDS", PATIENCE)
    monkeypatch.setattr(delivery, "FLUSH_SECONDS", PATIENCE)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def span(number: int = 1) -> FinishedSpan:
    return FinishedSpan("work", 1, number, None, 10**18, 10**18 + number, {"text": "a", "number": number, "true": True})


def test_all_that_was_taken_is_delivered_at_the_stop(receiver: Receiver) -> None:
    deliver = SpanDelivery(receiver.endpoint, {"authorization": "Bearer receiver-key"}, {"service.name": "here"})
    for number in range(1, 3001):
        deliver(span(number))
    deliver.close()
    assert len(receiver.spans) == 3000
    assert receiver.requests < 10
    assert receiver.spans[6].attributes == {"text": "a", "number": 7, "true": True}
    assert receiver.headers[0]["authorization"] == "Bearer receiver-key"
    assert receiver.resources[0] == {"service.name": "here"}


def test_a_receiver_that_is_away_costs_a_line_and_nothing_else(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(delivery, "DELAY_SECONDS", 0.01)
    receiver.status = 503
    with capture_logs() as lines:
        deliver = SpanDelivery(receiver.endpoint, {}, {})
        for number in range(1, 2001):
            deliver(span(number))
        receiver.asked(5)
        receiver.status = 200
        receiver.wait(lambda spans: len(spans) == 2000)
        deliver.close()
    assert [line["event"] for line in lines] == ["telemetry_not_delivered"]
    assert len({span.span_id for span in receiver.spans}) == 2000


def test_a_receiver_that_hangs_up_between_batches_is_not_away(receiver: Receiver) -> None:
    receiver.hangs_up = True
    with capture_logs() as lines:
        deliver = SpanDelivery(receiver.endpoint, {}, {})
        for number in range(1, 4001):
            deliver(span(number))
        deliver.close()
    assert lines == []
    assert len({span.span_id for span in receiver.spans}) == 4000


def test_what_does_not_fit_in_is_lost_and_counted(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "QUEUE", 2000)
    receiver.open.clear()
    with capture_logs() as lines:
        deliver = SpanDelivery(receiver.endpoint, {}, {})
        began = time.perf_counter()
        for number in range(1, 50_001):
            deliver(span(number))
        assert time.perf_counter() - began < PATIENCE
        receiver.open.set()
        deliver.close()
    (line,) = lines
    assert line["reason"] == "the queue was full"
    assert len(receiver.spans) + line["spans_lost"] == 50_000
    assert len(receiver.spans) <= 4000


def test_the_stop_is_bounded(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "FLUSH_SECONDS", 0.05)
    receiver.open.clear()
    deliver = SpanDelivery(receiver.endpoint, {}, {})
    deliver(span())
    deliver.close()
    assert receiver.spans == []


def test_spans_that_a_receiver_does_not_want_are_not_sent_again(receiver: Receiver) -> None:
    receiver.status = 400
    with capture_logs() as lines:
        deliver = SpanDelivery(receiver.endpoint, {}, {})
        deliver(span())
        deliver.close()
    assert receiver.requests == 1
    assert [(line["reason"], line["spans_lost"]) for line in lines] == [("status 400", 1)]


def test_nobody_is_there() -> None:
    with receiving() as receiver:
        endpoint = receiver.endpoint
    with capture_logs() as lines:
        deliver = SpanDelivery(endpoint, {}, {})
        deliver(span())
        deliver.close()
    assert [line["reason"] for line in lines][-1] == "the server has stopped"
    assert lines[-1]["spans_lost"] == 1


@pytest.mark.parametrize(("began_ns", "value"), [(-5, 1), (10**18, [])])
def test_a_span_that_nobody_foresaw_costs_its_batch_and_nothing_that_follows(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, began_ns: int, value: Any
) -> None:
    monkeypatch.setattr(delivery, "BATCH", 1)
    wrong = FinishedSpan("wrong", 1, 1, None, began_ns, 10**18, {"value": value})
    with capture_logs() as lines:
        deliver = SpanDelivery(receiver.endpoint, {}, {})
        for each in (wrong, span(2), wrong, span(3)):
            deliver(each)
        receiver.wait(lambda spans: len(spans) == 2)
        deliver.close()
    assert [span.name for span in receiver.spans] == ["work", "work"]
    assert {line["reason"] for line in lines} <= {"TypeError", "OverflowError", "the queue was full"}
    assert lines[0]["spans_lost"] == 1


def test_a_slow_receiver_gets_spans_once(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receivers, "TIMEOUT_SECONDS", 0.05)
    monkeypatch.setattr(delivery, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(delivery, "DELAY_SECONDS", 0.01)
    monkeypatch.setattr(delivery, "BATCH", 1)
    with capture_logs() as lines:
        deliver = SpanDelivery(receiver.endpoint, {}, {})
        deliver(span(1))
        receiver.asked(1)
        receiver.delay_seconds = 0.5
        deliver(span(2))
        receiver.asked(2)
        deliver(span(3))
        receiver.asked(3)
        receiver.delay_seconds = 0.0
        deliver(span(4))
        # A busy machine lets it read later than anybody waits for its answer, the stop included.
        receiver.wait(lambda spans: len(spans) == 4)
        deliver.close()
    assert sorted(int(span.span_id, 16) for span in receiver.spans) == [1, 2, 3, 4]
    assert (lines[0]["reason"], lines[0]["spans_lost"]) == ("no answer", 1)


def test_a_batch_is_not_tried_for_ever(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(delivery, "DELAY_SECONDS", 0.01)
    monkeypatch.setattr(delivery, "TRIES", 3)
    receiver.status = 503
    with capture_logs() as lines:
        deliver = SpanDelivery(receiver.endpoint, {}, {})
        deliver(span())
        receiver.asked(3)
        receiver.status = 200
        deliver(span(2))
        deliver.close()
    assert receiver.requests == 4
    assert [int(span.span_id, 16) for span in receiver.spans] == [2]
    assert sum(line["spans_lost"] for line in lines) == 1


def test_what_a_receiver_says_that_it_did_not_keep_is_lost(receiver: Receiver) -> None:
    told = ExportTracePartialSuccess(rejected_spans=3)
    receiver.answer = ExportTraceServiceResponse(partial_success=told).SerializeToString()
    with capture_logs() as lines:
        deliver = SpanDelivery(receiver.endpoint, {}, {})
        for number in range(1, 6):
            deliver(span(number))
        deliver.close()
    assert receiver.requests == 1
    assert [(line["reason"], line["spans_lost"]) for line in lines] == [("the receiver rejected some", 3)]


def test_an_answer_without_end_is_not_read(receiver: Receiver) -> None:
    receiver.endless = True
    deliver = SpanDelivery(receiver.endpoint, {}, {})
    for number in (1, 2):
        deliver(span(number))
        deliver._wake.set()
        receiver.asked(number)
    deliver.close()
    receiver.endless = False
    assert len(receiver.spans) == 2 and not deliver._thread.is_alive()


def test_losses_of_many_threads_are_all_counted() -> None:
    losses = Losses()
    with capture_logs() as lines, ThreadPoolExecutor(4) as pool:
        for _ in range(200):
            pool.map(losses.add, [1] * 50)
            losses.report("the queue was full", 0, at_once=True)
        pool.shutdown()
        losses.report("the queue was full", 0, at_once=True)
    assert sum(line["spans_lost"] for line in lines) == 10_000
