"""/v1/audio/voice_consents: recordings in which people consent to the use of their voice."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, BinaryIO

from fastapi import Form, Path, Query, Request, Response
from fastapi.responses import JSONResponse

from middleware.edge.auditing import note_audit
from routers.compat.openai.errors import AUDIO_ERRORS
from routers.compat.openai.sample_forms import ConsentRecordingRoute
from routers.compat.openai.voice_schemas import (
    ID_CHARACTERS,
    MOST_LISTED,
    PAGE,
    ConsentName,
    CreateConsentForm,
    VoiceConsent,
    VoiceConsentDeleted,
    VoiceConsentList,
)
from routers.core.voice_checks import MOST_LISTENED, NOBODY_CAN, VoiceChecks
from routers.core.voice_recordings import VoiceRecordings
from routers.http.answer import collected_answer
from routers.http.deferred_route import deferred_router
from routers.http.operation import principal_of
from routers.services import Services
from stts.access.audit import Action
from stts.access.policy import RouteKind, Upload, policy
from stts.access.roles import Role
from stts.errors import InvalidParameter
from stts.languages import best_match, primary
from stts.storage.files.consents import UNKNOWN_CONSENT
from stts.storage.files.records import StoredFile
from stts.voices.card import TRANSCRIPT_CHARACTERS, VoiceCard
from stts.voices.words import words_found

LEAST_WORDS = 0.8
"""Share of the words of the operator's statement that must be heard, where there is one for the language."""
MULTIPART = "multipart/form-data"
UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"description": UNKNOWN_CONSENT}}
ConsentId = Annotated[str, Path(max_length=4 * ID_CHARACTERS)]


class VoiceConsentRoutes:
    def __init__(self, services: Services, checks: VoiceChecks) -> None:
        self._settings = services.settings
        self._files = services.files
        self._checks = checks
        self._recordings = VoiceRecordings(checks)
        self.router = deferred_router("OpenAI")
        add, every, one = (
            self.router.add_api_route,
            "/v1/audio/voice_consents",
            "/v1/audio/voice_consents/{consent_id:path}",
        )
        add(
            every,
            self.create,
            methods=["POST"],
            response_model=VoiceConsent,
            route_class_override=ConsentRecordingRoute,
            summary="Keep a consent",
        )
        add(every, self.listing, methods=["GET"], response_model=VoiceConsentList, summary="Consents")
        add(one, self.show, methods=["GET"], response_model=VoiceConsent, responses=UNKNOWN, summary="One consent")
        add(
            one,
            self.rename,
            methods=["POST"],
            response_model=VoiceConsent,
            responses=UNKNOWN,
            summary="Rename a consent",
        )
        add(
            one,
            self.delete,
            methods=["DELETE"],
            response_model=VoiceConsentDeleted,
            responses=UNKNOWN,
            summary="Delete a consent",
        )

    @policy(RouteKind.USE, upload=Upload.FORM, action=Action.CONSENT_CREATE)
    async def create(
        self, request: Request, form: Annotated[CreateConsentForm, Form(media_type=MULTIPART)]
    ) -> Response:
        """Refused where nobody speaks in it. What is heard is kept with it."""

        async def make() -> Response:
            stored = await self._made(request, form)
            note_audit(request, stored.id, **_about(stored))
            return JSONResponse(VoiceConsent.of(stored).model_dump(mode="json"))

        return collected_answer(make, request.scope, request.receive)

    @policy(RouteKind.USE, role=Role.READ)
    async def listing(
        self,
        request: Request,
        after: Annotated[str | None, Query(max_length=ID_CHARACTERS, description="Those that follow this id.")] = None,
        limit: Annotated[int, Query(ge=1, le=MOST_LISTED)] = PAGE,
    ) -> VoiceConsentList:
        """One's own, of administrators all, newest first."""
        viewer = principal_of(request).viewer
        found, more = await asyncio.to_thread(self._files.consents.page, viewer, after=after, limit=limit)
        ids = [each.id for each in found]
        return VoiceConsentList(
            data=[VoiceConsent.of(each) for each in found],
            first_id=ids[0] if ids else None,
            last_id=ids[-1] if ids else None,
            has_more=more,
        )

    @policy(RouteKind.USE, role=Role.READ)
    async def show(self, request: Request, consent_id: ConsentId) -> VoiceConsent:
        viewer = principal_of(request).viewer
        return VoiceConsent.of(await asyncio.to_thread(self._files.consents.get, consent_id, viewer))

    @policy(RouteKind.USE, action=Action.CONSENT_CHANGE)
    async def rename(self, request: Request, consent_id: ConsentId, fields: ConsentName) -> VoiceConsent:
        viewer = principal_of(request).viewer
        stored = await asyncio.to_thread(self._files.consents.rename, consent_id, viewer, fields.name)
        note_audit(request, **_about(stored))
        return VoiceConsent.of(stored)

    @policy(RouteKind.USE, action=Action.CONSENT_DELETE)
    async def delete(self, request: Request, consent_id: ConsentId) -> VoiceConsentDeleted:
        """Voices that were made with it stay."""
        viewer = principal_of(request).viewer
        stored = await asyncio.to_thread(self._files.consents.delete, consent_id, viewer)
        note_audit(request, **_about(stored))
        return VoiceConsentDeleted(id=stored.id)

    async def _made(self, request: Request, form: CreateConsentForm) -> StoredFile:
        longest = self._settings().storage.reference_seconds
        owner, file = principal_of(request).viewer.user_id, form.recording.file
        try:
            prepared = await self._recordings.prepared(
                request, file, longest=longest, kept=longest, language=form.language, param="recording"
            )
        except AUDIO_ERRORS as error:
            error.param = "recording"
            raise
        words = await self._words(request, file, prepared.report.seconds, form.language)
        card = VoiceCard(
            language=form.language,
            transcript=words[:TRANSCRIPT_CHARACTERS],
            report=prepared.report.model_dump(mode="json"),
        )
        return await self._checks.workers.run(
            lambda checkpoint: self._files.save(
                "consents", None, file, owner=owner, card=card, label=form.name, checkpoint=checkpoint
            )
        )

    async def _words(self, request: Request, file: BinaryIO, seconds: float, language: str) -> str:
        """The words of the recording, empty where nobody here can listen to it. Raises InvalidParameter where they are
        not those of the operator's statement."""
        statements = self._settings().openai.consent_statements
        tag = best_match(language, statements) if statements else None
        if seconds > MOST_LISTENED:
            if tag is not None:
                raise InvalidParameter(
                    f"It is longer than {MOST_LISTENED:g} s, so nobody listens for the statement in it.",
                    param="recording",
                )
            return ""
        try:
            heard = await self._checks.heard(request, file, language)
        except NOBODY_CAN:
            return ""
        if tag is not None:
            words = words_found(statements[tag], heard, english=primary(language) == "en")
            if words.found < LEAST_WORDS * words.spoken:
                raise InvalidParameter(
                    f"{words.found} of the {words.spoken} words of the statement were heard. It is: {statements[tag]}",
                    param="recording",
                )
        return heard


def _about(stored: StoredFile) -> dict[str, Any]:
    return {"name": stored.name, "bytes": stored.size, "owner": stored.owner, "language": stored.card.language}
