"""WS /ws/stt of the whole application, on a real socket."""

from __future__ import annotations

import asyncio
import io
import json
import random
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus

from stts.audio.decode import Decoder
from stts.engine_api import Samples
from stts.settings import LimitSettings, Settings, StorageSettings, STTSettings
from tests import patient
from tests.audio import encoded, speech
from tests.fakes import registry
from tests.patient import PATIENCE
from tests.routers.websocket.shapes import shape
from tests.server import RunningServer, running

pytestmark = pytest.mark.socket

Event = dict[str, Any]


def spoken(name: str = "weather.flac") -> Samples:
    """A recording and silence enough to end its turn."""
    samples = np.concatenate(list(Decoder(io.BytesIO(speech(name)), max_seconds=60)))
    return np.concatenate([samples, np.zeros(16_000, np.float32)])


def s16(samples: Samples) -> bytes:
    return (samples * 32_767).astype("<i2").tobytes()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with serving(tmp_path_factory.mktemp("data")) as server:
        yield server


def serving(folder: Path, **limits: float) -> AbstractContextManager[RunningServer]:
    settings = Settings(
        stt=STTSettings(order=("echo",)),
        storage=StorageSettings(root=str(folder)),
        limits=LimitSettings.model_validate(limits),
    )
    return running(settings, registry())


@asynccontextmanager
async def joined(server: RunningServer, query: str = "", path: str = "/ws/stt") -> AsyncIterator[ClientConnection]:
    async with patient.connect(f"{server.url.replace('http', 'ws')}{path}?{query}", max_size=None) as client:
        yield client


async def event(client: ClientConnection) -> Event:
    event: Event = json.loads(await asyncio.wait_for(client.recv(), PATIENCE))
    assert client.request is not None
    shape("stt_server" if client.request.path.startswith("/ws/stt") else "transcribe_server").validate(event)
    return event


async def until(client: ClientConnection, kind: str) -> Event:
    while (told := await event(client))["type"] != kind:
        pass
    return told


async def all_events(client: ClientConnection) -> tuple[list[Event], int | None]:
    """All that comes until the server closes, and the close code."""
    events: list[Event] = []
    with pytest.raises(ConnectionClosed) as caught:
        while True:
            events.append(await event(client))
    return events, caught.value.rcvd.code if caught.value.rcvd is not None else None


async def say(client: ClientConnection, **message: Any) -> None:
    await client.send(json.dumps(message))


def of(events: list[Event], kind: str) -> list[Event]:
    return [event for event in events if event["type"] == kind]


def check_transcript(events: list[Event]) -> None:
    assert events[0]["type"] == "session.created"
    for final in of(events, "final"):
        told = [partial for partial in of(events, "partial") if partial["turn"] == final["turn"]]
        if told:
            assert "".join(partial["stable_delta"] for partial in told) == final["text"]
        assert 0 <= final["start_ms"] <= final["end_ms"]


@pytest.mark.parametrize("size", [2, 3, 1920, 100_001])
async def test_speech_becomes_events_however_it_is_cut(server: RunningServer, size: int) -> None:
    audio = s16(spoken())
    async with joined(server) as client:
        reading = asyncio.create_task(all_events(client))
        for start in range(0, len(audio), size):
            await client.send(audio[start : start + size])
        await say(client, type="end")
        events, code = await reading
    assert code == 1000
    check_transcript(events)
    started, ended, finals = of(events, "speech_start"), of(events, "speech_end"), of(events, "final")
    assert len(started) == len(ended) == len(finals) >= 1
    assert started[0]["at_ms"] < ended[0]["at_ms"] and finals[0]["text"].startswith("word0")
    assert not of(events, "error")


@pytest.mark.parametrize(
    ("query", "make"),
    [
        ("format=pcm_f32le&rate=16000", lambda samples: samples.tobytes()),
        ("rate=8000", lambda samples: s16(samples[::2])),
        ("rate=16000&channels=2", lambda samples: s16(np.repeat(samples, 2))),
        ("encoding=opus", lambda samples: encoded(samples, "opus", 16_000)),
        ("encoding=mp3", lambda samples: encoded(samples, "mp3", 16_000)),
        ("encoding=webm", lambda samples: webm(samples)),
    ],
)
async def test_every_format_is_heard(server: RunningServer, query: str, make: Any) -> None:
    audio = make(spoken())
    async with joined(server, query) as client:
        for start in range(0, len(audio), 4000):
            await client.send(audio[start : start + 4000])
        await say(client, type="close")
        events, code = await all_events(client)
    check_transcript(events)
    assert code == 1000 and of(events, "final")[0]["text"].startswith("word0"), events


