"""Commands at awkward moments: over a real session without a socket, and over the socket."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from adapters.hosted_names import ModelCatalogue
from middleware.listener import default_listener
from routers.compat.realtime.commands import Commands
from routers.compat.realtime.event_encoder import EventEncoder
from routers.compat.realtime.items import Items
from routers.compat.realtime.microphone import Microphone
from routers.compat.realtime.session import opened
from routers.compat.realtime.translation import Translation
from stts.conversation.history import History
from stts.conversation.outbox import WAITING_EVENTS
from stts.conversation.session import ConversationSession
from stts.settings import LimitSettings, Settings
from tests.fakes import registry
from tests.routers.compat.realtime.conftest import Served, serving
from tests.routers.compat.realtime.talk import Talk, tone
from tests.routers.compat.realtime.test_socket import PUSHED
from tests.stts.conversation.caller import World
from tests.virtual import now, virtual
from tests.wired import Engines


@asynccontextmanager
async def commanding(world: World) -> AsyncIterator[Commands]:
    """A session that nobody reads."""
    settings = Settings()
    engines = Engines(registry(), lambda: settings)
    models, output = ModelCatalogue(engines.catalogue, lambda: settings), default_listener(lambda: settings).output
    translation = Translation(models, lambda: settings, output)
    object = opened("realtime", "gpt-realtime", 1).updated({"output_modalities": ["text"]})
    config, history, parts = await translation.config(object), History(100, 10_000), world.parts()
    items = Items(history, 0)
    microphone = Microphone(object.shape.audio.input.format, parts, 0)
    async with ConversationSession(parts, config, history, clock=now) as session:
        encoder = EventEncoder(items, microphone.input_audio, "conv_1", 0)
        yield Commands(object, session, translation, items, microphone, encoder)


async def pushed(talk: Talk) -> None:
    """Push to talk, and the response asked for before the words are known."""
    await talk.update(audio=PUSHED)
    await talk.say(tone(0.7))
    await talk.send("input_audio_buffer.commit")
    await talk.send("response.create", response={"metadata": {"topic": "push"}})


@virtual
async def test_a_client_that_reads_nothing_cannot_ask_for_more_and_more() -> None:
    done: list[int] = []

    async def flood(commands: Commands) -> None:
        for number in range(20 * WAITING_EVENTS):
            done.append(number)
            for kind in ("response.create", "response.cancel"):
                await commands.carry_out({"type": kind}, None)

    async with commanding(World(reply="Yes.")) as commands:
        flooding = asyncio.create_task(flood(commands))
        await asyncio.wait([flooding], timeout=5)
        assert not flooding.done() and len(done) <= WAITING_EVENTS
        flooding.cancel()
        await asyncio.wait([flooding])


async def test_a_response_that_waits_for_words_can_be_cancelled(served: Served) -> None:
    served.world.finishing = 0.5
    async with served.talk() as talk:
        await pushed(talk)
        await talk.send("response.cancel")
        response = await talk.response()
        assert (response["status"], response["output"]) == ("cancelled", [])
        assert response["status_details"]["reason"] == "client_cancelled"
        assert response["metadata"] == {"topic": "push"} and response["usage"]["total_tokens"] == 0
        await talk.until("conversation.item.input_audio_transcription.completed")
        await talk.send("response.cancel")
        assert (await talk.error())["code"] == "response_cancel_not_active"
        assert len(talk.of("response.created")) == 1 and not served.world.replies
        await talk.send("response.create")
        assert (await talk.response())["output"][0]["content"][0]["transcript"].split() == ["word0", "word1"]


async def test_another_response_cannot_be_cancelled_by_name_while_one_waits(served: Served) -> None:
    served.world.finishing = 0.5
    async with served.talk() as talk:
        await pushed(talk)
        await talk.send("response.cancel", response_id="resp_of_somebody_else")
        assert (await talk.error())["code"] == "response_cancel_not_active"
        assert (await talk.response())["status"] == "completed"


@pytest.mark.socket
async def test_a_recording_whose_words_never_come_is_an_error_and_the_session_lives(world: World) -> None:
    world.finishing = 3600
    with serving(world, limits=LimitSettings(queue_seconds=0.1)) as served:
        async with served.talk() as talk:
            content = [{"type": "input_audio", "audio": b64encode(tone(0.1)).decode()}]
            await talk.send("conversation.item.create", item={"type": "message", "role": "user", "content": content})
            assert (await talk.error())["code"] == "engine_timeout"
            await talk.alive()
            assert not talk.of("conversation.item.added")
