"""POST /v1/content_provenance_checks: whether a recording carries a watermark of speech that a machine has made.

Hosted answers tell of signals of its own (`results`), which nobody else can find: here that list is empty, and what was
looked for stands in `watermarks`.
"""

from __future__ import annotations

import time
from contextlib import aclosing
from typing import Annotated, Literal

from fastapi import File, Request, Response, UploadFile
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from middleware.stages.timing import server_timing
from routers.compat.openai.errors import AUDIO_ERRORS
from routers.core.stt import upload
from routers.http.answer import collected_answer
from routers.http.deferred_route import deferred_router
from routers.http.forms import UploadRoute
from routers.http.operation import operation_context
from routers.services import Services
from stts.access.policy import RouteKind, Upload, policy
from stts.audio.watermark.detector import LEAST_SECONDS, Untold, WatermarkFinding
from stts.context import Priority
from stts.plans import ProvenanceRequest

REASONS = {
    Untold.LITTLE: f"Too little of it can be heard: at least {LEAST_SECONDS:g} s of speech are needed.",
    Untold.NO_SPEECH: f"Nobody speaks in it for {LEAST_SECONDS:g} s: the watermark is one of speech.",
}


class SpanShape(BaseModel):
    start: float = Field(description="Seconds.")
    end: float


class WatermarkShape(BaseModel):
    type: Literal["perth"] = "perth"
    outcome: Literal["detected", "not_detected", "unknown"]
    confidence: float | None = Field(description="0 to 1, of the part where it is clearest; null: unknown.")
    seconds: float = Field(description="Length of the recording.")
    marked_seconds: float
    spans: list[SpanShape] = Field(description="The parts that carry it, to 3 s.")
    reason: str | None = Field(None, description="Why nothing is known.")

    @classmethod
    def of(cls, found: WatermarkFinding) -> WatermarkShape:
        outcome = "unknown" if found.untold is not None else "detected" if found.is_marked else "not_detected"
        return cls(
            outcome=outcome,
            confidence=None if found.confidence is None else round(found.confidence, 4),
            seconds=round(found.seconds, 3),
            marked_seconds=round(found.marked_seconds, 3),
            spans=[SpanShape(start=round(each.start, 3), end=round(each.end, 3)) for each in found.spans],
            reason=None if found.untold is None else REASONS[found.untold],
        )


class ProvenanceCheck(BaseModel):
    object: Literal["content_provenance_check"] = "content_provenance_check"
    created_at: int = Field(description="Unix time.")
    results: list[dict[str, str]] = Field(description="Signals of the hosted service: none is looked for here.")
    watermarks: list[WatermarkShape] = Field(description="What was looked for here; not of the hosted service.")


class ProvenanceRoutes:
    def __init__(self, services: Services) -> None:
        self._check = services.check_provenance
        self.router = deferred_router("OpenAI", UploadRoute)
        self.router.add_api_route(
            "/v1/content_provenance_checks",
            self.check,
            methods=["POST"],
            response_model=ProvenanceCheck,
            summary="Look for a watermark in a recording",
            responses={503: {"description": "The watermark is not installed, or too many files wait."}},
        )

    @policy(RouteKind.USE, upload=Upload.FORM)
    async def check(
        self, request: Request, file: Annotated[UploadFile, File(description="A recording in any container.")]
    ) -> Response:
        """Looks for the Perth watermark. An answer that finds none proves nothing: most speech carries none."""
        work = ProvenanceRequest(upload(file))
        context = operation_context(request, "stt", priority=Priority.COLLECTED)

        async def make() -> Response:
            try:
                async with aclosing(self._check(context, work)) as findings:
                    found = await anext(findings)
                    await anext(findings, None)
            except AUDIO_ERRORS as error:
                error.param = "file"
                raise
            check = ProvenanceCheck(created_at=int(time.time()), results=[], watermarks=[WatermarkShape.of(found)])
            return JSONResponse(
                check.model_dump(mode="json"), headers={"server-timing": server_timing(context, collected=True)}
            )

        return collected_answer(make, request.scope, request.receive)
