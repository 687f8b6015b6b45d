"""POST /v1/audio/speech with Kokoro-FastAPI's own fields, and GET /v1/download/{filename}."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import Path, Request, Response
from fastapi.responses import FileResponse

from routers.compat.kokoro_fastapi.schemas import SpeechFields
from routers.compat.kokoro_fastapi.speaking import Speaking
from routers.core.tts import AUDIO
from routers.http.deferred_route import deferred_router
from routers.http.operation import principal_of
from routers.http.recording import recorded
from routers.http.speech import collected_speech, streamed_speech
from routers.services import Services
from stts.access.policy import RouteKind, policy
from stts.access.roles import Role
from stts.audio.formats import format_spec
from stts.context import RequestContext
from stts.errors import NotFound
from stts.speech import AudioFormat
from stts.streams.hold import Hold

DOWNLOADS = "/v1/download"


class SpeechRoutes:
    def __init__(self, services: Services, speaking: Speaking) -> None:
        self._speaking = speaking
        self._files = services.files
        self.router = deferred_router("Kokoro-FastAPI")
        add = self.router.add_api_route
        speak: dict[str, Any] = {"response_class": Response, "responses": AUDIO}
        path = f"{DOWNLOADS}/{{filename}}"
        add(path, self.download, methods=["GET"], response_class=FileResponse, summary="A kept answer")
        add("/v1/audio/speech", self.create, methods=["POST"], summary="Speak a text", **speak)

    @policy(RouteKind.USE, operates=True)
    async def create(self, fields: SpeechFields, request: Request) -> Response:
        """Streamed unless `stream` is false. Tags in the text: `[pause:1.5s]`, and with `allow_voice_tags`
        `[voice:...]` and `[rate:...]`."""
        spoken = self._speaking.speak(fields, request)
        chunks, context = spoken.chunks, spoken.context
        if fields.return_download_link:
            chunks = recorded(chunks, self._files, context)

        def headers() -> dict[str, str]:
            return _own_headers(context, fields.response_format)

        if fields.stream:
            return streamed_speech(chunks, context, headers)
        if not spoken.is_composed:
            # What several passages were encoded into cannot be taken back.
            context.hold = Hold()
        return collected_speech(chunks, context, headers)

    @policy(RouteKind.USE, role=Role.READ)
    async def download(
        self,
        filename: Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]+(\.[a-z0-9]{2,4})?$", max_length=80)],
        request: Request,
    ) -> FileResponse:
        """A file that an answer has named in `X-Download-Path`; only whoever has made it gets it."""
        id = filename.partition(".")[0]
        stored = await asyncio.to_thread(self._files.get, id, principal_of(request).viewer)
        if stored.kind != "outputs":
            raise NotFound("There is no such file.")
        headers = {"cache-control": "no-cache", "x-content-type-options": "nosniff"}
        return FileResponse(stored.path, media_type=stored.media_type, filename=filename, headers=headers)


def _own_headers(context: RequestContext, format: AudioFormat) -> dict[str, str]:
    kept = context.output_data.file_id
    link = {} if kept is None else {"x-download-path": f"/download/{kept}{format_spec(format).extension}"}
    return {"content-disposition": f"attachment; filename=speech.{format}", "x-accel-buffering": "no", **link}
