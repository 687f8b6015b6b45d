"""Forms a few of whose text fields are long, since clients send recordings in them: as data URLs in base64.

All others keep the common bound, and of the long ones there may be only so many, so that a form has a bound in memory.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from fastapi import Request
from python_multipart.exceptions import FormParserError
from starlette.datastructures import Headers
from starlette.formparsers import MultiPartException, MultiPartParser

from middleware.edge.bodies import media_type
from routers.http.forms import FIELD_BYTES, MOST_FIELDS, MOST_FILES, MULTIPART, ReadRequest, check_files, form_error
from routers.http.json_audio import JSONUploadRoute
from routers.http.long_field_names import LONG_FIELD_BYTES, LONG_FIELDS, MOST_LONG


class LongFieldsRoute(JSONUploadRoute):
    """Route that takes a recording in a form, whose fields may hold others, or in JSON."""

    async def received(self, request: Request) -> Request:
        if media_type(request) != MULTIPART:
            return await super().received(request)
        try:
            async with aclosing(request.stream()) as body:
                form = await _LongFieldsParser(request.headers, body).parse()
        except (MultiPartException, FormParserError) as error:  # the one or the other, by the version of Starlette
            raise form_error(error, request) from error
        try:
            check_files(form, MULTIPART, self.names, needed=self.needs_file)
        except BaseException:
            await form.close()
            raise
        return ReadRequest(request, form)


class _LongFieldsParser(MultiPartParser):
    def __init__(self, headers: Headers, stream: AsyncGenerator[bytes, None]) -> None:
        super().__init__(headers, stream, max_files=MOST_FILES, max_fields=MOST_FIELDS, max_part_size=FIELD_BYTES)
        self._long_left = MOST_LONG

    def on_headers_finished(self) -> None:
        super().on_headers_finished()
        is_long = self._current_part.field_name.removesuffix("[]") in LONG_FIELDS and self._long_left > 0
        self._long_left -= is_long
        self.max_part_size = LONG_FIELD_BYTES if is_long else FIELD_BYTES
