"""/v1/voices: the library of voices, with their cards."""

from __future__ import annotations

import asyncio
from functools import partial
from itertools import islice
from typing import Annotated, Any

from fastapi import Form, Path, Query, Request, Response
from fastapi.responses import JSONResponse

from adapters.hosted_names import require_own_name
from middleware.edge.auditing import note_audit
from routers.core.voice_checks import VoiceChecks
from routers.core.voice_report import VoiceReport
from routers.http.answer import collected_answer
from routers.http.deferred_route import deferred_router
from routers.http.names import LanguageTag
from routers.http.operation import principal_of
from routers.management.files import unescaped
from routers.management.voice_changes import changed, check_change
from routers.management.voice_forms import VoiceForm, VoiceRoute
from routers.management.voice_making import NO_RECORDING, VoiceMaking
from routers.management.voice_preview import EngineQuery, SourceQuery, TextQuery, VoicePreview
from routers.management.voice_schemas import LibraryVoiceList, LibraryVoiceShape, VoiceChange
from routers.services import Services
from stts.access.audit import Action
from stts.access.policy import RouteKind, Upload, policy
from stts.access.roles import Role
from stts.access.viewer import Viewer
from stts.engine_state import AUTO
from stts.errors import NotFound
from stts.languages import same_language
from stts.speech import AudioFormat
from stts.storage.files.cards import UNKNOWN_VOICE
from stts.storage.files.records import StoredFile

MOST_LISTED = 1000
VoiceId = Annotated[str, Path(max_length=64)]
UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"description": UNKNOWN_VOICE}}
MADE: dict[int | str, dict[str, Any]] = {
    409: {"description": "A voice of this name is there already."},
    413: {"description": "The file, or the recording, is too long."},
    503: {"description": "Too many recordings wait to be looked at."},
    507: {"description": "The quota of recordings is reached."},
}
AUDIO: dict[int | str, dict[str, Any]] = {200: {"content": {"audio/wav": {}}}, **UNKNOWN}


