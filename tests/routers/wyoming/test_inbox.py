"""A client is read at all times: what it sends ahead of the work waits, and pings do not wait with it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.event import Event as ClientEvent
from wyoming.ping import Ping

from routers.wyoming.frames import LINE_BYTES, Event, encoded
from routers.wyoming.inbox import Inbox
from routers.wyoming.info import Describer
from routers.wyoming.outbox import Outbox
from routers.wyoming.server import WyomingServer
from stts.context import RequestContext
from stts.conversation.services import NewContext, SessionServices
from stts.engine_api import Samples
from stts.errors import InvalidRequest
from stts.protocols import HearRequest, Judged
from stts.settings import LimitSettings, Settings, WyomingSettings
from stts.streams.spool import MIB, SpoolSpace
from stts.transcription import TranscriptEvent, TranscriptionConfig
from tests.patient import PATIENCE
from tests.routers.wyoming.conftest import Client, free_port
from tests.routers.wyoming.test_transcribe import ByLoudness, Ears, never
from tests.virtual import now, virtual

pytestmark = pytest.mark.socket

CHUNK = np.full(100_000, 12_000, "<i2").tobytes()
"""Loud audio; several of these are more than a spool holds in memory."""


class Endpoint:
    """A server whose ear hears nothing before its gate is open."""

    def __init__(self, **limits: float) -> None:
        self.settings = Settings(
            limits=LimitSettings.model_validate(limits), wyoming=WyomingSettings(enabled=True, port=free_port())
        )
        self.space = SpoolSpace(lambda: self.settings.limits.spools_mib * MIB)
        self.gate = asyncio.Event()
        self.listening = asyncio.Event()
        self.ears = Ears()
        self.held: list[tuple[Samples, Callable[[Judged | BaseException], None]]] = []
        self.server = WyomingServer(self._parts, cast(Describer, None), lambda: self.settings, self.space)

    def stream(self) -> Endpoint:
        return self

    def judge(self, frames: Samples, done: Callable[[Judged | BaseException], None]) -> None:
        self.listening.set()
        self.held.append((frames, done))
        if self.gate.is_set():
            self.open()

    def open(self) -> None:
        self.gate.set()
        for frames, done in self.held:
            ByLoudness().judge(frames, done)
        self.held.clear()

    async def probabilities(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        self.listening.set()
        await self.gate.wait()
        return await ByLoudness().probabilities(frames)

    def close(self) -> None:
        """It holds nothing."""

    def _parts(self, context: NewContext) -> SessionServices:
        async def open_ears(config: TranscriptionConfig) -> Ears:
            return self.ears

        def hear(context: RequestContext, request: HearRequest) -> AsyncGenerator[TranscriptEvent, None]:
            return request.session.transcribe(request.audio, context)

        return SessionServices(hear, never, never, open_ears, never, self, None, context)

    @asynccontextmanager
    async def client(self) -> AsyncIterator[Client]:
        async with self.server.listening(), Client(self.settings.wyoming.port) as client:
            yield client
        assert self.space.taken == 0

    async def until_it_is_behind(self, client: Client) -> None:
        await client.write_event(AudioStart(16_000, 2, 1).event())
        await client.write_event(AudioChunk(16_000, 2, 1, CHUNK).event())
        await asyncio.wait_for(self.listening.wait(), PATIENCE)


def kinds(events: list[ClientEvent]) -> list[str]:
    return [event.type for event in events]


async def test_pings_are_answered_while_audio_waits_and_all_of_it_is_heard_in_the_end() -> None:
    endpoint = Endpoint()
    async with endpoint.client() as client:
        await endpoint.until_it_is_behind(client)
        for sent in range(19):
            await client.write_event(AudioChunk(16_000, 2, 1, CHUNK).event())
            await client.write_event(Ping(str(sent)).event())
            assert (await client.until("pong"))[-1].data["text"] == str(sent)
        await client.write_event(AudioStop().event())
        assert endpoint.space.taken > 2 * MIB
        endpoint.open()
        assert kinds(await client.until("transcript-stop"))[-2:] == ["transcript", "transcript-stop"]
    assert sum(map(len, endpoint.ears.heard)) == pytest.approx(20 * len(CHUNK) // 2, abs=512)


async def test_requests_that_are_sent_ahead_are_worked_on_one_after_the_other() -> None:
    endpoint = Endpoint()
    async with endpoint.client() as client:
        for _ in range(3):
            await client.write_event(AudioStart(16_000, 2, 1).event())
            await client.write_event(AudioChunk(16_000, 2, 1, CHUNK).event())
            await client.write_event(AudioStop().event())
        endpoint.open()
        for _ in range(3):
            assert kinds(await client.until("transcript-stop"))[-2:] == ["transcript", "transcript-stop"]


@pytest.mark.parametrize("limits", [{"spool_mib": 1}, {"spools_mib": 1}])
async def test_audio_beyond_the_spool_is_one_error_and_the_end(limits: dict[str, float]) -> None:
    endpoint = Endpoint(**limits)
    async with endpoint.client() as client:
        await endpoint.until_it_is_behind(client)
        with suppress(ConnectionError):
            for _ in range(20):
                await client.write_event(AudioChunk(16_000, 2, 1, CHUNK).event())
        events = await client.until()
        assert kinds(events) == ["transcript-start", "error"]
        assert events[-1].data["code"] == "payload_too_large"


@pytest.mark.parametrize("goodbye", ["close", "abort", "garbage"])
async def test_a_goodbye_is_seen_however_far_behind_the_work_is(goodbye: str) -> None:
    endpoint = Endpoint()
    async with endpoint.client() as client:
        await endpoint.until_it_is_behind(client)
        for _ in range(10):
            await client.write_event(AudioChunk(16_000, 2, 1, CHUNK).event())
        assert client._writer is not None
        match goodbye:
            case "close":
                client._writer.write_eof()
            case "abort":
                client._writer.transport.abort()
            case _:
                await client.write_raw(b"What is this?\n")
        if goodbye != "abort":
            assert set(kinds(await client.until())) <= {"transcript-start", "error"}
        # The server ends, and nothing is in its way.
        assert not endpoint.gate.is_set()


def inbox(reader: asyncio.StreamReader, **at_once: Any) -> Inbox:
    settings = Settings(limits=LimitSettings(idle_seconds=10.0))
    return Inbox(reader, SpoolSpace(lambda: MIB), lambda: settings, at_once, {"transcribe"}, now)


@virtual
async def test_silence_is_no_end_while_something_that_was_sent_waits() -> None:
    reader = asyncio.StreamReader(LINE_BYTES)
    box = inbox(reader)
    filling = asyncio.ensure_future(box.fill(lambda: False))
    reader.feed_data(encoded(Event("transcribe", {"language": "en"})) + encoded(Event("unheard of", {}, b"payload")))
    await asyncio.sleep(65)
    assert box.behind and not filling.done() and box.silent_seconds == pytest.approx(65)
    events = aiter(box)
    assert await anext(events) == Event("transcribe", {"language": "en"})
    await asyncio.sleep(15)
    assert box.behind and not filling.done(), "it is being worked on"
    next_one = asyncio.ensure_future(anext(events))
    with pytest.raises(TimeoutError):
        await filling
    assert not box.behind
    next_one.cancel()
    await asyncio.wait([next_one])
    await box.aclose()


@virtual
async def test_silence_is_no_end_while_the_client_has_nothing_to_say() -> None:
    reader = asyncio.StreamReader(LINE_BYTES)
    told: list[Event] = []

    async def answer(event: Event) -> None:
        told.append(event)

    box = inbox(reader, ping=answer)
    filling = asyncio.ensure_future(box.fill(lambda: True))
    await asyncio.sleep(100)
    assert not filling.done()
    reader.feed_data(encoded(Event("ping")))
    reader.feed_eof()
    await filling
    assert told == [Event("ping")] and not box.behind


@virtual
async def test_what_cannot_be_read_is_the_end() -> None:
    reader = asyncio.StreamReader(LINE_BYTES)
    reader.feed_data(json.dumps(["no event"]).encode() + b"\n")
    with pytest.raises(InvalidRequest):
        await inbox(reader).fill(lambda: True)


class SlowWriter:
    """A client that takes nothing for a while."""

    def write(self, data: bytes) -> None:
        """It waits."""

    async def drain(self) -> None:
        await asyncio.sleep(70)


@virtual
async def test_it_is_known_for_how_long_a_client_has_taken_nothing() -> None:
    outbox = Outbox(cast(asyncio.StreamWriter, SlowWriter()), Settings, now)
    assert outbox.stuck_seconds == 0
    first = asyncio.ensure_future(outbox.send(Event("pong")))
    await asyncio.sleep(30)
    second = asyncio.ensure_future(outbox.send(Event("pong")))
    await asyncio.sleep(20)
    assert outbox.stuck_seconds == pytest.approx(50)
    await first
    assert outbox.stuck_seconds == 0
    await second
