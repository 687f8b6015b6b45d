"""/files: reference recordings, uploads and saved outputs."""

from __future__ import annotations

import asyncio
import re
import time
from typing import Annotated, Any

from fastapi import Body, File, Form, Path, Query, Request, Response, UploadFile
from fastapi.responses import JSONResponse

from middleware.edge.auditing import note_audit, skip_audit
from middleware.edge.route_table import arrived
from routers.http.answer import collected_answer
from routers.http.deferred_route import deferred_router
from routers.http.forms import UploadRoute
from routers.http.names import WITHOUT_CONTROLS
from routers.http.operation import principal_of
from routers.http.workers import Workers
from routers.management.content import StoredContent, attachment
from routers.management.file_schemas import (
    CleanupFields,
    CleanupShape,
    FileList,
    FileShape,
    ShareFields,
    UploadKind,
    UsageList,
)
from stts.access.audit import Action
from stts.access.policy import RouteKind, Upload, policy
from stts.access.roles import Role
from stts.errors import InvalidRequest
from stts.storage.files.kinds import Kind
from stts.storage.files.records import StoredFile
from stts.storage.files.store import FileStore

MOST_LISTED = 1000
INSPECTORS = 2
"""Uploads copied and looked at at once."""
MOST_WAITING = 16
"""Uploads that may wait for that, each with its temporary file."""

FileId = Annotated[str, Path(max_length=64)]

NOT_FOUND: dict[int | str, dict[str, Any]] = {
    404: {"description": "There is no file with this id."},
    409: {"description": "The stream that it is kept from has not ended."},
    507: {"description": "It could not be kept."},
}
SHARED: dict[int | str, dict[str, Any]] = {
    404: {"description": "There is no file with this id."},
    409: {"description": "Everybody has a voice of this name already."},
}
REFUSED: dict[int | str, dict[str, Any]] = {
    409: {"description": "A reference of this name is there already."},
    413: {"description": "The file, or the recording, is too long."},
    503: {"description": "Too many uploads wait to be looked at."},
    507: {"description": "The quota of the kind is reached."},
}


def unescaped(filename: str) -> str:
    """A file's name as it was before a browser put it into the quotes of a form."""
    return filename.replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n")


def file_name(sent: str | None) -> str:
    """The name that a form gives a file; empty where it gives none. Raises InvalidRequest for control characters."""
    name = unescaped(sent or "")
    if not re.fullmatch(WITHOUT_CONTROLS, name):
        raise InvalidRequest("The name of the file has control characters, such as ends of lines.", param="file")
    return name


