"""The content of a stored file, which may be deleted while it is asked for."""

from __future__ import annotations

from starlette.responses import FileResponse
from starlette.types import Message, Receive, Scope, Send

from stts.errors import NotFound


class StoredContent(FileResponse):
    """Raises NotFound where the file is gone before its first bytes have left."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        start: Message | None = None
        begun = False

        async def send_late(message: Message) -> None:
            """The status waits for the first bytes: by then the file is open."""
            nonlocal start, begun
            if message["type"] == "http.response.start":
                start = message
                return
            if start is not None:
                begun, opening, start = True, start, None
                await send(opening)
            await send(message)

        try:
            await super().__call__(scope, receive, send_late)
        except (FileNotFoundError, RuntimeError) as error:
            # The RuntimeError of starlette says that there was no file to look at.
            if begun:
                raise
            raise NotFound("There is no file with this id.", param="id") from error
