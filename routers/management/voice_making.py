"""Makes library voices: a recording is validated, cut where it is too long to be kept, and stored with its card."""

from __future__ import annotations

import asyncio
import io

from fastapi import Request, UploadFile

from adapters.hosted_names import require_own_name
from routers.core.voice_checks import VoiceChecks
from routers.core.voice_recordings import VoiceRecordings
from routers.core.voice_report import VoiceReport
from routers.http.operation import principal_of
from routers.management.voice_forms import VoiceForm
from routers.services import Services
from stts.access.viewer import Viewer
from stts.errors import InvalidParameter, NotFound, UnknownVoice
from stts.speech import SynthesisConfig
from stts.storage.files.records import StoredFile
from stts.voices.blend import is_blend
from stts.voices.measure import WINDOW_SECONDS

KEPT_SECONDS = 60.0
"""The best part that is kept of a recording which is longer than `storage.reference_seconds`."""

NO_RECORDING = "A blend has no recording to be validated."


class VoiceMaking:
    def __init__(self, services: Services, checks: VoiceChecks) -> None:
        self._services = services
        self._checks = checks
        self.recordings = VoiceRecordings(checks)
        self._files = services.files

    async def make(self, request: Request, form: VoiceForm, filename: str | None) -> StoredFile:
        """Raises what is wrong with the form or the recording: InvalidParameter, UndecodableAudio, AudioTooLong,
        and Conflict for a name that means another voice."""
        card = form.card()
        if name := form.name or filename:
            require_own_name(name, self._services.engines, self._services.settings)
        await self._require_consent_recording(card.consent_recording, principal_of(request).viewer)
        if form.blend is not None and form.file is None:
            return await self._blend(request, form, form.blend)
        if form.file is None or form.blend is not None:
            raise InvalidParameter("A voice is a recording (`file`) or a blend (`blend`): send one.", param="file")
        return await self._recording(request, form, form.file, filename)

    async def validate(self, request: Request, stored: StoredFile) -> VoiceReport:
        """Validates a stored recording anew. Raises NotFound for a blend, which has none."""
        if stored.is_blend:
            raise NotFound(NO_RECORDING, param="id")
        file = await asyncio.to_thread(stored.path.open, "rb")
        with file:
            figures = await self._checks.figures(file, WINDOW_SECONDS)
            return await self._checks.report(request, file, figures, stored.card.transcript, stored.card.language)

    async def _require_consent_recording(self, id: str | None, viewer: Viewer) -> None:
        if id is None:
            return
        try:
            await asyncio.to_thread(self._files.get, id, viewer)
        except NotFound:
            raise InvalidParameter("There is no file with this id.", param="consent_recording") from None

    async def _recording(self, request: Request, form: VoiceForm, file: UploadFile, filename: str | None) -> StoredFile:
        most = self._services.settings().storage.reference_seconds
        prepared = await self.recordings.prepared(
            request, file.file, longest=most, kept=KEPT_SECONDS, transcript=form.transcript, language=form.language
        )
        card = form.card().model_copy(update={"report": prepared.report.model_dump(mode="json")})
        owner, consent = principal_of(request).viewer.user_id, form.consent
        name = form.name or filename or None
        return await self._checks.workers.run(
            lambda checkpoint: self._files.save(
                "references", name, prepared.file, owner=owner, consent=consent, card=card, checkpoint=checkpoint
            )
        )

    async def _blend(self, request: Request, form: VoiceForm, blend: str) -> StoredFile:
        if not form.name:
            raise InvalidParameter("A blend needs a name.", param="name")
        if not is_blend(blend):
            raise InvalidParameter(
                "A blend is written as af_heart(0.7)+af_bella(0.3): up to 8 voices, with weights whose sum is above 0.",
                param="blend",
            )
        await self._require_engine(request, blend)
        owner = principal_of(request).viewer.user_id
        return await asyncio.to_thread(
            self._files.save,
            "references",
            form.name,
            io.BytesIO(blend.encode()),
            owner=owner,
            consent=form.consent,
            card=form.card(),
            is_blend=True,
        )

    async def _require_engine(self, request: Request, blend: str) -> None:
        """Raises InvalidParameter where no engine here makes this blend."""
        engines = self._services.engines
        blending = [name for name, each in engines.speech.items() if each.info.abilities.blending]
        here = [name for name in blending if name in await engines.usable("tts")]
        why = "No engine that blends voices is installed here."
        for name in here:
            try:
                await self._services.selection.plan_speech(
                    SynthesisConfig(engine=name, voice=blend, permission=principal_of(request).permission)
                )
            except UnknownVoice as error:
                why = error.message
            else:
                return
        raise InvalidParameter(why, param="blend")
