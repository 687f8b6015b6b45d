"""WS /v1/audio/speech/stream of the whole application, on a real socket."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from stts.audio.decode import Decoder
from tests.routers.websocket.reader import CHARACTER_BYTES, RATE, Event, Reader, quiet, reading, speaking
from tests.server import RunningServer

pytestmark = pytest.mark.socket

PATH = "/v1/audio/speech/stream"
NATIVE: Event = {"sample_rate": RATE}
"""Without resampling, lengths can be told exactly."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with speaking(tmp_path_factory.mktemp("stream")) as server:
        yield server


@asynccontextmanager
async def joined(server: RunningServer, **config: Any) -> AsyncIterator[Reader]:
    async with reading(server, PATH) as reader:
        await reader.say({"type": "session.config", "model": "tone", **NATIVE, **config})
        yield reader


def text(words: str) -> Event:
    return {"type": "input.text", "text": words}


DONE, CLOSE = {"type": "input.done"}, {"type": "session.close"}


async def test_sentences_are_told_one_after_the_other(server: RunningServer) -> None:
    async with joined(server, stream_audio=True) as reader:
        await reader.say(text("Hel"), text("lo there. How"))
        first = await reader.until("audio.start")
        assert first == {
            "type": "audio.start",
            "utterance_index": 0,
            "sentence_index": 0,
            "sentence_text": "Hello there.",
            "format": "pcm",
            "sample_rate": RATE,
            "channels": 1,
        }
        assert isinstance(await reader.next(), bytes)
        await reader.say(text(" are you?"), DONE)
        assert await reader.until("session.done") == {
            "type": "session.done",
            "utterance_index": 0,
            "total_sentences": 2,
        }
    assert [event["sentence_text"] for event in reader.of("audio.start")] == ["Hello there.", "How are you?"]
    dones = reader.of("audio.done")
    assert [done["sentence_index"] for done in dones] == [0, 1]
    assert not any(done["error"] for done in dones)
    assert sum(done["total_bytes"] for done in dones) == len(reader.data)
    assert dones[0]["total_bytes"] == pytest.approx(12 * CHARACTER_BYTES, rel=0.3)


async def test_the_next_utterance_may_have_another_configuration(server: RunningServer) -> None:
    async with joined(server) as reader:
        await reader.say(text("One."), DONE, {"type": "session.config", "voice": "high", "response_format": "wav"})
        await reader.say(text("Two."), DONE, CLOSE)
        assert await reader.to_the_end() == 1000
    assert [event["format"] for event in reader.of("audio.start")] == ["pcm", "wav"]
    assert [event["utterance_index"] for event in reader.of("session.done")] == [0, 1]
    assert reader.audio(1, "utterance_index").startswith(b"RIFF")


async def test_without_streaming_a_sentence_is_one_message(server: RunningServer) -> None:
    async with joined(server) as reader:
        await reader.say(text("A rather long sentence, of some clauses, is spoken. " * 3), DONE)
        await reader.until("session.done")
    for place, item in enumerate(reader.told):
        if isinstance(item, dict) and item["type"] == "audio.start":
            data, done = reader.told[place + 1 : place + 3]
            assert isinstance(data, bytes) and isinstance(done, dict)
            assert (done["type"], done["total_bytes"]) == ("audio.done", len(data))


@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize("format", ["wav", "mp3", "opus", "flac"])
async def test_a_file_is_one_sentence(server: RunningServer, format: str, streamed: bool) -> None:
    async with joined(server, response_format=format, stream_audio=streamed, sample_rate=24000) as reader:
        await reader.say(text("First this. "), text("Then that, and more of it."), DONE)
        done = await reader.until("session.done")
    assert (done["total_sentences"], len(reader.of("audio.start"))) == (1, 1)
    assert reader.of("audio.done")[0]["total_bytes"] == len(reader.data)
    seconds = sum(map(len, Decoder(io.BytesIO(reader.data), max_seconds=60))) / 16_000
    assert seconds == pytest.approx(37 * 0.06, abs=0.5)


async def test_an_utterance_of_nothing(server: RunningServer) -> None:
    async with joined(server) as reader:
        await reader.say(DONE, text(" "), DONE)
        await reader.until("session.done", lambda event: event["utterance_index"] == 1)
    assert [event["total_sentences"] for event in reader.events] == [0, 0]