class LibraryVoiceRoutes:
    def __init__(self, services: Services) -> None:
        self._files = services.files
        self._require_own_name = partial(require_own_name, engines=services.engines, settings=services.settings)
        checks = VoiceChecks(services)
        self._making = VoiceMaking(services, checks)
        self._preview = VoicePreview(services, checks, self._making)
        self.router = deferred_router("voices")
        add, one = self.router.add_api_route, "/v1/voices/{voice_id}"
        shape = LibraryVoiceShape
        add("/v1/voices", self.list, methods=["GET"], response_model=LibraryVoiceList)
        add(
            "/v1/voices",
            self.create,
            methods=["POST"],
            response_model=shape,
            status_code=201,
            responses=MADE,
            route_class_override=VoiceRoute,
        )
        add(one, self.show, methods=["GET"], response_model=shape, responses=UNKNOWN)
        add(one, self.change, methods=["PATCH"], response_model=shape, responses={**UNKNOWN, **MADE})
        add(one, self.delete, methods=["DELETE"], response_model=shape, responses=UNKNOWN)
        add(f"{one}/preview", self.preview, methods=["GET"], response_class=Response, responses=AUDIO)
        add(f"{one}/validate", self.report, methods=["GET"], response_model=VoiceReport, responses=UNKNOWN)
        add(f"{one}/validate", self.validate, methods=["POST"], response_model=VoiceReport, responses=UNKNOWN)

    @policy(RouteKind.USE, role=Role.READ)
    async def list(
        self,
        request: Request,
        language: Annotated[LanguageTag, Query(description="BCP 47, or a name.")] = None,
        tag: Annotated[str | None, Query(max_length=64)] = None,
        limit: Annotated[int, Query(ge=1, le=MOST_LISTED)] = 100,
        offset: Annotated[int, Query(ge=0, le=1_000_000_000)] = 0,
    ) -> LibraryVoiceList:
        """One's own recordings and blends, and everybody's; of administrators all. GET /voices has those of engines."""
        viewer = principal_of(request).viewer

        def found() -> LibraryVoiceList:
            voices = [each for each in self._files.references.reached(viewer) if _is_wanted(each, language, tag)]
            page = islice(voices, offset, offset + limit)
            return LibraryVoiceList(voices=[self._shape(each, viewer) for each in page], total=len(voices))

        return await asyncio.to_thread(found)

    @policy(RouteKind.USE, upload=Upload.FORM, action=Action.VOICE_CREATE)
    async def create(self, request: Request, form: Annotated[VoiceForm, Form()]) -> Response:
        """Makes a voice of a recording or of a blend. All of a recording is decoded and looked at; one without a voice
        in it is refused, one that could be better has `problems`."""
        viewer = principal_of(request).viewer
        filename = unescaped(form.file.filename or "") if form.file is not None else None

        async def make() -> Response:
            stored = await self._making.make(request, form, filename)
            note_audit(request, stored.id, **_about(stored))
            shape = await asyncio.to_thread(self._shape, stored, viewer)
            return JSONResponse(shape.model_dump(mode="json"), status_code=201)

        return collected_answer(make, request.scope, request.receive)

    @policy(RouteKind.USE, role=Role.READ)
    async def show(self, request: Request, voice_id: VoiceId) -> LibraryVoiceShape:
        viewer = principal_of(request).viewer
        return self._shape(await self._found(voice_id, viewer), viewer)

    @policy(RouteKind.USE, action=Action.VOICE_CHANGE)
    async def change(self, request: Request, voice_id: VoiceId, fields: VoiceChange) -> LibraryVoiceShape:
        """Changes what is named. Only administrators share a voice with everybody."""
        viewer = principal_of(request).viewer
        await asyncio.to_thread(check_change, self._files, voice_id, viewer, fields, self._require_own_name)
        stored = await asyncio.to_thread(changed, self._files, voice_id, viewer, fields)
        note_audit(request, **_about(stored), visibility=fields.visibility)
        return self._shape(stored, viewer)

    @policy(RouteKind.USE, action=Action.VOICE_DELETE)
    async def delete(self, request: Request, voice_id: VoiceId) -> LibraryVoiceShape:
        """Removes it with all that was made of it. Answers with what it was."""
        viewer = principal_of(request).viewer
        stored = await self._found(voice_id, viewer)
        shape = await asyncio.to_thread(self._shape, stored, viewer)
        note_audit(request, **_about(await asyncio.to_thread(self._files.delete, voice_id, viewer)))
        return shape

    @policy(RouteKind.USE)
    async def preview(
        self,
        request: Request,
        voice_id: VoiceId,
        source: SourceQuery = None,
        text: TextQuery = None,
        engine: EngineQuery = AUTO,
        format: AudioFormat = "wav",
    ) -> Response:
        """A few words in its language, or the best part of its recording."""
        stored = await self._found(voice_id, principal_of(request).viewer)
        return await self._preview.answer(request, stored, source=source, text=text, engine=engine, format=format)

    @policy(RouteKind.USE, role=Role.READ)
    async def report(self, request: Request, voice_id: VoiceId) -> VoiceReport:
        """The last validation; 404 where there was none."""
        stored = await self._found(voice_id, principal_of(request).viewer)
        if stored.card.report is None:
            why = NO_RECORDING if stored.is_blend else "This voice was not validated yet: POST does it."
            raise NotFound(why, param="id")
        return VoiceReport.model_validate(stored.card.report)

    @policy(RouteKind.USE)
    async def validate(self, request: Request, voice_id: VoiceId) -> Response:
        """Decodes all of its recording, listens to it where it has a transcript, and keeps the report."""
        viewer = principal_of(request).viewer
        stored = await self._found(voice_id, viewer)

        async def make() -> Response:
            report = await self._making.validate(request, stored)
            kept = {"report": report.model_dump(mode="json")}
            if viewer.sees(stored.owner):
                await asyncio.to_thread(
                    self._files.cards.change, voice_id, viewer, card=lambda card: card.model_copy(update=kept)
                )
            return JSONResponse(kept["report"])

        return collected_answer(make, request.scope, request.receive)

    async def _found(self, id: str, viewer: Viewer) -> StoredFile:
        """Raises NotFound, also for what belongs to others and is not shared."""
        stored = await asyncio.to_thread(self._files.references.by_id, id, viewer)
        if stored is None:
            raise NotFound(UNKNOWN_VOICE, param="id")
        return stored

    def _shape(self, stored: StoredFile, viewer: Viewer) -> LibraryVoiceShape:
        return LibraryVoiceShape.of(stored, self._files.references.blend(stored), viewer)


def _is_wanted(stored: StoredFile, language: str | None, tag: str | None) -> bool:
    spoken = stored.card.language
    return (language is None or (spoken is not None and same_language(spoken, language))) and (
        tag is None or tag in stored.card.tags
    )


def _about(stored: StoredFile) -> dict[str, Any]:
    return {"name": stored.name, "bytes": stored.size, "owner": stored.owner, "consent": stored.consent}
