"""WS /ws/tts of the whole application, on a real socket."""

from __future__ import annotations

import ast
import asyncio
import io
import json
import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routers.sockets.utterances import FRAME_BYTES, WAITING_UTTERANCES, frames
from stts.audio.decode import Decoder
from stts.settings import ConversationSettings
from stts.speech import AudioChunk
from tests.routers.websocket.reader import CHARACTER_BYTES, RATE, Event, Reader, quiet, reading, speaking
from tests.routers.websocket.shapes import knows
from tests.server import RunningServer

SENTENCE = "One sentence after the other is spoken here. "
AHEAD = ConversationSettings().ahead_seconds
CODEC_SECONDS = 0.15
"""Time reckoned from bytes is no finer than a codec's frames, and its first ones hold more than their share."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with speaking(tmp_path_factory.mktemp("tts")) as server:
        yield server


@asynccontextmanager
async def joined(server: RunningServer) -> AsyncIterator[Reader]:
    async with reading(server, "/ws/tts") as reader:
        yield reader
        assert [event for event in reader.events if not knows("tts_server", event)] == []


def text(words: str) -> Event:
    return {"type": "text", "text": words}


FLUSH, END, CANCEL, CLOSE = ({"type": name} for name in ("flush", "end", "cancel", "close"))
PACED = {"type": "config", "paced": True}


async def test_a_clause_is_heard_before_its_sentence_is_complete(server: RunningServer) -> None:
    async with joined(server) as reader:
        await reader.say(text("When it rains, the"))
        piece = await reader.until("piece")
        assert isinstance(await reader.next(), bytes)
        assert piece == {"type": "piece", "utterance": 0, "text": "When it rains,", "start_ms": 0}
        start = dict(reader.events[0])
        assert re.fullmatch("[0-9a-f]{32}", start.pop("request_id"))
        assert start == {
            "type": "audio.start",
            "utterance": 0,
            "format": "pcm",
            "sample_rate": RATE,
            "channels": 1,
            "media_type": "audio/pcm",
            "engine": "tone",
            "voice": "low",
        }
        await reader.say(text(" river rises by"), text(" noon."), END)
        done = await reader.until("audio.done")
    first, *others = (piece["text"] for piece in reader.of("piece"))
    assert first == "When it rains,"
    assert " ".join(others) == "the river rises by noon."  # in two where the listener had to wait for its end
    assert done["seconds"] == pytest.approx(len(reader.data) / 2 / RATE, abs=0.001)
    assert (done["cancelled"], done["failed"]) == (False, False)
    second = reader.of("piece")[1]
    assert second["start_ms"] == pytest.approx(14 * 60, abs=150)


async def test_the_real_engine_speaks_what_is_written_in_tokens(server: RunningServer) -> None:
    async with joined(server) as reader:
        await reader.say({"type": "config", "engine": "espeak", "format": "wav", "speed": 1.5})
        for token in ("He", "llo", " the", "re,", "", " Dr", ".", " Smith", ". ", "It is ", "3.", "5 o'clock", "."):
            await reader.say(text(token))
        await reader.say(END)
        await reader.until("audio.done")
    assert " ".join(piece["text"] for piece in reader.of("piece")) == "Hello there, Dr. Smith. It is 3.5 o'clock."
    assert reader.data.startswith(b"RIFF")


@pytest.mark.parametrize("engine", ["hibari", "espeak"])
async def test_words_that_the_engine_tells_are_measured(server: RunningServer, engine: str) -> None:
    async with joined(server) as reader:
        await reader.say({"type": "config", "engine": engine, "words": True, "speed": 1.25})
        await reader.say(text("It costs $48.50, Dr. Smith. "), text("How are you today?"), END)
        await reader.until("audio.done")
    told = reader.of("words")
    assert all(each["measured"] for each in told)
    words = [word for each in told for word in each["words"]]
    assert " ".join(word["text"] for word in words) == "It costs $48.50, Dr. Smith. How are you today?"
    starts = [word["start_ms"] for word in words]
    assert starts == sorted(starts) and all(word["start_ms"] < word["end_ms"] for word in words)


async def test_words_are_told_with_their_times_where_they_are_wanted(server: RunningServer) -> None:
    async with joined(server) as reader:
        # Words that no space parts are told by no engine.
        await reader.say({"type": "config", "engine": "espeak", "voice": "cmn", "words": True})
        await reader.say(text("你好， 我们 走。 "), text("谢谢！"), END)
        done = await reader.until("audio.done")
        await reader.say({"type": "config", "engine": "espeak"}, text("And these are not."), END)
        await reader.until("audio.done", lambda event: event["utterance"] == 1)
    told = reader.of("words")
    assert {(each["utterance"], each["measured"]) for each in told} == {(0, False)}
    pieces = [piece for piece in reader.of("piece") if piece["utterance"] == 0]
    assert [" ".join(word["text"] for word in each["words"]) for each in told] == [piece["text"] for piece in pieces]
    assert [each["words"][0]["start_ms"] for each in told] == [piece["start_ms"] for piece in pieces]
    bounds = [time for each in told for word in each["words"] for time in (word["start_ms"], word["end_ms"])]
    assert bounds == sorted(bounds) and bounds[-1] <= done["seconds"] * 1000 + 1


async def test_words_of_what_is_cancelled_are_not_told(server: RunningServer) -> None:
    async with joined(server) as reader:
        await reader.say({**PACED, "words": True}, text(SENTENCE * 20), END)
        await reader.until("piece")
        await reader.say(CANCEL, text("Now this."), END)
        await reader.until("audio.done", lambda event: event["utterance"] == 1)
    assert [[word["text"] for word in each["words"]] for each in reader.of("words") if each["utterance"]] == [
        ["Now", "this."]
    ]


async def test_a_character_may_come_in_two_messages(server: RunningServer) -> None:
    async with joined(server) as reader:
        await reader.say(text("Sun \ud83c"), text("\udf1e shines."), END)
        await reader.until("audio.done")
        assert [piece["text"] for piece in reader.of("piece")] == ["Sun \U0001f31e shines."]
        await reader.say(text("half \ud83c"), END)
        done = await reader.until("audio.done")
        assert reader.of("error")[0]["code"] == "invalid_text" and done["failed"]


async def test_a_flush_speaks_what_there_is(server: RunningServer) -> None:
    async with joined(server) as reader:
        await reader.say(FLUSH, text("Hel"), FLUSH, FLUSH)
        assert (await reader.until("piece"))["text"] == "Hel"
        await reader.say(text("lo"), FLUSH)
        assert (await reader.until("piece"))["text"] == "lo"
        await reader.say(END)
        assert (await reader.until("audio.done"))["utterance"] == 0


async def test_utterances_are_spoken_in_order_however_many_are_written(server: RunningServer) -> None:
    count = 3 * WAITING_UTTERANCES
    async with joined(server) as reader:
        for number in range(count):
            await reader.say(text(f"This is number {number}."), END)
        await reader.until("audio.done", lambda event: event["utterance"] == count - 1)
    assert [piece["text"] for piece in reader.of("piece")] == [f"This is number {n}." for n in range(count)]
    assert [done["utterance"] for done in reader.of("audio.done")] == list(range(count))


@pytest.mark.parametrize("written", [[], [""], [" \n"], ["..."]])
async def test_an_utterance_of_nothing_ends_without_audio(server: RunningServer, written: list[str]) -> None:
    async with joined(server) as reader:
        await reader.say(*map(text, written), END, text("More."), END)
        await reader.until("audio.done", lambda event: event["utterance"] == 1)
    assert reader.events[0]["type"] == "audio.done"
    assert reader.events[0]["seconds"] == 0


async def test_cancelling_drops_all_that_was_written_and_nothing_stale_follows(server: RunningServer) -> None:
    async with joined(server) as reader:
        await reader.say(PACED, text(SENTENCE * 20), END, text("A second one."), END, text("A third,"))
        await reader.until("piece")
        await reader.next()
        await reader.say(CANCEL, {"type": "config"}, text("Now this."), END)
        await reader.until("audio.done", lambda event: event["utterance"] == 3)
    dones = [(done["utterance"], done["cancelled"]) for done in reader.of("audio.done")]
    assert dones == [(0, True), (1, True), (2, True), (3, False)]
    assert [piece["text"] for piece in reader.of("piece")][1:] == ["Now this."]
    assert len(reader.audio(0)) < len(SENTENCE) * CHARACTER_BYTES
    after = reader.told[reader.told.index(reader.of("audio.done")[0]) :]
    before_next = after[: after.index(reader.of("audio.start")[1])]
    assert not [item for item in before_next if isinstance(item, bytes)]
    assert len(reader.audio(3)) == pytest.approx(9 * CHARACTER_BYTES, rel=0.1)


async def test_cancelling_nothing_is_nothing(server: RunningServer) -> None:
    async with joined(server) as reader:
        await reader.say(CANCEL, text("Hello."), END)
        assert (await reader.until("audio.done"))["cancelled"] is False
        await reader.say(CANCEL, text("Again."), END)
        assert (await reader.until("audio.done"))["utterance"] == 1


@pytest.mark.parametrize("format", ["pcm", "wav", "mp3"])
async def test_paced_audio_is_never_far_ahead(server: RunningServer, format: str) -> None:
    """Audio received by any moment cannot be more than was played since the text was sent, and what may be ahead."""
    async with joined(server) as reader:
        await reader.say({**PACED, "format": format})
        begun = time.monotonic()
        await reader.say(text(SENTENCE), END)
        received: list[tuple[float, int]] = []
        while not reader.of("audio.done"):
            if isinstance(item := await reader.next(), bytes):
                received.append((time.monotonic() - begun, len(item)))
    seconds, size = reader.of("audio.done")[0]["seconds"], len(reader.data)
    assert seconds > 2
    total = 0
    for at, length in received:
        total += length
        assert total / size * seconds <= at + AHEAD + CODEC_SECONDS


async def test_close_speaks_what_was_written_first(server: RunningServer) -> None:
    async with joined(server) as reader:
        await reader.say(text("First. "), END, text("And the rest"), CLOSE)
        assert await reader.to_the_end() == 1000
    assert [piece["text"] for piece in reader.of("piece")] == ["First.", "And the rest"]
    assert [done["cancelled"] for done in reader.of("audio.done")] == [False, False]


async def test_a_failing_engine_ends_its_utterance_only(server: RunningServer) -> None:
    async with joined(server) as reader:
        await reader.say(text("First this. Then"))
        await reader.until("piece")
        await reader.say(text(" explode. And more"), FLUSH)
        error = await reader.until("error")
        done = await reader.until("audio.done")
        await reader.say(text(" of the same"), END, text("A new one."), END)
        await reader.until("audio.done")
    assert (error["code"], error["utterance"], error["fatal"]) == ("engine_failed", 0, False)
    assert (done["utterance"], done["failed"], done["cancelled"]) == (0, True, False)
    assert [done["utterance"] for done in reader.of("audio.done")] == [0, 1]
    assert reader.of("piece")[-1]["text"] == "A new one."


@pytest.mark.parametrize(
    ("message", "code", "param"),
    [
        ("{", "invalid_request", None),
        ("[]", "invalid_request", None),
        (b"\x00\x01", "invalid_request", None),
        ("{}", "invalid_parameter", "type"),
        ('{"type": "speak"}', "invalid_parameter", "type"),
        ('{"type": ["text"]}', "invalid_parameter", "type"),
        ('{"type": "text"}', "invalid_parameter", "text"),
        ('{"type": "text", "text": 5}', "invalid_parameter", "text"),
        ('{"type": "text", "text": "a", "more": 1}', "invalid_parameter", "more"),
        (json.dumps({"type": "text", "text": "x" * 2001}), "text_too_long", "text"),
        ('{"type": "config", "speed": 100}', "invalid_parameter", "speed"),
        ('{"type": "config", "engine": "nobody"}', "unknown_engine", "engine"),
        ('{"type": "config", "voice": "nobody"}', "unknown_voice", "voice"),
        ('{"type": "config", "pitchiness": 1}', "invalid_parameter", "pitchiness"),
        ('{"type": "config", "format": "opus", "sample_rate": 11025}', "unsupported_format", "sample_rate"),
        ('{"type": "config", "text": "a"}', "invalid_parameter", "text"),
        ('{"type": "config", "save": true}', "invalid_parameter", "save"),
    ],
)
async def test_what_is_wrong_is_told_and_the_session_lives(
    server: RunningServer, message: str | bytes, code: str, param: str | None
) -> None:
    async with joined(server) as reader:
        await reader.client.send(message)
        error = await reader.until("error")
        assert (error["code"], error.get("param"), error["fatal"]) == (code, param, False)
        await reader.say(text("Still here."), END)
        assert (await reader.until("audio.done"))["seconds"] > 0.5


async def test_a_configuration_within_an_utterance_is_refused(server: RunningServer) -> None:
    async with joined(server) as reader:
        await reader.say(text("One"), {"type": "config", "voice": "high"})
        assert (await reader.until("error"))["code"] == "conflict"
        await reader.say(END, {"type": "config", "voice": "high"}, text("Two"), END)
        await reader.until("audio.done", lambda event: event["utterance"] == 1)
    assert [start["voice"] for start in reader.of("audio.start")] == ["low", "high"]


async def test_the_length_of_one_utterance_is_bounded(server: RunningServer) -> None:
    async with joined(server) as reader:
        await reader.say(PACED, *[text("x" * 700)] * 3)
        assert (await reader.until("error"))["code"] == "text_too_long"
        await reader.say(CANCEL, *[text("Short. ")] * 2, CANCEL)
        await reader.until("audio.done", lambda event: event["utterance"] == 1)


async def test_a_text_that_is_too_long_begins_no_utterance(server: RunningServer) -> None:
    async with joined(server) as reader:
        await reader.say(text("x" * 2100), PACED, text("Short."), END)
        assert (await reader.until("audio.done"))["utterance"] == 0
        assert [error["code"] for error in reader.of("error")] == ["text_too_long"]


async def test_after_close_nothing_is_begun(server: RunningServer) -> None:
    async with joined(server) as reader:
        await reader.say(PACED, text(SENTENCE), CLOSE, text("more"), END, FLUSH)
        assert (await reader.until("error"))["code"] == "conflict"
        assert (await reader.until("error"))["code"] == "conflict"
        await reader.say(CANCEL)
        assert await reader.to_the_end() == 1000
    assert reader.of("audio.done")[0]["cancelled"]


VANISHING = {
    "at once": [],
    "in a word": [text("Hel")],
    "between pieces": [text("One thing. Another")],
    "while audio is paced": [PACED, text(SENTENCE * 20), END],
    "while audio is made": [{"type": "config", "format": "mp3"}, *[text(SENTENCE * 40), END] * 4],
    "with more waiting": [*[PACED, text(SENTENCE), END] * (2 * WAITING_UTTERANCES)],
    "while closing": [PACED, text(SENTENCE * 20), CLOSE],
    "after a failure": [text("explode. More")],
    "after a cancel": [PACED, text(SENTENCE * 20), CANCEL, text("One")],
}


@pytest.mark.parametrize("state", VANISHING)
@pytest.mark.parametrize("politely", [True, False])
async def test_a_client_that_vanishes_leaves_nothing_behind(server: RunningServer, state: str, politely: bool) -> None:
    before = await asyncio.to_thread(server.tasks)
    async with reading(server, "/ws/tts") as reader:
        await reader.say(*VANISHING[state])
        if state not in ("at once", "in a word"):
            await reader.next()
        if not politely:
            reader.client.transport.abort()
    await quiet(server, before)


async def test_a_hundred_thousand_tokens_are_no_more_than_their_text(server: RunningServer) -> None:
    async with joined(server) as reader:
        for _ in range(300):
            await reader.say(*[text(token) for token in ("a", "", "b", " ")], FLUSH)
        await reader.say(END)
        await reader.until("audio.done")
    assert "".join(piece["text"] for piece in reader.of("piece")).replace(" ", "") == "ab" * 300


async def test_the_example_of_the_docs_runs(
    server: RunningServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    docs = Path(__file__).parents[4] / "docs" / "realtime.md"
    section = docs.read_text(encoding="utf-8").partition("## Streamed speech")[2]
    example = section.partition("```python\n")[2].partition("```")[0]
    example = example.replace("ws://127.0.0.1:8000", server.url.replace("http", "ws"))
    await eval(compile(example, str(docs), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), {})
    spoken = io.BytesIO((tmp_path / "hello.wav").read_bytes())
    assert sum(map(len, Decoder(spoken, max_seconds=60))) > 16_000


@given(st.binary(max_size=3 * FRAME_BYTES), st.floats(0, 30), st.none() | st.floats(0.01, 0.4))
def test_messages_are_small_and_joined_the_chunk(data: bytes, seconds: float, most: float | None) -> None:
    cut = list(frames(AudioChunk(data, seconds), most))
    assert b"".join(frame for frame, _ in cut) == data
    assert all(0 < len(frame) <= FRAME_BYTES for frame, _ in cut)
    assert all(len(frame) % 4 == 0 for frame, _ in cut[:-1])
    if data:
        assert sum(length for _, length in cut) == pytest.approx(seconds)
