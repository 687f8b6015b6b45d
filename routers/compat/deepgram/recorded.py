"""POST /v1/listen: Deepgram's transcription of recordings."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from middleware.edge.bodies import is_json, media_type
from middleware.listener import ListenerSettings
from middleware.stages.timing import server_timing
from routers.compat.deepgram.listen_fields import ListenFields, read_query
from routers.compat.deepgram.metadata import StreamFacts
from routers.compat.deepgram.models import listening_engine
from routers.compat.deepgram.options import options_of
from routers.compat.deepgram.transcript import results
from routers.http.answer import collected_answer
from routers.http.binary_body import spooled
from routers.http.deferred_route import deferred_router
from routers.http.engine_fields import engine_of
from routers.http.fetching import check_address, fetched
from routers.http.operation import engine_headers, operation_context
from routers.services import Services
from routers.sockets.messages import parse_object
from stts.access.policy import RouteKind, Upload, policy
from stts.audio.container import sniff
from stts.audio.decode import MOST_CHANNELS
from stts.audio.wav import raw_header
from stts.errors import InvalidParameter
from stts.plans import ListenRequest
from stts.streams.hold import Hold
from stts.text.transcript import collect_transcript
from stts.transcription import AudioData, TranscriptionConfig

CONTAINER = b"RIFF"
"""Beginning of a file that says by itself what it is, although many clients say it too."""
BODY: dict[str, Any] = {
    "requestBody": {
        "content": {
            "audio/*": {"schema": {"type": "string", "format": "binary"}},
            "application/json": {"schema": {"type": "object", "properties": {"url": {"type": "string"}}}},
        },
        "required": True,
    }
}


class RecordedFields(ListenFields):
    utterances: bool = False
    paragraphs: bool = False
    utt_split: float = Field(0.8, description="Accepted: utterances are what the engine takes for one.", gt=0, le=60)
    extra: list[str] = Field([], max_length=100)


class ListenAnswer(BaseModel):
    """Deepgram's own shape, of which only the two parts are described here."""

    metadata: dict[str, Any]
    results: dict[str, Any]


class RecordedListenRoutes:
    def __init__(self, services: Services, listener: ListenerSettings) -> None:
        self._listen = services.listen
        self._models = services.models
        self._options = options_of(listener)
        self._limits = listener.limits
        self.router = deferred_router("Deepgram")
        self.router.add_api_route(
            "/v1/listen",
            self.listen,
            methods=["POST"],
            response_model=ListenAnswer,
            summary="Transcribe a recording",
            openapi_extra=BODY,
        )

    @policy(RouteKind.USE, upload=Upload.LINES)
    async def listen(self, request: Request) -> Response:
        """The recording is the body, whatever Content-Type it has. Its parameters stand in the query."""
        fields = read_query(RecordedFields, request.query_params)
        fields.check()
        engine = listening_engine(fields.model, self._models, self._options)
        facts = StreamFacts(request.scope["state"]["request_id"], fields, engine)
        audio = await self._received(request, fields, facts)
        return self._answer(request, fields, facts, audio)

    async def _received(self, request: Request, fields: RecordedFields, facts: StreamFacts) -> AudioData:
        def before(head: bytes) -> bytes:
            if fields.pcm is None or fields.sample_rate is None or head.startswith(CONTAINER):
                return b""
            return raw_header(fields.pcm, fields.sample_rate, fields.channels)

        chunks = request.stream()
        if is_json(media_type(request)):
            chunks = self._fetched(parse_object(await request.body()).get("url"))
        async with aclosing(chunks):
            return await spooled(chunks, before=before, on_chunk=facts.received)

    def _fetched(self, url: object) -> AsyncGenerator[bytes, None]:
        if not isinstance(url, str) or not url:
            raise InvalidParameter("The JSON must name the recording as `url`.", param="url")
        check_address(url, self._options.allowed_urls)
        limits = self._limits()
        most, pause, total = limits.upload_bytes, limits.body_seconds, limits.body_total_seconds
        return fetched(url, most_bytes=most, pause=pause, total=total)

    def _answer(self, request: Request, fields: RecordedFields, facts: StreamFacts, audio: AudioData) -> Response:
        async def make() -> Response:
            try:
                return await self._transcribed(request, fields, facts, audio)
            finally:
                audio.file.close()

        return collected_answer(make, request.scope, request.receive)

    async def _transcribed(
        self, request: Request, fields: RecordedFields, facts: StreamFacts, audio: AudioData
    ) -> Response:
        parts = [audio]
        if fields.multichannel:
            parts = await _channels(audio)
            facts.channels = len(parts)
        config = fields.config(facts.engine, self._options)
        heard, warnings = [], fields.warnings()
        # One after the other: they share a file.
        for part in parts:
            context = operation_context(request, "stt")
            context.hold = Hold()
            with engine_of("model"):
                async with aclosing(self._listen(context, ListenRequest(part, config))) as events:
                    result = await collect_transcript(events)
            heard.append(result)
            warnings += [_warning(message) for message in (*context.warnings, *result.warnings)]
        facts.engine, facts.seconds = context.output_data.engine or facts.engine, heard[0].duration
        metadata = {**facts.of_audio(), **({"warnings": warnings} if warnings else {}), **_extra(fields.extra)}
        found = await asyncio.to_thread(
            results,
            heard,
            formatted=fields.formatted,
            detected=_detected(fields, config),
            utterances=fields.utterances,
            paragraphs=fields.paragraphs or fields.smart_format,
        )
        response = JSONResponse({"metadata": metadata, "results": found})
        response.headers["server-timing"] = server_timing(context, collected=True)
        response.headers.update(engine_headers(context))
        return response


async def _channels(audio: AudioData) -> list[AudioData]:
    """The recording once for each of its channels. Raises UndecodableAudio."""
    count = (await asyncio.to_thread(sniff, audio.file)).channels
    audio.file.seek(0)
    return [replace(audio, channel=index) for index in range(count)] if 1 < count <= MOST_CHANNELS else [audio]


def _detected(fields: RecordedFields, config: TranscriptionConfig) -> bool:
    return fields.detects or ("language" in fields.model_fields_set and config.language is None)


def _warning(message: str) -> dict[str, str]:
    return {"parameter": "", "type": "audio", "message": message}


def _extra(pairs: list[str]) -> dict[str, Any]:
    """`extra=name:value` of the query, which the client wants back."""
    found = dict(each.split(":", 1) for each in pairs if ":" in each)
    return {"extra": found} if found else {}
