"""POST /jobs/transcription: many recordings, stored ones by their ids or new ones in a form."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from typing import Any

from fastapi import Request, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from adapters.batches.submission import NewBatch, RecordingItem, named
from middleware.edge.auditing import note_audit
from middleware.edge.bodies import is_json, media_type
from routers.batch_services import BatchServices
from routers.http.deferred_route import deferred_router
from routers.http.forms import FIELD_BYTES, MOST_FIELDS, is_chosen
from routers.http.jobs import JobShape, accepted
from routers.http.names import NAME_CHARACTERS, EngineName, LanguageTag, OwnWord
from routers.http.operation import principal_of
from routers.management.batches import REFUSED
from routers.management.files import file_name
from stts.access.audit import Action
from stts.access.policy import RouteKind, Upload, policy
from stts.access.principal import Principal
from stts.access.roles import Role
from stts.engine_api import Task
from stts.engine_state import AUTO
from stts.errors import InvalidRequest, MalformedRequest, STTSError
from stts.storage.files.records import StoredFile
from stts.storage.files.store import FileStore
from stts.transcription import TranscriptionConfig

MOST_FILES = 100
"""Files of one form; a job of more names stored ones."""
MOST_PROMPT = 4000


class TranscriptionJobFields(BaseModel):
    """A job of many recordings. Further fields are the engine's own."""

    model_config = ConfigDict(extra="allow", allow_inf_nan=False)

    name: OwnWord = Field("", description="Your own word for the job.")
    files: list[str] = Field([], description="Ids of stored uploads.")
    engine: EngineName = AUTO
    language: LanguageTag = Field(None, description="BCP 47, or a name; default: detect.")
    task: Task = "transcribe"
    word_timestamps: bool = False
    prompt: str | None = Field(None, max_length=MOST_PROMPT)

    def config(self, principal: Principal) -> TranscriptionConfig:
        return TranscriptionConfig(
            engine=self.engine,
            language=self.language,
            task=self.task,
            word_timestamps=self.word_timestamps,
            prefer_word_times=True,
            prompt=self.prompt or None,
            parameters=dict(self.model_extra or {}),
            permission=principal.permission,
        )


class TranscriptionJobRoutes:
    def __init__(self, batches: BatchServices, files: FileStore) -> None:
        self._batches = batches
        self._files = files
        self.router = deferred_router("jobs")
        self.router.add_api_route(
            "/jobs/transcription",
            self.transcription,
            methods=["POST"],
            response_model=JobShape,
            status_code=202,
            responses=REFUSED,
        )

    @policy(RouteKind.MANAGE, role=Role.WRITE, upload=Upload.FORM, action=Action.JOB_START)
    async def transcription(self, request: Request) -> Response:
        """Transcribes many recordings in the background, also over restarts. JSON with `files`, ids of stored uploads;
        or a form with up to 100 `file`s, which are kept as uploads until they have been heard."""
        principal = principal_of(request)
        await self._batches.submission.require_place(principal)
        if is_json(media_type(request)):
            fields = _fields(await _json(request))
            self._batches.submission.require_items(len(fields.files))
            return await self._begin(request, fields, self._stored(fields, principal))
        form, kept = await _form(request), list[StoredFile]()
        try:
            fields = _fields({name: value for name, value in form.items() if isinstance(value, str)})
            return await self._begin(request, fields, self._sent(form, fields, principal, kept))
        except BaseException:
            # There is no job that would remove them when they have been heard.
            await asyncio.shield(asyncio.to_thread(self._remove, kept, principal))
            raise
        finally:
            await form.close()

    async def _begin(
        self, request: Request, fields: TranscriptionJobFields, items: AsyncGenerator[RecordingItem, None]
    ) -> Response:
        new = NewBatch("transcription", fields.name)
        batch = await self._batches.submission.submit(new, items, principal_of(request))
        note_audit(request, target=batch.id, kind=batch.kind)
        return accepted(JobShape.of_batch(batch))

    async def _stored(
        self, fields: TranscriptionJobFields, principal: Principal
    ) -> AsyncGenerator[RecordingItem, None]:
        config = fields.config(principal)
        for number, file_id in enumerate(fields.files):
            try:
                stored = await asyncio.to_thread(self._files.get, file_id, principal.viewer)
            except STTSError as error:
                raise named(error, number) from error
            yield RecordingItem(stored.id, stored.size, config, stored.name)

    async def _sent(
        self, form: FormData, fields: TranscriptionJobFields, principal: Principal, kept: list[StoredFile]
    ) -> AsyncGenerator[RecordingItem, None]:
        """Keeps each as an upload, which is added to `kept`."""
        config = fields.config(principal)
        files = [each for each in form.getlist("file") if isinstance(each, UploadFile) and is_chosen(each)]
        for number, file in enumerate(files):
            try:
                stored = await self._saved(file, principal.viewer.user_id, kept)
            except STTSError as error:
                raise named(error, number) from error
            yield RecordingItem(stored.id, stored.size, config, file_name(file.filename)[:NAME_CHARACTERS], own=True)

    async def _saved(self, file: UploadFile, owner: str | None, kept: list[StoredFile]) -> StoredFile:
        saving = asyncio.ensure_future(asyncio.to_thread(self._save, file, owner, kept))
        try:
            return await asyncio.shield(saving)
        except asyncio.CancelledError:
            # The thread goes on: what it keeps is known when it has ended.
            await asyncio.wait((saving,))
            raise

    def _save(self, file: UploadFile, owner: str | None, kept: list[StoredFile]) -> StoredFile:
        stored = self._files.save("uploads", file_name(file.filename) or None, file.file, owner=owner)
        kept.append(stored)
        return stored

    def _remove(self, kept: Sequence[StoredFile], principal: Principal) -> None:
        for stored in kept:
            with suppress(STTSError, OSError):
                self._files.delete(stored.id, principal.viewer)


async def _json(request: Request) -> Any:
    try:
        return json.loads(await request.body())
    except (ValueError, RecursionError) as error:
        raise MalformedRequest("This is not JSON.", param="body") from error


async def _form(request: Request) -> FormData:
    try:
        return await request.form(max_files=MOST_FILES, max_fields=MOST_FIELDS, max_part_size=FIELD_BYTES)
    except (HTTPException, ValueError) as error:
        said = f"Send JSON with `files`, or a multipart form with up to {MOST_FILES} parts `file`."
        raise InvalidRequest(said, param="body") from error


def _fields(sent: Any) -> TranscriptionJobFields:
    try:
        return TranscriptionJobFields.model_validate(sent)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "body"
        raise InvalidRequest(f"{place}: {first['msg']}", param=place) from error
