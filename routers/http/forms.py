"""Forms that bring files, read within bounds before the framework would read them within hardly any.

What is wrong with a form is told by its cause, and how to mend it: a person at a command line reads the message. Field
names are told only where they are plain words, values never.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, ClassVar

from fastapi import Request, Response
from python_multipart.exceptions import MultipartParseError
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException

from middleware.edge.bodies import COMPRESSED, is_compressed, media_type
from middleware.edge.problem import PLAIN_NAME
from routers.http.deferred_route import DeferredRoute
from stts.errors import InvalidRequest

MULTIPART = "multipart/form-data"
URLENCODED = "application/x-www-form-urlencoded"
MOST_FILES = 2
MOST_TOGETHER = 20
"""Files in a form that may bring several."""
MOST_FIELDS = 256
"""Enough for the lists of the OpenAI dialect, each item of which is a field."""
FIELD_BYTES = 16_384
"""Longest text field: it is kept in memory. A prompt of 4000 characters of any script fits."""
AS_FILE = "It must come as `file`, a part with a file name, of a multipart/form-data form: curl -F file=@speech.wav"
TOO_LONG = f"A text field is longer than {FIELD_BYTES} bytes. Is it the recording? {AS_FILE}"

CAUSES = {
    "Missing boundary": (
        "The Content-Type has no boundary, so the parts of the form cannot be told apart. Leave this header to the "
        "HTTP library: it sets it when it is given a form."
    ),
    "Part exceeded": TOO_LONG,
    "Field exceeded": TOO_LONG,
    "Too many fields": f"The form has more than {MOST_FIELDS} fields.",
    "Too many files": f"The form has more files than a request takes: one, or where several may come {MOST_TOGETHER}.",
    "The Content-Disposition": 'A part of the form has no name: Content-Disposition: form-data; name="file".',
    "Invalid multipart": (
        "The form is damaged: its parts do not begin and end with the boundary that the Content-Type names, each on a "
        "line of its own that ends with CR LF."
    ),
}
"""Beginning of the framework's message -> explanation for the client."""
UNREADABLE = "The form cannot be read as what its Content-Type says."


class UploadRoute(DeferredRoute):
    """Route that takes a file in a form: `route_class_override=UploadRoute`."""

    needs_file: ClassVar[bool] = True
    names: ClassVar[tuple[str, ...]] = ("file",)
    """Form fields that may hold the file."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_form(request: Request) -> Response:
            return await handle(await self.received(request))

        return handle_form

    async def received(self, request: Request) -> Request:
        """Reads and checks the form of a request. Raises InvalidRequest."""
        # The request keeps what it has parsed: whoever asks for its form from now on gets this one.
        form = await read_form(request)
        try:
            check_files(form, media_type(request), self.names, needed=self.needs_file)
        except InvalidRequest:
            await form.close()
            raise
        return request


class RecordingRoute(UploadRoute):
    """Native route with a recording, which older clients send as `audio_file`."""

    names = ("file", "audio_file")


class OptionalRecordingRoute(RecordingRoute):
    """Native route that takes a recording in a form, or a request without a file."""

    needs_file = False


class FilesRoute(DeferredRoute):
    """Route that takes several files in a form, as `files`: `route_class_override=FilesRoute`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_form(request: Request) -> Response:
            # The request keeps what it has parsed.
            await read_form(request, MOST_TOGETHER)
            return await handle(request)

        return handle_form


class ReadRequest(Request):
    """Request with a form that was built from another kind of body."""

    def __init__(self, request: Request, form: FormData) -> None:
        super().__init__(request.scope, request.receive)
        self._read = form

    # Nobody here enters it as a context, as the framework's own can be.
    async def form(self, **_: Any) -> FormData:  # type: ignore[override]
        return self._read


async def read_form(request: Request, most_files: int = MOST_FILES, part_bytes: int = FIELD_BYTES) -> FormData:
    """Raises InvalidRequest for a form that is too big or none; errors of the body itself pass. `part_bytes`: of the
    longest text field."""
    try:
        return await request.form(max_files=most_files, max_fields=MOST_FIELDS, max_part_size=part_bytes)
    except (HTTPException, ValueError) as error:
        raise form_error(error, request) from error


def form_error(error: Exception, request: Request) -> InvalidRequest:
    """The error for a form that cannot be read, with its cause in words."""
    return InvalidRequest(COMPRESSED if is_compressed(request) else _cause(error), param="body")


def check_files(form: FormData, sent: str, names: tuple[str, ...], *, needed: bool) -> None:
    """Raises InvalidRequest where the form does not bring the one file that it should, and says what came instead.

    `sent`: the media type of the body; `names`: the fields that may bring the file.
    """
    if sent not in (MULTIPART, URLENCODED):
        if needed:
            raise InvalidRequest(f"The request has no form. The recording is missing. {AS_FILE}", param="file")
        return
    files = [name for name, value in form.multi_items() if isinstance(value, UploadFile) and is_chosen(value)]
    right = [name for name in files if name in names]
    as_text = [name for name in names if isinstance(form.get(name), str)]
    if len(right) > 1:
        raise InvalidRequest("Two files came: send one recording a request.", param="file")
    if not right and as_text and (needed or form[as_text[0]]):
        raise InvalidRequest(
            f"`{as_text[0]}` came as text, without a file name (`filename*` alone does not count). {AS_FILE}",
            param="file",
        )
    if not right and files:
        name = f"`{files[0]}`" if PLAIN_NAME.fullmatch(files[0]) else "another name"
        raise InvalidRequest(f"The file came as {name}; it must come as `file`.", param="file")
    if not right and needed:
        raise InvalidRequest(f"The form has no file, or ends within it. {AS_FILE}", param="file")


def is_chosen(file: UploadFile) -> bool:
    """A browser sends a part without a name and without content where nobody has chosen a file."""
    return bool(file.filename or file.size)


def _cause(error: Exception) -> str:
    own = error if isinstance(error, MultiPartException) else error.__cause__ or error.__context__ or error
    said = own.message if isinstance(own, MultiPartException) else ""
    if isinstance(own, MultipartParseError):
        # Older versions of the framework let it pass as it is.
        said = "Invalid multipart"
    return next((meaning for start, meaning in CAUSES.items() if said.startswith(start)), UNREADABLE)
