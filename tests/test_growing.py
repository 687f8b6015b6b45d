"""Each kind of part that docs/architecture.md says how to add is added here as a toy, by the files it names."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import httpx
import pytest
from fastapi import APIRouter, Response
from starlette.requests import Request

from middleware.edge.dialect import RenderedError
from middleware.listener import ListenerSettings, default_listener
from middleware.pipeline import Operation, Stage, compose
from middleware.stages.analytics import AnalyticsStage
from middleware.stages.planning import PlanningStage
from routers.app import build_app
from routers.dialect import Dialect, Routes
from routers.dialects import DIALECTS
from routers.http.operation import operation_context
from routers.services import Services, build_services
from stts.access.policy import RouteKind, policy
from stts.analytics.record import OperationRecord
from stts.context import RequestContext, RequestType
from stts.errors import InvalidText, STTSError
from stts.plans import SpeechRequest
from stts.settings import Settings, StorageSettings
from stts.speech import AudioChunk, SynthesisConfig
from tests.fakes import registry
from tests.middleware.operations import run_through, spoken
from tests.wired import Engines


class MemoryStage:
    """A toy stage inside of the planning stage: the second time the same speech is asked for, nobody speaks."""

    def __init__(self) -> None:
        self.kept: dict[str, list[AudioChunk]] = {}

    async def __call__(
        self,
        context: RequestContext,
        request: SpeechRequest,
        call_next: Operation[SpeechRequest, AudioChunk],
    ) -> AsyncGenerator[AudioChunk, None]:
        assert request.plan is not None and isinstance(request.text, str)
        key = request.plan.key(request.text)
        if key in self.kept:
            for chunk in self.kept[key]:
                yield chunk
            return
        chunks: list[AudioChunk] = []
        async for chunk in call_next(context, request):
            chunks.append(chunk)
            yield chunk
        if key is not None:
            self.kept[key] = chunks


@pytest.mark.socket
async def test_a_stage() -> None:
    settings = Settings()
    engines = Engines(registry(), lambda: settings)
    memory, worked = MemoryStage(), list[str]()

    async def speak(context: RequestContext, request: SpeechRequest) -> AsyncGenerator[AudioChunk, None]:
        worked.append(str(request.text))
        async with aclosing(engines.operations.speak(context, request)) as chunks:
            async for chunk in chunks:
                yield chunk

    pipeline = compose([PlanningStage(engines.selection), cast(Stage, memory)], speak)

    async def said(text: str, voice: str | None = None) -> bytes:
        request = SpeechRequest(text, SynthesisConfig(engine="espeak", voice=voice))
        async with aclosing(pipeline(RequestContext("tts"), request)) as chunks:
            return b"".join([chunk.data async for chunk in chunks])

    first = await said("Once more.")
    assert await said("Once more.") == first and worked == ["Once more."]
    await said("Once more.", voice="de")
    assert len(worked) == 2
    await engines.close()


async def test_a_store_of_records() -> None:
    @dataclass
    class Usage:
        seconds: float = 0.0

        def operation_started(self, request_type: RequestType) -> None: ...

        def operation_finished(self, record: OperationRecord) -> None:
            self.seconds += record.audio_seconds

    usage = Usage()
    await run_through([AnalyticsStage([usage])], spoken())
    assert usage.seconds == 2.0


class ShoutRoutes:
    """The one route of a toy dialect: its request is a line of text, its answer raw audio."""

    def __init__(self, services: Services) -> None:
        self._speak = services.speak
        self.router = APIRouter()
        self.router.add_api_route("/shout/{text}", self.shout, methods=["GET"])

    @policy(RouteKind.USE)
    async def shout(self, text: str, request: Request) -> Response:
        if not text.isupper():
            raise InvalidText("Write in capitals.")
        context = operation_context(request, "tts", characters=len(text))
        work = SpeechRequest(text, SynthesisConfig(engine="tone", format="pcm"))
        async with aclosing(self._speak(context, work)) as chunks:
            return Response(b"".join([chunk.data async for chunk in chunks]), media_type="audio/pcm")


def _routes(services: Services, listener: ListenerSettings) -> Sequence[Routes]:
    return (ShoutRoutes(services),)


def _render(error: STTSError, request_id: str) -> RenderedError:
    return RenderedError(error.status, "application/json", {"no": error.message})


async def test_a_dialect_on_a_listener_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toy = replace(
        DIALECTS["native"], name="shout", prefixes={"/shout": RouteKind.USE}, routes=_routes, render_error=_render
    )
    assert isinstance(toy, Dialect)
    monkeypatch.setitem(DIALECTS, "shout", toy)
    services = build_services(Settings(storage=StorageSettings(root=str(tmp_path))), registry=registry())
    listener = replace(default_listener(services.settings, ("shout",)), name="square")
    app = build_app(services, listener)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        assert len((await client.get("/shout/HELLO")).content) > 1000
        refused = await client.get("/shout/hello")
        assert (refused.status_code, refused.json()) == (422, {"no": "Write in capitals."})
        assert (await client.get("/voices")).status_code == 404
    await services.engines.close()
