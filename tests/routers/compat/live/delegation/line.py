"""A Live session in virtual time, without a socket: its client, and a language model that says what a test scripted."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from openai.types.live import ServerEvent
from openai.types.responses import ResponseStreamEvent
from pydantic import TypeAdapter

from adapters.hosted_names import ModelCatalogue
from middleware.listener import OutputDefaults
from routers.compat.live.link import OutputFrame
from routers.compat.live.opening import Openings
from routers.compat.live.session import LiveSession
from routers.sockets.quota_end import QuotaEnd
from stts.access.principal import ANONYMOUS
from stts.chat import ReplyEvent, ReplyRequest, ReplyText, ReplyToolCall, ReplyUsage, ToolCall
from stts.context import RequestContext, RequestType
from stts.conversation.services import NewContext, SessionServices
from stts.engine_api import Samples
from stts.errors import STTSError
from stts.settings import Settings
from tests.fakes import registry
from tests.patient import PATIENCE
from tests.stts.conversation.caller import MESSAGE_SECONDS, RATE, World, silence, tone
from tests.virtual import now
from tests.wired import Engines

SERVER_EVENTS: TypeAdapter[Any] = TypeAdapter(ServerEvent)
RESPONSE_EVENTS: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)

Event = dict[str, Any]
Written = str | ToolCall | ReplyUsage | STTSError | float
"""Words, a call, what it cost, a failure, or seconds of silence."""


@dataclass
class Model(World):
    """A language model whose replies are scripted; then it says `fine`."""

    scripts: deque[list[Written]] = field(default_factory=deque)

    async def _reply(self, context: RequestContext, request: ReplyRequest) -> AsyncGenerator[ReplyEvent, None]:
        self.replies.append(request)
        self.running += 1
        try:
            for written in self.scripts.popleft() if self.scripts else ["fine"]:
                if isinstance(written, float):
                    await asyncio.sleep(written)
                elif isinstance(written, str):
                    for word in written.split():
                        yield ReplyText(word + " ")
                elif isinstance(written, ToolCall):
                    yield ReplyToolCall(written)
                elif isinstance(written, ReplyUsage):
                    yield written
                else:
                    raise written
        finally:
            self.running -= 1


class Line:
    """The client of one session: its link, and what it was told and when."""

    rate = 24_000
    principal = ANONYMOUS

    def __init__(self) -> None:
        self.quota_end = QuotaEnd()
        self.told: list[tuple[float, Event]] = []
        self.loud: list[float] = []
        """When each frame came that was not silent."""
        self.session: LiveSession
        self._sent: asyncio.Queue[str | None] = asyncio.Queue()
        self._changed = asyncio.Event()
        self._read = 0

    def context(self, kind: RequestType) -> RequestContext:
        return RequestContext(kind)

    async def messages(self) -> AsyncIterator[str | bytes]:
        while (message := await self._sent.get()) is not None:
            yield message

    def microphone(self) -> AsyncGenerator[Samples, None] | None:
        return None

    def decode(self, audio: bytes) -> Samples:
        return np.frombuffer(audio, np.float32)

    async def send(self, event: Event) -> None:
        told = SERVER_EVENTS.validate_python(event, strict=True)
        assert told.type == event["type"]
        if event["type"] == "response.event":
            inner = RESPONSE_EVENTS.validate_python(event["event"])
            assert inner.type == event["event"]["type"]
        self.told.append((now(), event))
        self._changed.set()

    async def play(self, frame: OutputFrame) -> None:
        if not frame.silent:
            self.loud.append(now())

    def interrupted(self) -> None:
        return

    def command(self, type: str, **fields: Any) -> None:
        self._sent.put_nowait(json.dumps({"type": type, **fields}))

    def leave(self) -> None:
        self._sent.put_nowait(None)

    async def say(self, seconds: float, quiet: float = 0.9) -> None:
        """Speaks, and is silent then, in real time."""
        samples = np.concatenate((tone(seconds), silence(quiet)))
        step = round(MESSAGE_SECONDS * RATE)
        for start in range(0, len(samples), step):
            await asyncio.sleep(MESSAGE_SECONDS)
            await self.session.state.hearing.hear(samples[start : start + step])

    async def until(self, type: str, check: Callable[[Event], bool] = lambda event: True) -> Event:
        """The next such event after the last one waited for."""
        while True:
            while self._read < len(self.told):
                self._read += 1
                event = self.told[self._read - 1][1]
                if event["type"] == type and check(event):
                    return event
            self._changed.clear()
            async with asyncio.timeout(PATIENCE):
                await self._changed.wait()

    async def response(self, type: str) -> Event:
        """The next event of that type of a response."""
        return await self.until("response.event", lambda event: event["event"]["type"] == f"response.{type}")

    async def heard_out(self) -> None:
        """Waits until nothing that was begun is unfinished or untold."""
        while not self.session.state.at_rest:  # noqa: ASYNC110 - many things bring it to rest
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.05)

    def of(self, type: str) -> list[Event]:
        return [event for _, event in self.told if event["type"] == type]

    def responses(self) -> list[Event]:
        return [event["event"] for event in self.of("response.event")]

    def order(self) -> list[str]:
        """The types of all events, each once where it is repeated, those of responses by their own."""
        types = (event.get("event", event)["type"] for _, event in self.told)
        once: list[str] = []
        for type in types:
            if type != "session.usage.updated" and once[-1:] != [type]:
                once.append(type)
        return once

    def spoken(self) -> str:
        return "".join(event["delta"] for event in self.of("session.output_transcript.delta"))


@asynccontextmanager
async def calling(model: Model, settings: Settings, **session: Any) -> AsyncGenerator[Line, None]:
    """A session that has started; afterwards nothing of it is left."""
    models = ModelCatalogue(Engines(registry(), lambda: settings).catalogue, lambda: settings)
    openings = Openings(models, lambda: settings)
    opening = openings.open({"model": "gpt-live-1", **session}, lambda: OutputDefaults("pcm"))
    line = Line()

    def services_for(context: NewContext) -> SessionServices:
        return model.parts()

    async with LiveSession(opening, line, services_for, lambda: settings, now) as line.session:
        running = asyncio.create_task(line.session.run())
        try:
            await line.until("session.started")
            yield line
        finally:
            line.leave()
            await asyncio.wait([running])
    running.result()
    assert (model.places, model.running, model.voice.streams) == (0, 0, 0)
    assert asyncio.all_tasks() == {asyncio.current_task()}