def webm(samples: Samples) -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format="webm", container_options={"live": "1", "cluster_time_limit": "100"}) as container:
        stream = container.add_stream("libopus", rate=16_000, layout="mono")
        assert isinstance(stream, av.AudioStream)
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), "flt", "mono")
        frame.sample_rate = 16_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return out.getvalue()


async def test_the_first_message_may_configure(server: RunningServer) -> None:
    async with joined(server) as client:
        await say(client, type="config", rate=8000, word_timestamps=True, partials=False, turn_detection=False)
        told = await until(client, "session.updated")
        assert told["config"]["rate"] == 8000 and told["config"]["words"] is True
        await client.send(s16(spoken()[::2]))
        await say(client, type="config", silence_ms=300)
        await say(client, type="config", rate=16_000)
        assert (await until(client, "error"))["code"] == "conflict"
        await say(client, type="commit")
        final = await until(client, "final")
        assert final["words"][0]["text"] == "word0" and final["words"][0]["end_ms"] > 0
        await say(client, type="end")
        events, code = await all_events(client)
        assert code == 1000 and not of(events, "partial")


async def test_without_turn_detection_the_client_says_when(server: RunningServer) -> None:
    async with joined(server, "turn_detection=false&partials=false") as client:
        await say(client, type="commit")
        assert (await until(client, "error"))["code"] == "conflict"
        audio = s16(spoken())
        for turn in (1, 2):
            await client.send(audio)
            await say(client, type="commit")
            final = await until(client, "final")
            assert final["turn"] == turn and final["text"].startswith("word0")
            assert final["start_ms"] >= (turn - 1) * len(audio) / 32 - 64


