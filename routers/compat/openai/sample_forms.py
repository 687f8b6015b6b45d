"""Forms with a recording that has another name than `file`: its part, its size, and JSON in place of a form."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from fastapi import Request
from starlette.datastructures import FormData, UploadFile

from middleware.edge.bodies import is_json, media_type, unreadable
from routers.http.forms import ReadRequest, UploadRoute, is_chosen, read_form
from stts.errors import InvalidRequest, PayloadTooLarge

MOST_BYTES = 10 * 1024 * 1024
"""Longest sample, and longest recording of a consent."""


class SampleRoute(UploadRoute):
    """Takes a form with a file or without one, or a JSON object without one."""

    field: ClassVar[str]
    """The name of the file's part."""

    async def received(self, request: Request) -> Request:
        """Raises InvalidRequest and PayloadTooLarge, with the name of the part."""
        if is_json(media_type(request)):
            return ReadRequest(request, _as_form(await request.body(), request))
        form = await read_form(request)
        try:
            self._check(form)
        except (InvalidRequest, PayloadTooLarge):
            await form.close()
            raise
        return request

    def _check(self, form: FormData) -> None:
        if isinstance(value := form.get(self.field), str) and value:
            raise InvalidRequest(
                f"`{self.field}` came as text: it is a file, a part with a file name.", param=self.field
            )
        for name, part in form.multi_items():
            if not isinstance(part, UploadFile) or not is_chosen(part):
                continue
            if name != self.field:
                raise InvalidRequest(f"The recording comes as `{self.field}`.", param=self.field)
            if (part.size or 0) > MOST_BYTES:
                raise PayloadTooLarge(f"The recording is longer than {MOST_BYTES} bytes.", param=self.field)


class VoiceSampleRoute(SampleRoute):
    field = "audio_sample"


class ConsentRecordingRoute(SampleRoute):
    field = "recording"


def _as_form(body: bytes, request: Request) -> FormData:
    try:
        fields: Any = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(unreadable(error, request), param="body") from error
    if not isinstance(fields, dict):
        raise InvalidRequest("The body must be a JSON object: {..}.", param="body")
    return FormData([(name, value) for name, value in fields.items() if isinstance(value, str)])
