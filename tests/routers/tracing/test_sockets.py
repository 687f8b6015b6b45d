"""Traces of sockets: one of each turn, and one of each text to speak."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests import patient
from tests.fakes import registry
from tests.receiver import Receiver, check_nested, inside
from tests.routers.tracing.traced import PARENT, roots, settings
from tests.routers.websocket.caller import address, calling, pcm, silence, spoken
from tests.server import RunningServer, running

pytestmark = pytest.mark.socket


async def test_a_turn_on_a_socket(receiver: Receiver, tmp_path: Path) -> None:
    with running(settings(receiver, tmp_path), registry()) as server:
        async with calling(server, headers={"traceparent": PARENT}) as caller:
            await caller.say(silence(0.3), spoken(), silence(1.0))
            await caller.until("turn_metrics")
            await caller.send("text", text="and now typed")
            await caller.until("turn_metrics")
    spans = receiver.wait(lambda spans: sum(span.name == "turn" for span in spans) == 2)
    check_nested(spans)
    said, typed = sorted(roots(spans), key=lambda span: span.began)
    assert {root.name for root in roots(spans)} == {"turn"} and said.trace_id != typed.trace_id
    assert said.links == typed.links == [PARENT.split("-")[1]]
    assert said.attributes["stts.outcome"] == "completed"
    names = [span.name for span in inside(spans, said)]
    assert {*names} == {"listening", "endpointing", "transcribe", "reply", "speak", "speaking"}
    by_name = {span.name: span for span in inside(spans, said)}
    assert by_name["listening"].ended == by_name["endpointing"].began
    moments = said.events
    assert moments["first_token"] <= moments["first_audio"] <= moments["first_sent"] == by_name["speaking"].began
    assert "engine" in {span.name for span in inside(spans, by_name["transcribe"])}
    assert {span.name for span in inside(spans, typed)} == {"reply", "speak", "speaking"}


async def test_what_leaves_in_the_middle_of_a_turn(receiver: Receiver, tmp_path: Path) -> None:
    with running(settings(receiver, tmp_path), registry()) as server:
        async with calling(server) as caller:
            await caller.say(silence(0.3), spoken())
            await caller.until("speech_start")
    spans = receiver.named("turn")
    check_nested(spans)
    (root,) = roots(spans)
    assert root.attributes["stts.outcome"] == "abandoned"
    assert [span.name for span in inside(spans, root)] == ["transcribe"]


async def spoken_to(server: RunningServer, path: str, messages: list[Any], last: str) -> None:
    """Says all that on a socket, and reads until the last event."""
    async with patient.connect(address(server, path), additional_headers={"traceparent": PARENT}) as client:
        for message in messages:
            await client.send(message if isinstance(message, bytes) else json.dumps(message))
        async for told in client:
            if isinstance(told, str) and json.loads(told)["type"] == last:
                return


async def test_each_text_on_a_socket_is_a_trace(traced: RunningServer, receiver: Receiver) -> None:
    for words in ("one text", "another text"):
        await spoken_to(traced, "/ws/tts", [{"type": "text", "text": words}, {"type": "end"}], "audio.done")
    spans = receiver.wait(lambda spans: sum(span.name == "speak" for span in spans) == 2)
    check_nested(spans)
    first, second = roots(spans)
    assert first.name == second.name == "speak" and first.trace_id != second.trace_id
    assert first.links == [PARENT.split("-")[1]] and first.attributes["http.route"] == "/ws/tts"
    assert {part.name for part in inside(spans, first)} == {"queue", "engine", "encode"}


async def test_words_on_a_socket_are_a_turn_without_a_reply(traced: RunningServer, receiver: Receiver) -> None:
    await spoken_to(traced, "/ws/stt", [pcm(silence(0.3), spoken(), silence(1.0)), {"type": "end"}], "final")
    spans = receiver.named("turn")
    check_nested(spans)
    (turn,) = roots(spans)
    assert turn.attributes["stts.outcome"] == "completed"
    assert {span.name for span in inside(spans, turn)} == {"listening", "endpointing", "transcribe"}
