"""POST and DELETE /v1/audio/voices: a voice of the library out of a sample, with the consent to it.

It is found by its id alone, whatever it is called, as with the hosted service: names there are labels.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any, BinaryIO

from fastapi import Form, Path, Request, Response, UploadFile
from fastapi.responses import JSONResponse

from middleware.edge.auditing import note_audit
from routers.compat.openai.errors import AUDIO_ERRORS
from routers.compat.openai.sample_forms import VoiceSampleRoute
from routers.compat.openai.voice_consents import MULTIPART
from routers.compat.openai.voice_schemas import ID_CHARACTERS, CreateVoiceForm, CustomVoice, CustomVoiceDeleted
from routers.core.voice_checks import VoiceChecks
from routers.core.voice_recordings import VoiceRecordings
from routers.http.answer import collected_answer
from routers.http.deferred_route import deferred_router
from routers.http.operation import principal_of
from routers.services import Services
from stts.access.audit import Action
from stts.access.policy import RouteKind, Upload, policy
from stts.access.viewer import Viewer
from stts.errors import InvalidParameter, InvalidRequest, NotFound
from stts.storage.files.cards import UNKNOWN_VOICE
from stts.storage.files.records import StoredFile
from stts.storage.files.references import is_by_id
from stts.voices.card import VoiceCard

SAMPLE_SECONDS = 30.0
"""Longest sample that is kept; of a longer recording it is the best part."""
NO_PROMPTS = "No engine here makes a voice out of a description: send `audio_sample`, a recording, and `consent`."
ANOTHER_PERSON = "The person in the sample is not the one who consents: their voices are not alike."
WITHOUT_CONSENT = "A sample needs a consent: the id of a recording of POST /v1/audio/voice_consents."


class CustomVoiceRoutes:
    def __init__(self, services: Services, checks: VoiceChecks) -> None:
        self._settings = services.settings
        self._files = services.files
        self._checks = checks
        self._recordings = VoiceRecordings(checks)
        self._counting = asyncio.Lock()
        """Held while voices are counted and one is added, so that two requests do not both take the last place."""
        self.router = deferred_router("OpenAI")
        self.router.add_api_route(
            "/v1/audio/voices",
            self.create,
            methods=["POST"],
            response_model=CustomVoice,
            route_class_override=VoiceSampleRoute,
            summary="Make a voice of a sample",
        )
        self.router.add_api_route(
            "/v1/audio/voices/{voice_id:path}",
            self.delete,
            methods=["DELETE"],
            response_model=CustomVoiceDeleted,
            responses={404: {"description": UNKNOWN_VOICE}},
            summary="Delete a voice",
        )

    @policy(RouteKind.USE, upload=Upload.FORM, action=Action.VOICE_CREATE)
    async def create(self, request: Request, form: Annotated[CreateVoiceForm, Form(media_type=MULTIPART)]) -> Response:
        """Engines that clone speak with it by its id, others refuse it. Refused where nobody speaks in the sample."""
        if form.type == "prompt" or (form.audio_sample is None and form.prompt):
            raise InvalidParameter(NO_PROMPTS, param="type", allowed=["audio_sample"])
        if form.audio_sample is None:
            raise InvalidParameter("The sample is missing: a file as `audio_sample`.", param="audio_sample")
        sample, viewer = form.audio_sample, principal_of(request).viewer
        consent = await self._consent(form.consent, viewer)
        await asyncio.to_thread(self._require_place, viewer)

        async def make() -> Response:
            stored = await self._made(request, form.name, sample, consent)
            note_audit(request, stored.id, **_about(stored))
            return JSONResponse(CustomVoice.of(stored).model_dump(mode="json"))

        return collected_answer(make, request.scope, request.receive)

    @policy(RouteKind.USE, action=Action.VOICE_DELETE)
    async def delete(
        self, request: Request, voice_id: Annotated[str, Path(max_length=4 * ID_CHARACTERS)]
    ) -> CustomVoiceDeleted:
        """Removes it with all that was made of it. Its consent stays."""
        viewer = principal_of(request).viewer
        stored = await asyncio.to_thread(self._files.references.by_id, voice_id, viewer)
        if stored is None:
            raise NotFound(UNKNOWN_VOICE, param="voice_id")
        note_audit(request, **_about(await asyncio.to_thread(self._files.delete, voice_id, viewer)))
        return CustomVoiceDeleted(id=voice_id)

    async def _consent(self, id: str | None, viewer: Viewer) -> StoredFile:
        if not id:
            raise InvalidParameter(WITHOUT_CONSENT, param="consent")
        try:
            return await asyncio.to_thread(self._files.consents.get, id, viewer)
        except NotFound as error:
            raise InvalidParameter(f"{error.message} {WITHOUT_CONSENT}", param="consent") from None

    def _require_place(self, viewer: Viewer) -> None:
        """Raises InvalidRequest where the owner has as many voices as one may have."""
        most = self._settings().openai.custom_voices
        mine = (each for each in self._files.references.reached(viewer) if each.owner == viewer.user_id)
        if sum(map(is_by_id, mine)) >= most:
            raise InvalidRequest(f"There are {most} voices already, as many as may be: delete one first.")

    async def _made(self, request: Request, name: str, sample: UploadFile, consent: StoredFile) -> StoredFile:
        viewer = principal_of(request).viewer
        try:
            prepared = await self._recordings.prepared(
                request, sample.file, longest=SAMPLE_SECONDS, kept=SAMPLE_SECONDS, param="audio_sample"
            )
        except AUDIO_ERRORS as error:
            error.param = "audio_sample"
            raise
        await self._require_one_person(prepared.file, consent)
        card = VoiceCard(
            consent_recording=consent.id,
            consent_date=datetime.fromtimestamp(consent.created, UTC).date(),
            report=prepared.report.model_dump(mode="json"),
        )
        async with self._counting:
            await asyncio.to_thread(self._require_place, viewer)
            return await self._checks.workers.run(
                lambda checkpoint: self._files.save(
                    "references",
                    None,
                    prepared.file,
                    owner=viewer.user_id,
                    consent=f"Recording {consent.id}",
                    card=card,
                    label=name,
                    checkpoint=checkpoint,
                )
            )

    async def _require_one_person(self, sample: BinaryIO, consent: StoredFile) -> None:
        """Raises InvalidParameter where another person consents than speaks, as far as somebody here can tell."""
        try:
            recording = await asyncio.to_thread(consent.path.open, "rb")
        except FileNotFoundError:
            raise InvalidParameter(f"The consent has gone meanwhile. {WITHOUT_CONSENT}", param="consent") from None
        with recording:
            if await self._checks.are_one_person(sample, recording) is False:
                raise InvalidParameter(ANOTHER_PERSON, param="audio_sample")


def _about(stored: StoredFile) -> dict[str, Any]:
    return {"name": stored.name, "bytes": stored.size, "owner": stored.owner, "consent": stored.consent}
