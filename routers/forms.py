"""Forms that bring files, read within bounds before the framework would read them within hardly any."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from stts.errors import InvalidRequest

MOST_FILES = 2
MOST_FIELDS = 256
"""Enough for the lists of the OpenAI dialect, each item of which is a field."""
FIELD_BYTES = 16_384
"""Longest text field: it is kept in memory. A prompt of 4000 characters of any script fits."""


class UploadRoute(APIRoute):
    """A door that takes files: `route_class_override=UploadRoute`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_form(request: Request) -> Response:
            # The request keeps what it has parsed: whoever asks for its form from now on gets this one.
            await read_form(request)
            return await handle(request)

        return handle_form


async def read_form(request: Request) -> None:
    """Raises InvalidRequest for a form that is too big or none; errors of the body itself pass."""
    try:
        await request.form(max_files=MOST_FILES, max_fields=MOST_FIELDS, max_part_size=FIELD_BYTES)
    except (HTTPException, ValueError) as error:
        raise InvalidRequest(
            f"The form cannot be read: it may have {MOST_FILES} files and {MOST_FIELDS} fields of {FIELD_BYTES} bytes."
        ) from error