async def test_the_end_of_resampled_audio_is_heard_too(server: RunningServer) -> None:
    whole_frames = 10 * 512
    async with joined(server, "turn_detection=false&partials=false&rate=8000") as client:
        await client.send(bytes(2 * whole_frames * 8000 // 16_000))
        await say(client, type="end")
        assert (await until(client, "final"))["end_ms"] == 1000 * whole_frames // 16_000


async def test_the_older_generation_is_answered_in_its_own_shape(server: RunningServer) -> None:
    async with joined(server, path="/ws/transcribe", query="partials=false") as client:
        await client.send(s16(spoken()))
        told = await event(client)
        assert told["type"] == "transcription" and told["partial"] is False and told["text"].startswith("word0")
        assert told["timing"]["duration"] == pytest.approx(told["timing"]["end"] - told["timing"]["start"], abs=0.002)
        assert told["segments"][0]["text"] == told["text"] and told["language"] == "en"


@pytest.mark.parametrize(
    ("message", "code", "param"),
    [
        ("{", "invalid_request", None),
        ("[]", "invalid_request", None),
        ("{}", "invalid_parameter", "type"),
        ('{"type": "secret"}', "invalid_parameter", "type"),
        ('{"type": "config", "rate": 7}', "invalid_parameter", "rate"),
        ('{"type": "config", "format": "secret"}', "invalid_parameter", "format"),
        ('{"type": "config", "sec ret": 1}', "invalid_parameter", "?"),
        ('{"type": "config", "engine": "secret"}', "unknown_engine", "engine"),
        ('{"type": "commit"}', "conflict", None),
    ],
)
async def test_a_wrong_message_is_one_error_and_the_session_lives(
    server: RunningServer, message: str, code: str, param: str | None
) -> None:
    async with joined(server) as client:
        await client.send(message)
        told = await until(client, "error")
        assert told["code"] == code and told.get("param") == param and told["fatal"] is False
        assert "secret" not in told["message"]
        await say(client, type="config", language="de")
        assert (await until(client, "session.updated"))["config"]["language"] == "de"


@pytest.mark.parametrize("query", ["rate=7000", "format=mp4", "silence_ms=nan", "channels=x"])
async def test_a_wrong_query_is_refused_before_the_socket_is_accepted(server: RunningServer, query: str) -> None:
    with pytest.raises(InvalidStatus) as caught:
        async with joined(server, query):
            pass
    assert caught.value.response.status_code == 422


@pytest.mark.parametrize("query", ["engine=nobody", "language=xx"])
async def test_what_the_engine_cannot_do_is_the_last_event(server: RunningServer, query: str) -> None:
    async with joined(server, query) as client:
        events, code = await all_events(client)
    assert code == 1008 and events[-1]["type"] == "error" and events[-1]["fatal"] is True


@pytest.mark.parametrize("field", ["engine", "stt"])
async def test_an_engine_that_nobody_knows_goes_by_the_field_it_came_in(server: RunningServer, field: str) -> None:
    async with joined(server, f"{field}=nobody") as client:
        events, _ = await all_events(client)
    assert (events[-1]["code"], events[-1]["param"]) == ("unknown_engine", field)


async def test_garbage_in_a_container_ends_the_session(server: RunningServer) -> None:
    async with joined(server, "encoding=webm") as client:
        await client.send(random.Random(1).randbytes(50_000))
        events, code = await all_events(client)
    assert events[-1]["code"] == "undecodable_audio" and code == 1008


async def test_what_is_not_a_number_is_silence(server: RunningServer) -> None:
    async with joined(server, "format=pcm_f32le") as client:
        await client.send(np.full(50_000, np.nan, np.float32).tobytes())
        await client.send(np.full(50_000, 1e38, np.float32).tobytes()[:-3])
        await say(client, type="end")
        events, code = await all_events(client)
    assert code == 1000 and not of(events, "error")


async def test_an_end_without_audio_is_only_a_goodbye(server: RunningServer) -> None:
    for query in ("", "encoding=webm", "turn_detection=false"):
        async with joined(server, query) as client:
            await say(client, type="end")
            events, code = await all_events(client)
        assert [event["type"] for event in events] == ["session.created"] and code == 1000


async def test_no_audio_follows_the_end(server: RunningServer) -> None:
    async with joined(server, "turn_detection=false") as client:
        await client.send(bytes(64_000))
        await say(client, type="end")
        await client.send(bytes(64_000))
        events, code = await all_events(client)
    assert len(of(events, "final")) == 1 and code == 1000


async def test_a_message_of_15_mib_is_heard_to_its_end(server: RunningServer) -> None:
    async with joined(server, "rate=48000&partials=false") as client, joined(server) as other:
        await client.send(bytes(15 * 2**20))
        await say(client, type="end")
        ending = asyncio.create_task(all_events(client))
        rounds = 0
        while not ending.done() and rounds < 20:
            await say(other, type="config", language="en")
            await until(other, "session.updated")
            rounds += 1
        events, code = await ending
    assert code == 1000 and not of(events, "error")
    assert rounds > 2


async def test_tiny_messages_without_number_do_no_harm(server: RunningServer) -> None:
    async with joined(server) as client, joined(server) as other:
        for number in range(100_000):
            await client.send(b"\x00")
            if number % 20_000 == 0:
                await say(other, type="config", language="en")
                await until(other, "session.updated")
        await say(client, type="end")
        events, code = await all_events(client)
    assert code == 1000 and not of(events, "error")


VANISHINGS: dict[str, list[str | bytes]] = {
    "at once": [],
    "while it speaks": [s16(spoken()[:32_000])],
    "with a turn to transcribe": [s16(spoken())],
    "after the end": [s16(spoken()), '{"type": "end"}'],
    "in half a sample": [b"\x01"],
    "with a wrong message": ["{"],
}


@pytest.mark.parametrize("state", VANISHINGS)
async def test_a_client_that_vanishes_leaves_nothing(server: RunningServer, state: str) -> None:
    before = server.tasks()
    for query in ("", "turn_detection=false", "encoding=webm"):
        client = await patient.connect(f"{server.url.replace('http', 'ws')}/ws/stt?{query}")
        for message in VANISHINGS[state]:
            await client.send(message)
        client.transport.abort()
        await client.wait_closed()
    await gone(server, before)


async def gone(server: RunningServer, before: list[str]) -> None:
    """Waits until no more runs in the server than did before."""
    give_up = time.monotonic() + PATIENCE
    while len(left := server.tasks()) > len(before):
        assert time.monotonic() < give_up, left


async def test_no_more_decoders_than_allowed(tmp_path: Path) -> None:
    start = webm(spoken())[:3000]
    with serving(tmp_path, live_decoders=1) as server:
        async with joined(server, "encoding=webm") as first:
            await first.send(start)
            await say(first, type="config", silence_ms=300)
            await until(first, "session.updated")
            async with joined(server, "encoding=webm") as second:
                await second.send(start)
                events, code = await all_events(second)
                assert events[-1]["code"] == "busy" and code == 1013


async def test_when_the_server_stops_the_client_is_told(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        async with joined(server) as client:
            await client.send(s16(spoken()[:16_000]))
            await until(client, "session.created")
            server.stop()
            events, code = await all_events(client)
    assert events[-1]["code"] == "shutting_down" and events[-1]["fatal"] is True and code == 1012


async def test_a_real_engine_hears_the_words(tmp_path: Path) -> None:
    settings = Settings(stt=STTSettings(order=("pocketsphinx",)), storage=StorageSettings(root=str(tmp_path)))
    with running(settings) as server:
        async with joined(server) as client:
            await client.send(s16(spoken()))
            await say(client, type="end")
            events, code = await all_events(client)
    check_transcript(events)
    assert code == 1000 and "weather" in " ".join(final["text"] for final in of(events, "final")), events