async def test_pcm_is_at_the_hosted_rate_unless_told_otherwise(server: RunningServer) -> None:
    async with reading(server, PATH) as reader:
        await reader.say({"type": "session.config", "voice": "alloy", "task_type": "Base"}, text("Hello."), DONE)
        assert (await reader.until("audio.start"))["sample_rate"] == 24_000


async def test_the_configuration_comes_first(server: RunningServer) -> None:
    async with reading(server, PATH) as reader:
        await reader.say(text("Hello."), DONE)
        assert (await reader.until("error"))["code"] == "conflict"
        assert (await reader.until("error"))["code"] == "conflict"
        await reader.say({"type": "session.config"}, text("Hello."), DONE)
        assert (await reader.until("session.done"))["utterance_index"] == 0


async def test_a_configuration_within_an_utterance_is_rejected(server: RunningServer) -> None:
    async with joined(server) as reader:
        await reader.say(text("Hel"), {"type": "session.config", "model": "tone", "voice": "nobody"})
        assert (await reader.until("error"))["code"] == "conflict"
        await reader.say(text("lo."), DONE)
        await reader.until("session.done")
    assert reader.of("audio.start")[0]["sentence_text"] == "Hello."


@pytest.mark.parametrize(
    ("message", "code", "param"),
    [
        ({"type": "session.config", "model": "nobody"}, "model_not_found", "model"),
        ({"type": "session.config", "model": "tone", "voice": "nobody"}, "unknown_voice", "voice"),
        ({"type": "session.config", "response_format": "tape"}, "invalid_parameter", "response_format"),
        ({"type": "session.config", "input": "Hello"}, "invalid_parameter", "input"),
        ({"type": "session.config", "word_timestamps": True}, "invalid_parameter", "word_timestamps"),
        ({"type": "input.text"}, "invalid_parameter", "text"),
        ({"type": "input.text", "text": "x" * 100_001}, "text_too_long", "text"),
        ({"type": "input.audio"}, "invalid_parameter", "type"),
    ],
)
async def test_what_is_wrong_is_told_and_the_session_lives(
    server: RunningServer, message: Event, code: str, param: str
) -> None:
    async with joined(server) as reader:
        await reader.say(message)
        error = await reader.until("error")
        assert (error["code"], error["param"]) == (code, param)
        assert error["message"]
        await reader.say(text("Still here."), DONE)
        await reader.until("session.done")
    assert reader.data


async def test_binary_messages_are_refused(server: RunningServer) -> None:
    async with joined(server) as reader:
        await reader.client.send(b"text")
        assert (await reader.until("error"))["code"] == "invalid_request"


async def test_a_failing_engine_ends_its_sentence_and_its_utterance(server: RunningServer) -> None:
    async with joined(server, stream_audio=True) as reader:
        await reader.say(text("First this. Then"))
        await reader.until("audio.start")
        await reader.say(text(" explode now. "), DONE, text("Again."), DONE)
        await reader.until("session.done", lambda event: event["utterance_index"] == 1)
    kinds = [event["type"] for event in reader.events]
    first = kinds.index("session.done")
    assert kinds[: first + 1] == ["audio.start", "error", "audio.done", "session.done"]
    assert [done["error"] for done in reader.of("audio.done")] == [True, False]


@pytest.mark.parametrize("messages", [[], [text("Hel")], [text("One thing. Another")], [text("One. " * 300), DONE]])
async def test_a_client_that_vanishes_leaves_nothing_behind(server: RunningServer, messages: list[Event]) -> None:
    before = await asyncio.to_thread(server.tasks)
    async with joined(server) as reader:
        await reader.say(*messages)
        reader.client.transport.abort()
    await quiet(server, before)


async def test_a_client_that_writes_nothing_for_long_is_sent_away(tmp_path: Path) -> None:
    with speaking(tmp_path, idle_seconds=0.2) as server:
        async with joined(server) as reader:
            await reader.say(text("Hel"))
            error = await reader.until("error")
            assert error["code"] == "idle_timeout"
            assert await reader.to_the_end() not in (None, 1000)
