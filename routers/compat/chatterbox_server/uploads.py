"""POST /upload_reference and POST /upload_predefined_voice: recordings that become voices of the library."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated

from fastapi import File, Form, Request, Response, UploadFile
from fastapi.responses import JSONResponse

from adapters.hosted_names import require_own_name
from middleware.edge.auditing import note_audit
from middleware.edge.route_table import arrived
from routers.compat.chatterbox_server.schemas import Uploaded, UploadedReferences, UploadedVoices, UploadError
from routers.compat.chatterbox_server.voices import PREDEFINED, Voices
from routers.http.answer import collected_answer
from routers.http.deferred_route import deferred_router
from routers.http.forms import FilesRoute, is_chosen
from routers.http.operation import principal_of
from routers.http.workers import Workers
from routers.services import Services
from stts.access.audit import Action
from stts.access.policy import RouteKind, Upload, policy
from stts.access.roles import Role
from stts.access.viewer import SERVER, Viewer
from stts.errors import STTSError
from stts.storage.files.records import StoredFile
from stts.voices.card import EMPTY, VoiceCard

INSPECTORS = 2
"""Recordings that are looked at at once."""
MOST_WAITING = 16
NAMELESS = "Unknown"

Files = Annotated[list[UploadFile], File(description="Recordings in any container.")]
Consent = Annotated[str | None, Form(max_length=500, description="Who consented to the use of these voices.")]


class UploadRoutes:
    def __init__(self, services: Services, voices: Voices) -> None:
        self._services = services
        self._files = services.files
        self._voices = voices
        self._inspectors = Workers("inspector", threads=INSPECTORS, queue_length=MOST_WAITING)
        self.router = deferred_router("Chatterbox-TTS-Server")
        for path, endpoint, shape in (
            ("/upload_reference", self.reference, UploadedReferences),
            ("/upload_predefined_voice", self.predefined, UploadedVoices),
        ):
            self.router.add_api_route(
                path,
                endpoint,
                methods=["POST"],
                response_model=shape,
                responses={400: {"model": shape, "description": "None of the files could be kept."}},
                summary="Keep recordings",
                route_class_override=FilesRoute,
            )

    @policy(RouteKind.MANAGE, role=Role.WRITE, upload=Upload.FORM, action=Action.FILE_UPLOAD)
    async def reference(self, request: Request, files: Files, consent: Consent = None) -> Response:
        """Recordings to be cloned, of the caller. One whose name is there already stays as it is."""
        viewer = principal_of(request).viewer

        async def make() -> Response:
            kept, errors = await self._kept(request, files, viewer, consent, EMPTY)
            names = await self._voices.references(viewer)
            message = f"Processed {len(files)} file(s)."
            return _answer(
                UploadedReferences(message=message, uploaded_files=kept, all_reference_files=names, errors=errors)
            )

        return collected_answer(make, request.scope, request.receive)

    @policy(RouteKind.MANAGE, upload=Upload.FORM, action=Action.FILE_UPLOAD)
    async def predefined(self, request: Request, files: Files, consent: Consent = None) -> Response:
        """Voices of the server, for everybody."""
        card = VoiceCard(tags=(PREDEFINED,))

        async def make() -> Response:
            kept, errors = await self._kept(request, files, SERVER, consent, card)
            voices = await self._voices.predefined(principal_of(request).permission)
            message = f"Processed {len(files)} predefined voice file(s)."
            return _answer(
                UploadedVoices(message=message, uploaded_files=kept, all_predefined_voices=voices, errors=errors)
            )

        return collected_answer(make, request.scope, request.receive)

    async def _kept(
        self, request: Request, files: list[UploadFile], owner: Viewer, consent: str | None, card: VoiceCard
    ) -> tuple[list[str], list[UploadError]]:
        """Names that are there now, and why others are not."""
        kept: list[str] = []
        errors: list[UploadError] = []
        for file in files:
            if not is_chosen(file) or not file.filename:
                errors.append(UploadError(filename=NAMELESS, error="File received with no filename."))
                continue
            try:
                stored = await self._store(request, file, file.filename, owner, consent, card)
            except STTSError as error:
                errors.append(UploadError(filename=file.filename, error=error.message))
            else:
                kept.append(stored.name)
        note_audit(request, kind="references", kept=len(kept), refused=len(errors), consent=consent)
        return kept, errors

    async def _store(
        self, request: Request, file: UploadFile, name: str, owner: Viewer, consent: str | None, card: VoiceCard
    ) -> StoredFile:
        found = await asyncio.to_thread(self._files.references.find, name, owner)
        if found is not None and (there := await self._named(found.voice.id, owner)) is not None:
            return there
        require_own_name(name, self._services.engines, self._services.settings)
        since = arrived(request.scope)
        return await self._inspectors.run(
            lambda checkpoint: self._files.save(
                "references",
                name,
                file.file,
                owner=owner.user_id,
                consent=consent,
                card=card,
                age=time.perf_counter() - since,
                checkpoint=checkpoint,
            )
        )

    async def _named(self, name: str, owner: Viewer) -> StoredFile | None:
        def found() -> StoredFile | None:
            return next((each for each in self._files.references.reached(owner) if each.name == name), None)

        return await asyncio.to_thread(found)


def _answer(uploaded: Uploaded) -> Response:
    status = 400 if uploaded.errors and not uploaded.uploaded_files else 200
    return JSONResponse(uploaded.model_dump(mode="json"), status_code=status)
