"""Events of the official client's sockets, field by field against the shapes recorded of the hosted service's: Realtime
(conversation, transcription, translation), GPT-Live and its sideband."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest

from routers.compat.live import session as live_session
from tests import patient
from tests.event_log import EventLog
from tests.patient import OFFICIAL_SOCKET
from tests.routers.compat.live.conftest import Served as LiveServed
from tests.routers.compat.live.conftest import serving as serving_live
from tests.routers.compat.live.talk import connected, sideband
from tests.routers.compat.openai.recorded_shapes import RECORDED, of_event, out_of_order
from tests.routers.compat.realtime.conftest import Served, serving
from tests.routers.compat.realtime.talk import silence, tone
from tests.stts.conversation.caller import World

pytestmark = pytest.mark.socket

SOCKETS: dict[str, dict[str, Any]] = RECORDED["sockets"]
STEP = 4_800
"""Bytes of 100 ms."""


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def served(world: World) -> Iterator[Served]:
    with serving(world) as served:
        yield served


@pytest.fixture
def live(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveServed]:
    """A server that tells the usage of a session twice a second."""
    monkeypatch.setattr(live_session, "USAGE_MS", 500)
    with serving_live(world) as served:
        yield served


class Session(EventLog):
    """One connection of the official client: what comes is taken as it is on the wire."""

    def __init__(self, connection: Any, audio: str) -> None:
        super().__init__()
        self._connection = connection
        self._audio = audio
        """The command that brings audio."""

    async def send(self, type: str, **fields: Any) -> None:
        await self._connection.send({"type": type, **fields})

    async def say(self, *parts: bytes) -> None:
        data = b"".join(parts)
        for start in range(0, len(data), STEP):
            await self.send(self._audio, audio=b64encode(data[start : start + STEP]).decode())

    async def next(self) -> None:
        self.events.append(json.loads(await self._connection.recv_bytes()))

    def check(self, name: str, *more: str, order: bool = True) -> None:
        """Compares all that came with what is recorded of this socket; `more` types must have come, in any order.

        Without `order` it was no whole turn, so that not all of its events came.
        """
        recorded = SOCKETS[name]
        found = [each for event in self.events for each in of_event(event, recorded["events"])]
        found += out_of_order(self.types(), recorded["order"]) if order else []
        found += [f"${each}: never came" for each in more if each not in self.types()]
        assert not found, f"{name}\n" + "\n".join(dict.fromkeys(found))


async def test_realtime_conversation(served: Served) -> None:
    async with served.client() as client, patient.realtime(client, model="gpt-realtime") as connection:
        session = Session(connection, "input_audio_buffer.append")
        turns = {"type": "server_vad", "silence_duration_ms": 200}
        audio = {"input": {"turn_detection": turns, "transcription": {"model": "whisper-1"}}}
        await session.send("session.update", session={"type": "realtime", "audio": audio})
        await session.say(tone(1.0), silence(0.5))
        await session.until("response.done")
        await session.until("rate_limits.updated")
        await session.send("input_audio_buffer.clear")
        await session.until("input_audio_buffer.cleared")
        await session.send("conversation.item.retrieve", item_id="nosuch", event_id="mine")
        await session.until("error")
    heard = "conversation.item.input_audio_transcription"
    session.check("realtime", f"{heard}.delta", f"{heard}.completed", "response.output_audio_transcript.delta")
    assert session.of("response.done")[0]["response"]["status"] == "completed"


async def test_realtime_replies_that_are_written_or_cut_and_items_that_change(served: Served) -> None:
    async with served.client() as client, patient.realtime(client, model="gpt-realtime") as connection:
        session = Session(connection, "input_audio_buffer.append")
        content = [{"type": "input_text", "text": "word " * 60}]
        item = {"type": "message", "role": "user", "content": content}
        await session.send("conversation.item.create", item=item)
        await session.send("response.create", response={"output_modalities": ["text"]})
        await session.until("response.done")
        await session.send("response.create")
        await session.until("response.output_audio.delta")
        await session.send("response.cancel")
        cut = (await session.until("response.done"))["response"]
        assert cut["status"] == "cancelled" and cut["status_details"]["reason"] == "client_cancelled"
        spoken = {"item_id": cut["output"][0]["id"]}
        await session.send("conversation.item.truncate", content_index=0, audio_end_ms=1, **spoken)
        await session.until("conversation.item.truncated")
        for command, told in (("retrieve", "retrieved"), ("delete", "deleted")):
            await session.send(f"conversation.item.{command}", **spoken)
            await session.until(f"conversation.item.{told}")
    session.check("realtime", "response.output_text.delta", "response.output_text.done", order=False)


async def test_realtime_transcription(served: Served) -> None:
    async with (
        served.client() as client,
        patient.realtime(client, extra_query={"intent": "transcription"}) as connection,
    ):
        session = Session(connection, "input_audio_buffer.append")
        audio = {"input": {"transcription": {"model": "gpt-4o-transcribe", "language": "en"}, "turn_detection": None}}
        await session.send("session.update", session={"type": "transcription", "audio": audio})
        await session.say(tone(0.65), silence(0.2))
        await session.send("input_audio_buffer.commit")
        await session.until("conversation.item.input_audio_transcription.completed")
    session.check("realtime transcription")
    assert not [each for each in session.types() if each.startswith("response.")]


async def test_realtime_translation(served: Served) -> None:
    async with (
        served.client() as client,
        client.realtime.translations.connect(
            model="gpt-realtime-translate", websocket_connection_options=OFFICIAL_SOCKET
        ) as connection,
    ):
        session = Session(connection, "session.input_audio_buffer.append")
        heard = {"transcription": {"model": "whisper-1"}, "noise_reduction": {"type": "near_field"}}
        await session.send("session.update", session={"audio": {"input": heard}})
        await session.say(tone(0.65), silence(1.0))
        await session.send("session.close")
        await session.until("session.closed")
    session.check("realtime translation", "session.input_transcript.delta", "session.output_transcript.delta")


async def test_live(live: LiveServed) -> None:
    async with live.client() as client, connected(client) as connection:
        session = Session(connection, "session.input_audio.append")
        wanted = {"model": "gpt-live-1", "instructions": "Be kind.", "nosuch": 1}
        await session.send("session.start", session=wanted, event_id="start")
        await session.until("session.started")
        await session.until("session.output_audio.delta")
        await session.say(tone(0.9), silence(0.8))
        work = (await session.until("session.delegation.created"))["delegation"]
        for kind in ("instructions", "thinking", "commentary"):
            await session.send(f"session.{kind}.append", content="one two", delegation_id=work["id"], event_id=kind)
            await session.until(f"session.{kind}.appended")
        await session.until("session.output_transcript.delta", lambda event: event["delta"].endswith("two"))
        await session.until("session.usage.updated")
        for command in ("mute", "unmute"):
            await session.send(f"session.input_audio.{command}")
            await session.until(f"session.input_audio.{command}d")
        await session.send("session.output_audio.fixture.play", audio=b64encode(silence(0.2)).decode())
        await session.until("session.output_audio.fixture.played")
        await session.send("session.update", session={"delegation": {"type": "client"}})
        await session.until("session.updated")
        await session.send("session.nosuch", event_id="mine")
        await session.until("error")
        await session.send("session.close", event_id="bye")
        await session.until("session.closed")
    session.check("live", "info", "session.usage.updated", "session.output_audio.fixture.playing", "error")
    assert session.types()[-1] == "session.closed"


async def test_live_sideband(live: LiveServed) -> None:
    async with live.client() as client, connected(client) as connection:
        first = Session(connection, "session.input_audio.append")
        await first.send("session.start", session={"model": "gpt-live-1"})
        id = (await first.until("session.started"))["session"]["id"]
        async with sideband(client, id) as attached:
            second = Session(attached, "")
            await second.next()
            await first.say(tone(0.9), silence(0.8))
            await second.until("session.delegation.created")
            await first.send("session.close")
            await second.until("session.closed")
    second.check("live sideband", "session.input_audio.append", "session.output_audio.delta")
