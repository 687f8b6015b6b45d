"""Translation sessions of the official client on a socket, over parts without engines."""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from openai import BadRequestError, OpenAI
from openai.types.realtime.realtime_translation_server_event import RealtimeTranslationServerEvent
from pydantic import TypeAdapter

from stts.errors import InvalidParameter
from stts.settings import ReplySettings, SecuritySettings
from stts.transcription import TranscriptionConfig
from tests import patient
from tests.patient import PATIENCE
from tests.routers.compat.realtime.conftest import KEY, Served, serving
from tests.routers.compat.realtime.talk import silence, tone
from tests.stts.conversation.caller import CountsWords, World

pytestmark = pytest.mark.socket

MODEL = "gpt-realtime-translate"
EVENTS: TypeAdapter[Any] = TypeAdapter(RealtimeTranslationServerEvent)
Event = dict[str, Any]


class Interpreted:
    """One session: each event is checked against the client's own types."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.events: list[Event] = []

    async def send(self, type: str, **fields: Any) -> None:
        await self.connection.send({"type": type, **fields})

    async def say(self, *parts: bytes) -> None:
        data = b"".join(parts)
        for start in range(0, len(data), 9600):  # 200 ms
            audio = b64encode(data[start : start + 9600]).decode()
            await self.send("session.input_audio_buffer.append", audio=audio)

    async def until(self, type: str) -> Event:
        async with asyncio.timeout(PATIENCE):
            while True:
                event: Event = json.loads(await self.connection.recv_bytes())
                told = EVENTS.validate_python(event, strict=True)
                assert told.type == event["type"] and event["event_id"]
                assert not set(event) - set(type_fields(told)), event
                self.events.append(event)
                if event["type"] == type:
                    return event

    def text(self, side: str) -> str:
        kind = f"session.{side}_transcript.delta"
        return "".join(event["delta"] for event in self.events if event["type"] == kind)


def type_fields(event: Any) -> list[str]:
    return [*type(event).model_fields]


@asynccontextmanager
async def interpreted(served: Served, key: str = KEY) -> AsyncIterator[Interpreted]:
    async with (
        served.client(key) as client,
        client.realtime.translations.connect(
            model=MODEL, websocket_connection_options=patient.OFFICIAL_SOCKET
        ) as connection,
    ):
        yield Interpreted(connection)


@pytest.fixture
def by_model(world: World) -> Iterator[Served]:
    """A server whose language model translates; it says what it was told."""
    world.reply = "guten Morgen"
    with serving(world, reply=ReplySettings(adapter="openai")) as served:
        yield served


class CannotTranslate(World):
    async def _open(self, config: TranscriptionConfig) -> CountsWords:
        if config.task == "translate":
            raise InvalidParameter("counts cannot translate.", param="task")
        return await super()._open(config)


async def test_speech_becomes_speech_and_text(served: Served) -> None:
    async with interpreted(served) as session:
        created = (await session.until("session.created"))["session"]
        assert (created["type"], created["model"]) == ("translation", MODEL)
        assert created["audio"]["output"]["language"] == "en"
        await session.say(tone(0.65), silence(1.0), tone(0.95), silence(1.0))
        await session.send("session.close")
        await session.until("session.closed")
        with pytest.raises(Exception, match="1000"):
            await session.connection.recv_bytes()
    assert session.text("output") == "word0 word1 word0 word1 word2"
    assert session.text("input") == ""
    audio = [event for event in session.events if event["type"] == "session.output_audio.delta"]
    assert len(b64decode("".join(event["delta"] for event in audio[:1])))
    assert {(event["sample_rate"], event["channels"], event["format"]) for event in audio} == {(24_000, 1, "pcm16")}
    elapsed = [event["elapsed_ms"] for event in session.events if "elapsed_ms" in event]
    assert elapsed == sorted(elapsed) and all(each % 200 == 0 for each in elapsed) and elapsed[-1] > 1000


async def test_the_end_takes_what_was_said_last_without_silence(served: Served) -> None:
    async with interpreted(served) as session:
        await session.say(tone(0.65))
        await session.send("session.close")
        await session.until("session.closed")
    assert session.text("output") == "word0 word1"


async def test_the_words_of_the_speaker_are_told_where_they_are_asked_for(served: Served) -> None:
    async with interpreted(served) as session:
        audio = {"input": {"transcription": {"model": "whisper-1"}, "noise_reduction": {"type": "near_field"}}}
        await session.send("session.update", session={"audio": audio})
        updated = (await session.until("session.updated"))["session"]
        assert updated["audio"]["input"]["noise_reduction"] == {"type": "near_field", "strength": 1.0}
        await session.say(tone(0.65), silence(1.0))
        await session.send("session.close")
        await session.until("session.closed")
    assert session.text("input") == session.text("output") == "word0 word1"


async def test_a_language_model_translates_into_every_language(by_model: Served) -> None:
    async with interpreted(by_model) as session:
        audio = {"output": {"language": "de"}, "input": {"transcription": {"model": "auto"}}}
        await session.send("session.update", session={"audio": audio})
        await session.until("session.updated")
        await session.say(tone(0.65), silence(1.0), tone(0.65), silence(1.0))
        await session.send("session.close")
        await session.until("session.closed")
    assert session.text("output").split() == ["guten", "Morgen", "guten", "Morgen"]
    assert session.text("input") == "word0 word1 word0 word1"
    (message,) = by_model.world.replies[0].messages
    assert message.text == "word0 word1"
    assert "German" in (by_model.world.replies[0].config.instructions or "")


async def test_without_a_language_model_there_is_english_alone(served: Served) -> None:
    async with interpreted(served) as session:
        await session.send("session.update", session={"audio": {"output": {"language": "de"}}}, event_id="mine")
        error = (await session.until("error"))["error"]
        assert (error["event_id"], error["param"]) == ("mine", "session.audio.output.language")
        assert "reply.adapter" in error["message"]
        await session.say(tone(0.65), silence(1.0))
        await session.send("session.close")
        await session.until("session.closed")
    assert session.text("output") == "word0 word1"


async def test_where_nobody_translates_it_is_said_in_words() -> None:
    with serving(CannotTranslate()) as served:
        async with interpreted(served) as session:
            error = (await session.until("error"))["error"]
            assert "Nobody here translates" in error["message"]
            with pytest.raises(Exception, match="1008"):
                await session.connection.recv_bytes()


@pytest.mark.parametrize(
    ("message", "param"),
    [
        ({"type": "input_audio_buffer.append", "audio": ""}, "type"),
        ({"type": "session.input_audio_buffer.append"}, "audio"),
        ({"type": "session.input_audio_buffer.append", "audio": "?"}, "audio"),
        ({"type": "session.update", "session": {"model": "other"}}, "session.model"),
        ({"type": "session.update"}, "session"),
    ],
)
async def test_what_is_wrong_with_a_message_ends_nothing(served: Served, message: Event, param: str) -> None:
    async with interpreted(served) as session:
        await session.send(**message, event_id="e1")
        error = (await session.until("error"))["error"]
        assert (error["param"], error["event_id"]) == (param, "e1")
        await session.send("session.close")
        await session.until("session.closed")


async def test_a_secret_opens_sessions_of_its_own_kind(world: World) -> None:
    security = SecuritySettings.model_validate({"api_key": KEY})
    with serving(world, security=security) as served:
        async with served.client() as client:
            made = await client.realtime.translations.client_secrets.create(
                session={"model": MODEL, "audio": {"input": {"transcription": {"model": "auto"}}}},
                expires_after={"seconds": 60},
            )
            assert made.value.startswith("ek_") and made.session.type == "translation"
            other = await client.realtime.client_secrets.create(session={"type": "realtime"})
            with pytest.raises(BadRequestError) as refused:
                await client.realtime.translations.client_secrets.create(session={"model": ""})
            assert refused.value.param == "session.model"
        async with interpreted(served, made.value) as session:
            created = (await session.until("session.created"))["session"]
            assert created["audio"]["input"]["transcription"] == {"model": "auto"}
        async with interpreted(served, other.value) as session:
            assert (await session.until("error"))["error"]["code"] == "forbidden"


def test_the_blocking_client_converses_too(served: Served) -> None:
    with patient.OpenAI(base_url=f"{served.url}/v1", api_key=KEY, max_retries=0) as client:
        translate(client)


def translate(client: OpenAI) -> None:
    with client.realtime.translations.connect(model=MODEL) as connection:
        assert connection.recv().type == "session.created"
        audio = b64encode(tone(0.65) + silence(1.0)).decode()
        connection.send({"type": "session.input_audio_buffer.append", "audio": audio})
        connection.send({"type": "session.close"})
        assert [event.type for event in connection][-1] == "session.closed"
