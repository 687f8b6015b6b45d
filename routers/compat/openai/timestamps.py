"""POST /v1/audio/speech/timestamps: where in a recording somebody speaks, in the shape of speaches."""

from __future__ import annotations

from contextlib import aclosing
from typing import Annotated

from fastapi import File, Form, Request, Response, UploadFile
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from middleware.stages.timing import server_timing
from routers.compat.openai.errors import in_dialect
from routers.core.stt import upload
from routers.core.tts_schemas import NAME_CHARACTERS
from routers.http.answer import collected_answer
from routers.http.deferred_route import deferred_router
from routers.http.forms import UploadRoute
from routers.http.operation import header_value, operation_context
from routers.services import Services
from stts.access.policy import RouteKind, Upload, policy
from stts.vad.requests import DetectRequest
from stts.vad.rules import RegionRules

Milliseconds = Annotated[int, Form(ge=0, le=60_000)]


class SpeechTimestamp(BaseModel):
    start: int = Field(description="Milliseconds.")
    end: int = Field(description="Milliseconds.")


class TimestampRoutes:
    def __init__(self, services: Services) -> None:
        self._detect = services.detect
        self._settings = services.settings
        self.router = deferred_router()
        self.router.add_api_route(
            "/v1/audio/speech/timestamps",
            self.timestamps,
            methods=["POST"],
            response_model=list[SpeechTimestamp],
            summary="Find speech in a recording",
            route_class_override=UploadRoute,
        )

    @policy(RouteKind.USE, upload=Upload.FORM)
    async def timestamps(
        self,
        request: Request,
        file: Annotated[UploadFile | None, File(description="Any audio or video container.")] = None,
        model: Annotated[str | None, Form(max_length=NAME_CHARACTERS, description="Accepted and ignored.")] = None,
        threshold: Annotated[
            float | None, Form(gt=0, lt=1, description="Probability of speech; default: stt.vad_threshold.")
        ] = None,
        min_speech_duration_ms: Milliseconds = 0,
        max_speech_duration_s: Annotated[
            float | None, Form(ge=1, description="Longer speech is cut where it is quietest; default: never.")
        ] = None,
        min_silence_duration_ms: Milliseconds = 1000,
        speech_pad_ms: Milliseconds = 0,
    ) -> Response:
        """Regions in order, each `{"start", "end"}` in milliseconds; an empty list where nobody speaks."""
        settings = self._settings()
        rules = RegionRules(
            threshold=threshold or settings.stt.vad_threshold,
            min_speech=min_speech_duration_ms / 1000,
            min_silence=min_silence_duration_ms / 1000,
            padding=speech_pad_ms / 1000,
            max_seconds=max_speech_duration_s or settings.limits.audio_seconds,
        )
        audio = upload(file)
        context = operation_context(request, "stt")

        async def make() -> Response:
            async with aclosing(in_dialect(self._detect(context, DetectRequest(audio, rules)))) as found:
                regions = [
                    SpeechTimestamp(start=round(each.start * 1000), end=round(each.end * 1000)).model_dump()
                    async for each in found
                ]
            headers = {"server-timing": server_timing(context, collected=True)}
            if context.warnings:
                headers["x-warnings"] = header_value("; ".join(context.warnings))
            return JSONResponse(regions, headers=headers)

        return collected_answer(make, request.scope, request.receive)
