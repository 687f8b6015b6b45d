"""Asks a server over HTTP and tells what came and how long it took. Nothing beyond the standard library."""

from __future__ import annotations

import http.client
import json
import re
import ssl
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

BLOCK_BYTES = 1 << 16
CONFLICT = 409
BUSY = (429, 502, 503, 504)
AGAIN_SECONDS = 2.0
"""Pause where the server names none."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    """HTTP status; 0 where no answer came."""
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    seconds: float
    """Until the last byte."""
    problem: str = ""
    """Why no answer came."""

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    def json(self) -> Any:
        """The body, or None where it is not JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def complaint(self) -> str:
        """The server's error message about the request, in either dialect of errors."""
        body = self.json()
        if 300 <= self.status < 400:
            return f"it points to {self.headers.get('location', 'another place')}, which is not followed"
        if not isinstance(body, dict):
            return self.problem or f"no reason given (HTTP status {self.status})"
        error = body.get("error")
        message = error.get("message") if isinstance(error, dict) else body.get("detail")
        return str(message or f"no reason given (HTTP status {self.status})")


@dataclass(frozen=True, slots=True)
class StreamedAnswer(Answer):
    """An answer whose body comes while it is made; `body` holds it only where the server refused."""

    blocks: Iterator[bytes] = field(default=iter(()))
    """Parts of the body, as they come. Raises OSError and http.client.HTTPException where it breaks off."""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Follows none: the key would go along, to whichever host is named."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


class Caller:
    """Reaches the server directly, whatever proxy the environment names, and goes nowhere else."""

    def __init__(self, url: str, key: str | None = None, timeout: float = 120.0) -> None:
        self.url = url.rstrip("/")
        # Headers are Latin-1 to the standard library, and UTF-8 to the server, as browsers send it.
        self.headers = {"Authorization": f"Bearer {key}".encode().decode("latin-1")} if key else {}
        self._timeout = timeout
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects)

    def ask(self, method: str, path: str, body: bytes | None = None, content_type: str = "application/json") -> Answer:
        """Every answer is one, whatever its status."""
        headers = {**self.headers, **({"Content-Type": content_type} if body is not None else {})}
        request = urllib.request.Request(self.url + path, body, headers, method=method)
        started = time.perf_counter()
        try:
            with self._open(request) as response:
                data = response.read()
                fields = {name.lower(): value for name, value in response.headers.items()}
                return Answer(response.status, fields, data, time.perf_counter() - started)
        except (OSError, http.client.HTTPException) as error:
            return Answer(0, {}, b"", time.perf_counter() - started, self._no_answer(error))

    @contextmanager
    def stream(self, path: str, value: Any = None) -> Iterator[StreamedAnswer]:
        """Posts JSON, or gets where there is none, and hands out the body as it comes.

        The connection ends with the context.
        """
        data = None if value is None else json.dumps(value, ensure_ascii=False).encode()
        headers = self.headers if data is None else {**self.headers, "Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, data, headers)
        started = time.perf_counter()
        with ExitStack() as stack:
            try:
                response = stack.enter_context(self._open(request))
                seconds = time.perf_counter() - started
                refused = not 200 <= response.status < 300
                body = response.read() if refused else b""
            except (OSError, http.client.HTTPException) as error:
                answer = StreamedAnswer(0, {}, b"", time.perf_counter() - started, self._no_answer(error))
            else:
                fields = {name.lower(): value for name, value in response.headers.items()}
                blocks = iter(()) if refused else _blocks(response)
                answer = StreamedAnswer(response.status, fields, body, seconds, blocks=blocks)
            yield answer

    def post(self, path: str, value: Any, method: str = "POST") -> Answer:
        return self.ask(method, path, json.dumps(value, ensure_ascii=False).encode())

    def send_file(self, path: str, file: bytes, name: str, part: str = "file", /, **fields: str) -> Answer:
        body, content_type = multipart(file, name, fields, part)
        return self.ask("POST", path, body, content_type)

    def _no_answer(self, error: Exception) -> str:
        """The reason in words: who reads it knows a server and not a library."""
        cause = error.reason if isinstance(error, urllib.error.URLError) else error
        if isinstance(cause, ConnectionRefusedError):
            return f"no answer: nothing listens at {self.url}"
        if isinstance(cause, TimeoutError):
            return f"no answer: {self.url} said nothing for {self._timeout:g} s"
        return f"no answer: {_reason(cause)}"

    def _open(self, request: urllib.request.Request) -> Any:
        try:
            return self._opener.open(request, timeout=self._timeout)
        except urllib.error.HTTPError as refused:
            return refused


def _reason(cause: object) -> str:
    """Words for what came in the place of an answer, which libraries tell in their own."""
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted here ({cause.verify_message}); SSL_CERT_FILE names one that is"
    if isinstance(cause, ssl.SSLError):
        return "it speaks no TLS: write http:// in the place of https://"
    if isinstance(cause, http.client.IncompleteRead):
        return "it broke off before its end"
    if isinstance(cause, http.client.RemoteDisconnected):
        return "the connection was closed without a word"
    if isinstance(cause, http.client.BadStatusLine):
        return "what answers there speaks no HTTP"
    return str(getattr(cause, "strerror", None) or cause)


def seconds_to_wait(answer: Answer) -> float | None:
    """Seconds after which to ask again for what is still being made; None: it is made, or it will not be."""
    body = answer.json() if answer.status == CONFLICT else None
    if not isinstance(body, dict) or body.get("code") != "not_complete_yet":
        return None
    told = answer.headers.get("retry-after", "")
    return float(told) if told.isdecimal() else AGAIN_SECONDS


def retry_seconds(answer: Answer) -> float | None:
    """Seconds after which a server that has too much to do, or has been asked too often, wants to be asked again."""
    told = answer.headers.get("retry-after", "")
    return float(told) if answer.status in BUSY and told.isdecimal() else None


def _blocks(response: http.client.HTTPResponse) -> Iterator[bytes]:
    """The body as it comes. Raises IncompleteRead where less comes than was announced: `read1` does not tell."""
    missing = response.length
    while block := response.read1(BLOCK_BYTES):
        if missing is not None:
            missing -= len(block)
        yield block
    if missing:
        raise http.client.IncompleteRead(b"", missing)


def multipart(file: bytes, name: str, fields: Mapping[str, str], part: str = "file") -> tuple[bytes, str]:
    """A form with a file as a part of this name: its body and content type."""
    # What would end the head of a part, and letters of a name that is no text.
    name = re.sub(r'[\x00-\x1f\x7f"]', "'", name).encode(errors="replace").decode()
    boundary = uuid.uuid4().hex
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'.encode()
        for field, value in fields.items()
    ]
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="{part}"; filename="{name}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    body = b"".join([*parts, head.encode(), file, f"\r\n--{boundary}--\r\n".encode()])
    return body, f"multipart/form-data; boundary={boundary}"