class FileRoutes:
    def __init__(self, files: FileStore) -> None:
        self._files = files
        self._inspectors = Workers("inspector", threads=INSPECTORS, queue_length=MOST_WAITING)
        self.router = deferred_router("files")
        add = self.router.add_api_route
        content: dict[int | str, dict[str, Any]] = {200: {"content": {"audio/*": {}}}, **NOT_FOUND}
        add("/files", self.list, methods=["GET"], response_model=FileList)
        add(
            "/files",
            self.upload,
            methods=["POST"],
            response_model=FileShape,
            status_code=201,
            responses=REFUSED,
            route_class_override=UploadRoute,
        )
        add("/files/usage", self.usage, methods=["GET"], response_model=UsageList)
        add("/files/cleanup", self.cleanup, methods=["POST"], response_model=CleanupShape)
        add("/files/{file_id}", self.show, methods=["GET"], response_model=FileShape, responses=NOT_FOUND)
        add("/files/{file_id}", self.share, methods=["PATCH"], response_model=FileShape, responses=SHARED)
        add("/files/{file_id}", self.delete, methods=["DELETE"], response_model=FileShape, responses=NOT_FOUND)
        add(
            "/files/{file_id}/content",
            self.content,
            methods=["GET"],
            response_class=StoredContent,
            responses=content,
        )

    @policy(RouteKind.MANAGE, role=Role.WRITE)
    async def list(
        self,
        request: Request,
        kind: Kind | None = None,
        limit: Annotated[int, Query(ge=1, le=MOST_LISTED)] = 100,
        offset: Annotated[int, Query(ge=0, le=1_000_000_000)] = 0,
    ) -> FileList:
        """One's own, of administrators all, newest first."""
        viewer = principal_of(request).viewer
        return FileList.of(await asyncio.to_thread(self._files.page, kind, viewer, limit=limit, offset=offset))

    @policy(RouteKind.MANAGE, role=Role.WRITE, upload=Upload.FORM, action=Action.FILE_UPLOAD)
    async def upload(
        self,
        request: Request,
        file: Annotated[UploadFile, File(description="Audio in any container.")],
        kind: Annotated[UploadKind, Form()] = "uploads",
        name: Annotated[str | None, Form(max_length=400, description="Instead of the file's own name.")] = None,
        consent: Annotated[
            str | None,
            Form(max_length=500, description="Who consented to the use of this voice, or a reference of a document."),
        ] = None,
    ) -> Response:
        """What the file is, is found out from its content. A reference is a voice by its name from now on."""
        wanted = name or unescaped(file.filename or "") or None
        owner, since = principal_of(request).viewer.user_id, arrived(request.scope)

        async def make() -> Response:
            stored = await self._inspectors.run(
                lambda checkpoint: self._files.save(
                    kind,
                    wanted,
                    file.file,
                    owner=owner,
                    consent=consent,
                    age=time.perf_counter() - since,
                    checkpoint=checkpoint,
                )
            )
            note_audit(request, stored.id, **_about(stored))
            return JSONResponse(FileShape.of(stored).model_dump(mode="json"), status_code=201)

        return collected_answer(make, request.scope, request.receive)

    @policy(RouteKind.MANAGE, role=Role.WRITE)
    async def show(self, request: Request, file_id: FileId) -> FileShape:
        return FileShape.of(await asyncio.to_thread(self._files.get, file_id, principal_of(request).viewer))

    @policy(RouteKind.MANAGE, action=Action.FILE_SHARE)
    async def share(self, request: Request, file_id: FileId, fields: ShareFields) -> FileShape:
        """Makes a voice of a user everybody's, or the user's own again."""
        stored = await asyncio.to_thread(self._files.cards.share, file_id, shared=fields.shared)
        note_audit(request, **_about(stored), shared=stored.shared)
        return FileShape.of(stored)

    @policy(RouteKind.MANAGE, role=Role.WRITE)
    async def content(self, request: Request, file_id: FileId) -> StoredContent:
        """The file itself, or the parts that a Range header asks for."""
        stored = await asyncio.to_thread(self._files.get, file_id, principal_of(request).viewer)
        return StoredContent(
            stored.path,
            media_type=stored.media_type,
            headers={"content-disposition": attachment(stored), "x-content-type-options": "nosniff"},
        )

    @policy(RouteKind.MANAGE, role=Role.WRITE, action=Action.FILE_DELETE)
    async def delete(self, request: Request, file_id: FileId) -> FileShape:
        """Answers with what it was."""
        stored = await asyncio.to_thread(self._files.delete, file_id, principal_of(request).viewer)
        note_audit(request, **_about(stored))
        return FileShape.of(stored)

    @policy(RouteKind.MANAGE)
    async def usage(self) -> UsageList:
        """Files and bytes of each kind, and its quota."""
        return UsageList.of(await asyncio.to_thread(self._files.usage))

    @policy(RouteKind.MANAGE, action=Action.FILE_CLEANUP)
    async def cleanup(
        self,
        request: Request,
        fields: Annotated[CleanupFields, Body()] = CleanupFields(),  # noqa: B008
    ) -> CleanupShape:
        """Removes what is older; with `dry_run` only counts it."""
        removed = await asyncio.to_thread(
            self._files.cleanup, fields.chosen(), max_age_hours=fields.max_age_hours, dry_run=fields.dry_run
        )
        shape = CleanupShape.of(removed, dry_run=fields.dry_run)
        if fields.dry_run:
            skip_audit(request)
        note_audit(request, **shape.model_dump(mode="json"))
        return shape


def _about(stored: StoredFile) -> dict[str, Any]:
    about = {"kind": stored.kind, "name": stored.name, "bytes": stored.size, "owner": stored.owner}
    return {**about, "consent": stored.consent} if stored.kind == "references" else about
