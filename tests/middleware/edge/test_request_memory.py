from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from middleware.edge import request_memory
from middleware.edge.request_memory import REMEMBERED_SECONDS, Repeated, RepeatNotes, RequestMemory, digest_of
from stts.access.roles import Role
from stts.context import RequestContext, RequestFacts
from stts.engine_api import SpeechParams, Voice
from stts.plans import SpeechPlan, SpeechRequest
from stts.settings import Settings
from stts.speech import AudioOutput, SynthesisConfig

OUTPUT = AudioOutput("wav", "audio/wav", 16_000, 1)
PLAN = SpeechPlan(SynthesisConfig(), "tone", Voice("low", "Low", ("en",)), SpeechParams(), 16_000, OUTPUT)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def repeated(until: float, text: str = "Hello.", headers: tuple[tuple[bytes, bytes], ...] = ()) -> Repeated:
    request = SpeechRequest(text, SynthesisConfig(), PLAN)
    facts = RequestFacts("POST", "/tts", "10.0.0.1", len(text), "wav", arrived=1.0)
    context = RequestContext("tts", "first", input_data=facts)
    return Repeated(
        *("key", '"tag"', headers, b"", request, PLAN, text, context, (), Role.WRITE),
        is_openai=False,
        settings=Settings(),
        weights_changes=0,
        until=until,
    )


def scope(**changes: Any) -> dict[str, Any]:
    return {
        "type": "http",
        "method": "POST",
        "path": "/tts",
        "query_string": b"",
        "scheme": "http",
        "client": ("10.0.0.1", 4000),
        "headers": [(b"host", b"here"), (b"authorization", b"Bearer one")],
        **changes,
    }


def test_two_answers_must_have_been_alike() -> None:
    memory = RequestMemory(Clock())
    memory.put(b"1", repeated)
    assert memory.get(b"1") is None
    memory.put(b"1", lambda until: repeated(until, headers=((b"x-seconds", b"0.1"),)))
    assert memory.get(b"1") is None, "a header that differs tells of its own time"
    memory.put(b"1", lambda until: repeated(until, headers=((b"x-seconds", b"0.1"),)))
    assert memory.get(b"1") is not None


def test_it_is_routed_again_after_a_while() -> None:
    clock = Clock()
    memory = RequestMemory(clock)
    memory.put(b"1", repeated)
    memory.put(b"1", repeated)
    clock.now += REMEMBERED_SECONDS - 0.1
    assert memory.get(b"1") is not None
    clock.now += 0.1
    assert memory.get(b"1") is None
    memory.put(b"1", repeated)
    assert memory.get(b"1") is not None, "and once is enough, for it is known"


@pytest.mark.parametrize(("name", "most"), [("MOST_REQUESTS", 3), ("MOST_CHARACTERS", 19)])
def test_it_is_bounded(monkeypatch: pytest.MonkeyPatch, name: str, most: int) -> None:
    monkeypatch.setattr(request_memory, name, most)
    memory = RequestMemory(Clock())
    for number in range(10):
        memory.put(b"%d" % number, repeated)
        memory.put(b"%d" % number, repeated)
    assert len(memory) == 3 and memory.get(b"9") is not None and memory.get(b"5") is None
    memory.forget()
    assert len(memory) == 0


def test_all_that_decides_is_in_the_name_of_a_request() -> None:
    plain = digest_of(scope(), "default", b"{}")
    others = [
        digest_of(scope(), "street", b"{}"),
        digest_of(scope(), "default", b"{ }"),
        digest_of(scope(method="GET"), "default", b"{}"),
        digest_of(scope(path="/v1/audio/speech"), "default", b"{}"),
        digest_of(scope(query_string=b"a=1"), "default", b"{}"),
        digest_of(scope(scheme="https"), "default", b"{}"),
        digest_of(scope(root_path="/speech"), "default", b"{}"),
        digest_of(scope(client=("10.0.0.2", 4000)), "default", b"{}"),
        digest_of(scope(client=None), "default", b"{}"),
        digest_of(scope(headers=[(b"host", b"here"), (b"authorization", b"Bearer two")]), "default", b"{}"),
        digest_of(scope(headers=[(b"host", b"here")]), "default", b"{}"),
    ]
    assert plain is not None and len({plain, *others}) == len(others) + 1
    assert digest_of(scope(client=("10.0.0.1", 5000)), "default", b"{}") == plain, "a port is nobody's"


@pytest.mark.parametrize(
    ("changes", "body"),
    [
        ({"method": "HEAD"}, b""),
        ({"method": "DELETE"}, b""),
        ({"headers": [(b"range", b"bytes=0-1")]}, b""),
        ({"headers": [(b"if-none-match", b"*")]}, b""),
        ({"headers": [(b"cache-control", b"no-store")]}, b""),
        ({}, None),
        ({}, b"x" * 32_001),
    ],
)
def test_what_is_not_remembered(changes: dict[str, Any], body: bytes | None) -> None:
    assert digest_of(scope(**changes), "default", body) is None


def test_nothing_that_is_kept_tells_a_key() -> None:
    digest = digest_of(scope(), "default", b"{}")
    assert digest is not None and len(digest) == 32


def test_a_context_of_its_own_for_each() -> None:
    before = repeated(1.0)
    before.context.output_data.engine, before.context.output_data.voice = "tone", "low"
    before.context.metrics.audio_seconds, before.context.metrics.characters = 2.0, 6
    one, other = before.begun("one", 3.0), before.begun("other", 4.0)
    assert (one.request_id, other.request_id) == ("one", "other")
    assert one.input_data is not other.input_data and one.input_data.arrived > 1.0
    assert replace(one.input_data, arrived=1.0) == before.context.input_data
    assert (one.output_data.engine, one.output_data.voice, one.metrics.audio_seconds) == ("tone", "low", 2.0)
    assert one.output_data.cache is not None and (one.output_data.cache.state, one.output_data.cache.age) == (
        "HIT",
        3.0,
    )
    assert one.status == "processing" and one.metrics.total is None


def test_notes_of_a_request_with_several_operations() -> None:
    notes = RepeatNotes()
    tell = notes.operation()
    notes.operation()
    context, request = RequestContext("tts"), SpeechRequest("Hello.", SynthesisConfig(), PLAN)
    tell(context, "key", request)
    assert (notes.operations, notes.key, notes.context, notes.request) == (2, "key", context, request)
