"""Recordings in JSON: `{"model": .., "input_audio": {"data": "<base64>", "format": "wav"}}` stands for a form.

The body is written to a temporary file as it comes and read in one of few threads, so that however many of them come at
once, few are in memory. `format` may be left out: content decides.
"""

from __future__ import annotations

import binascii
import json
from collections.abc import Callable, Iterator
from tempfile import SpooledTemporaryFile
from typing import IO, Any, BinaryIO, cast

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile

from middleware.edge.bodies import is_json, media_type, unreadable
from routers.http.forms import FIELD_BYTES, MOST_FIELDS, ReadRequest, UploadRoute
from routers.http.long_field_names import LONG_FIELD_BYTES, LONG_FIELDS
from routers.http.workers import Workers
from stts.errors import InvalidRequest

MEMORY_BYTES = 1_000_000
SLICE = 1_000_000
"""Characters of base64 that are decoded at once; a multiple of four."""
WORDS = frozenset(
    {"model", "language", "languages", "prompt", "keywords", "response_format", "include"}
    | {"timestamp_granularities", "known_speaker_names", "known_speaker_references"}
)
"""Fields of which a number or an object is a mistake; others may be an engine's."""
READERS = Workers("json-audio", threads=2, queue_length=32)

MEND = 'The recording must come as "input_audio": {"data": "<base64>", "format": "wav"}, or in a form as `file`.'
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["model", "input_audio"],
    "properties": {
        "model": {"type": "string", "examples": ["auto"]},
        "input_audio": {
            "type": "object",
            "required": ["data"],
            "properties": {
                "data": {"type": "string", "description": "The file in base64; a data URL is understood."},
                "format": {"type": "string", "description": "Accepted; content decides.", "examples": ["wav"]},
            },
        },
    },
    "description": "The other fields are those of the form.",
}


class JSONUploadRoute(UploadRoute):
    """Route that takes a recording in a form, or in JSON."""

    async def received(self, request: Request) -> Request:
        if not is_json(media_type(request)):
            return await super().received(request)
        with SpooledTemporaryFile(max_size=MEMORY_BYTES) as body:
            size = 0
            async for chunk in request.stream():
                size += len(chunk)
                await _maybe_in_thread(size, body.write, chunk)
            try:
                form = await READERS.run(lambda checkpoint: _form(body, checkpoint))
            except (ValueError, RecursionError) as error:
                raise InvalidRequest(unreadable(error, request), param="body") from error
        return ReadRequest(request, form)


async def _maybe_in_thread(size: int, call: Callable[[bytes], object], chunk: bytes) -> None:
    """Runs a write on the event loop while the data is in memory, in a thread once it is on disk."""
    if size <= MEMORY_BYTES:
        call(chunk)
    else:
        await run_in_threadpool(call, chunk)


def _form(body: IO[bytes], checkpoint: Callable[[], None]) -> FormData:
    """Blocking. Raises InvalidRequest, and what the parser raises."""
    body.seek(0)
    fields = json.loads(body.read())
    if not isinstance(fields, dict):
        raise InvalidRequest("The body must be a JSON object: {..}.", param="body")
    audio = fields.pop("input_audio", None)
    data = audio.get("data") if isinstance(audio, dict) else None
    if not isinstance(data, str):
        raise InvalidRequest(MEND, param="input_audio")
    fields.pop("file", None)
    items: list[tuple[str, str | UploadFile]] = list(_fields(fields))
    if len(items) > MOST_FIELDS:
        raise InvalidRequest(f"The body has more than {MOST_FIELDS} fields.", param="body")
    return FormData([*items, ("file", _file(data, checkpoint))])


def _fields(fields: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in fields.items():
        for item in value if isinstance(value, list) else [value]:
            if item is None:
                continue
            if name.removesuffix("[]") in WORDS and not isinstance(item, str):
                raise InvalidRequest("It must be a text, or a list of texts.", param=name)
            text = item if isinstance(item, str) else json.dumps(item)
            most = LONG_FIELD_BYTES if name in LONG_FIELDS else FIELD_BYTES
            if len(text.encode("utf-8", "replace")) > most:
                raise InvalidRequest(f"A field is longer than {most} bytes. {MEND}", param="body")
            yield name, text


def _file(data: str, checkpoint: Callable[[], None]) -> UploadFile:
    """Decodes base64 slice by slice, so that other threads get their turn."""
    encoded = data.partition(",")[2] if data.startswith("data:") else data
    encoded = "".join(encoded.split()).rstrip("=")
    file = SpooledTemporaryFile(max_size=MEMORY_BYTES)  # noqa: SIM115 - closed with its form
    size = 0
    try:
        for start in range(0, len(encoded), SLICE):
            checkpoint()
            part = encoded[start : start + SLICE].translate(_URL_SAFE)
            size += file.write(binascii.a2b_base64(part + "=" * (-len(part) % 4), strict_mode=True))
    except (binascii.Error, ValueError) as error:
        file.close()
        raise InvalidRequest("`input_audio.data` is not base64.", param="input_audio.data") from error
    file.seek(0)
    return UploadFile(cast(BinaryIO, file), size=size, filename="input_audio")


_URL_SAFE = str.maketrans("-_", "+/")
