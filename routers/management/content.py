"""The content of a stored file, which may be deleted while it is asked for."""

from __future__ import annotations

import re
from urllib.parse import quote

from starlette.responses import FileResponse
from starlette.types import Message, Receive, Scope, Send

from middleware.edge.methods import is_head_only
from stts.errors import NotFound
from stts.storage.files.names import stem
from stts.storage.files.records import StoredFile

_QUOTABLE = re.compile(r"[A-Za-z0-9 !#$&'()+,.;=@\[\]^_`{}~-]+")
"""Characters that every client reads alike between quotes."""


def attachment(stored: StoredFile) -> str:
    """The Content-Disposition that saves a file under its name (RFC 6266), for clients without UTF-8 under its id."""
    name = stem(stored.name) + stored.path.suffix
    if _QUOTABLE.fullmatch(name):
        return f'attachment; filename="{name}"'
    return f"attachment; filename=\"{stored.id}{stored.path.suffix}\"; filename*=utf-8''{quote(name, safe='')}"


class StoredContent(FileResponse):
    """Raises NotFound where the file is gone before its first bytes have left."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if is_head_only(scope):
            scope = {**scope, "method": "HEAD"}  # so that the file is not read
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
