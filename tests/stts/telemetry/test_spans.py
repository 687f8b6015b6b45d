"""Spans: they nest whatever ends first, many pieces are one part, and what is not sampled costs and keeps nothing."""

from __future__ import annotations

import time

import pytest

from stts.telemetry.finished_span import FinishedSpan
from stts.telemetry.spans import Span
from stts.telemetry.traceparent import RemoteSpan, read_traceparent
from stts.telemetry.tracer import Tracer


class Kept(list[FinishedSpan]):
    """A delivery that keeps them."""

    def __call__(self, span: FinishedSpan) -> None:
        self.append(span)

    def close(self) -> None:
        pass

    def named(self, name: str) -> FinishedSpan:
        (found,) = (span for span in self if span.name == name)
        return found


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def root(kept: Kept) -> Span:
    return Tracer(kept, 1.0).begin("root")


def test_a_parent_ends_with_its_last_child(kept: Kept, root: Span) -> None:
    child = root.child("child")
    grandchild = child.child("grandchild")
    root.end()
    child.end()
    assert kept == []
    grandchild.end()
    assert [span.name for span in kept] == ["grandchild", "child", "root"]
    assert kept[0].ended_ns == kept[1].ended_ns == kept[2].ended_ns
    assert kept[0].parent_id == kept[1].span_id and kept[1].parent_id == kept[2].span_id
    assert len({span.trace_id for span in kept}) == 1


def test_a_child_begins_no_earlier_than_its_parent(kept: Kept, root: Span) -> None:
    root.child("child", began=root.began - 1.0).end()
    root.end()
    assert kept.named("child").began_ns == kept.named("root").began_ns


def test_pieces_are_one_part_from_the_first_to_the_last(kept: Kept, root: Span) -> None:
    began = root.began
    root.part("engine", began + 1.0, began + 2.0, owner="a")
    root.part("engine", began + 4.0, began + 5.0, owner="a", busy=0.5)
    root.part("engine", began + 5.0, began + 6.0, owner="b")
    root.end(began + 9.0)
    first, second = (span for span in kept if span.name == "engine")
    assert (first.ended_ns - first.began_ns) / 1e9 == pytest.approx(4.0, abs=1e-6)
    assert first.attributes == {"stts.engine": "a", "stts.parts": 2, "stts.busy_seconds": pytest.approx(1.5)}
    assert second.attributes == {"stts.engine": "b"}
    assert {first.parent_id, second.parent_id} == {root.span_id}


def test_times_of_a_process_lie_inside_the_call_as_the_server_saw_it(kept: Kept, root: Span) -> None:
    began = time.perf_counter()
    root.worked("a", began, (began - 5.0, began + 500.0, 0.25, 1))
    root.end()
    call, process = kept.named("engine"), kept.named("engine.process")
    assert (process.began_ns, process.ended_ns) == (call.began_ns, call.ended_ns)
    assert process.parent_id == call.span_id


def test_calls_made_together_say_how_many(kept: Kept, root: Span) -> None:
    for together in (1, 3, 2):
        root.worked("a", root.began, (root.began, root.began, 0.0, together))
    root.end()
    assert kept.named("engine.process").attributes["stts.batch"] == 3
    assert "stts.batch" not in kept.named("engine").attributes


def test_a_call_is_told_the_span_that_it_works_for_before_it_ends(kept: Kept, root: Span) -> None:
    told = root.working("a", root.began)
    assert told == root.working("a", root.began) and told is not None
    root.worked("a", root.began, None)
    root.end()
    named, engine = read_traceparent(told), kept.named("engine")
    assert named == RemoteSpan(engine.trace_id, engine.span_id, sampled=True)
    assert root.working("a", root.began) is None
    assert Tracer(kept, 0.0).begin("root").working("a", root.began) is None


def test_underruns_of_all_engines_of_an_answer_add_up(kept: Kept, root: Span) -> None:
    for times in (2, 1, 0):
        root.ran_dry(times)
    root.end()
    assert kept.named("root").attributes == {"stts.underruns": 3}


def test_a_failure_is_told_by_its_code(kept: Kept, root: Span) -> None:
    root.worked("a", root.began, None, "engine_timeout")
    root.end(failed=True)
    assert kept.named("engine").failed and kept.named("root").failed
    assert kept.named("engine").attributes["error.type"] == "engine_timeout"


def test_what_comes_after_the_end_is_dropped(kept: Kept, root: Span) -> None:
    root.end()
    root.worked("a", root.began, None)
    root.end()
    assert [span.name for span in kept] == ["root"]


def test_what_begins_after_its_parent_was_told_lies_behind_it(kept: Kept, root: Span) -> None:
    root.part("queue", root.began, root.began)
    root.end()
    late = root.child("late")
    late.child("later").end()
    late.end()
    assert [span.name for span in kept] == ["root", "queue", "later", "late"]
    first, behind, inside = kept.named("root"), kept.named("late"), kept.named("later")
    assert (behind.trace_id, behind.parent_id) == (first.trace_id, first.span_id)
    assert behind.began_ns >= first.ended_ns and behind.attributes == {"stts.late": True}
    assert inside.parent_id == behind.span_id and inside.attributes == {}


def test_a_dropped_span_stays_dropped(kept: Kept, root: Span) -> None:
    root.drop()
    root.child("late").end()
    assert kept == []


def test_a_dropped_span_is_kept_only_with_children(kept: Kept) -> None:
    tracer = Tracer(kept, 1.0)
    tracer.begin("alone").drop()
    parent = tracer.begin("parent")
    parent.child("child").end()
    parent.drop()
    assert [span.name for span in kept] == ["child", "parent"]


def test_what_is_not_sampled(kept: Kept) -> None:
    span = Tracer(kept, 0.0).begin("root")
    child = span.child("child")
    child.worked("a", 0.0, (0.0, 1.0, 1.0, 1))
    child.event("event")
    child.set("name", 1)
    child.end()
    span.end()
    assert kept == [] and not child.recorded


def test_a_share_is_sampled(kept: Kept) -> None:
    tracer = Tracer(kept, 0.25)
    recorded = sum(tracer.begin("root").recorded for _ in range(4000))
    assert 800 < recorded < 1200


def test_the_client_decides_for_its_own_trace(kept: Kept) -> None:
    parent = RemoteSpan(5, 6, sampled=True)
    span = Tracer(kept, 0.0).begin("root", parent=parent)
    span.end()
    assert (kept[0].trace_id, kept[0].parent_id) == (5, 6)
    assert not Tracer(kept, 1.0).begin("root", parent=RemoteSpan(5, 6, sampled=False)).recorded


def test_a_link_decides_nothing_and_is_told(kept: Kept) -> None:
    link = RemoteSpan(5, 6, sampled=False)
    Tracer(kept, 1.0).begin("root", link=link).end()
    assert kept[0].link == link and kept[0].trace_id != 5 and kept[0].parent_id is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", True),
        ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00", False),
        ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03", True),
        ("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-comes-later", True),
    ],
)
def test_a_parent(text: str, expected: bool) -> None:
    assert read_traceparent(text) == RemoteSpan(
        0x0AF7651916CD43DD8448EB211C80319C, 0xB7AD6B7169203331, sampled=expected
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "00",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0",
        "00-0AF7651916CD43DD8448EB211C80319C-B7AD6B7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01x",
    ],
)
def test_what_is_no_parent(text: str) -> None:
    assert read_traceparent(text) is None
