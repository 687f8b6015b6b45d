"""The receiver of traces, asked over one connection: OTLP over HTTP. Blocking; used on the thread of the delivery."""

from __future__ import annotations

from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import NamedTuple
from urllib.parse import urlsplit

from stts.telemetry.encoding import rejected_spans

TIMEOUT_SECONDS = 5.0
"""For one request; a receiver that takes longer counts as away."""
PATH = "/v1/traces"
ANSWER_BYTES = 65_536
"""As much of an answer is read: it says no more than how many spans were not kept."""
TEMPORARY = frozenset({408, 429, 502, 503, 504})
"""Statuses after which the same spans are sent again."""

HUNG_UP = (ConnectionResetError, BrokenPipeError)
"""The connection was closed over there; `RemoteDisconnected` is one of the first."""


class Answer(NamedTuple):
    """A batch was kept, was lost, or is neither, where the receiver is away."""

    lost: int = 0
    """Spans of it that will not be kept, or of which nobody knows."""
    reason: str = ""
    """Why not all were kept."""
    away: bool = False
    """It is to be left alone for a while."""


class Receiver:
    def __init__(self, endpoint: str, headers: Mapping[str, str]) -> None:
        """`endpoint`: http:// or https:// address of it, without `v1/traces`."""
        address = urlsplit(endpoint)
        make = HTTPSConnection if address.scheme == "https" else HTTPConnection
        self._connection = make(address.hostname or "", address.port, timeout=TIMEOUT_SECONDS)
        self._path = address.path.rstrip("/") + PATH
        self._headers = {"content-type": "application/x-protobuf", **headers}

    def close(self) -> None:
        self._connection.close()

    def send(self, body: bytes, spans: int) -> Answer:
        """Asks once more where a connection that was kept open had been closed over there, which says nothing of
        whether somebody is there. `spans`: how many `body` holds."""
        kept_open = self._connection.sock is not None
        try:
            return self._ask(body, spans)
        except HUNG_UP:
            # It is closed here too now, so this happens once.
            return self.send(body, spans) if kept_open else _unanswered(spans)

    def _ask(self, body: bytes, spans: int) -> Answer:
        """Raises one of `HUNG_UP`."""
        sent = False
        try:
            self._connection.request("POST", self._path, body, self._headers)
            sent = True
            response = self._connection.getresponse()
            said = self._read(response)
        except HUNG_UP:
            self._connection.close()
            raise
        except (OSError, HTTPException):
            # The next request opens it again.
            self._connection.close()
            return _unanswered(spans) if sent else Answer(reason="no answer", away=True)
        return _judged(response.status, said, spans)

    def _read(self, response: HTTPResponse) -> bytes:
        said = response.read(ANSWER_BYTES)
        if not response.isclosed():
            # It says more than anybody wants to know: what is left of that is not read.
            self._connection.close()
        return said


def _unanswered(spans: int) -> Answer:
    """The receiver may have kept them: sent again they could be there twice, and from a slow one without end."""
    return Answer(spans, "no answer", away=True)


def _judged(status: int, said: bytes, spans: int) -> Answer:
    if status in TEMPORARY:
        return Answer(reason=f"status {status}", away=True)
    if not 200 <= status < 300:
        return Answer(spans, f"status {status}")
    rejected = min(rejected_spans(said), spans)
    return Answer(rejected, "the receiver rejected some") if rejected else Answer()
