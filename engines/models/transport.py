"""HTTP for fetching models: time limits on every step, and redirects that take no key along."""

from __future__ import annotations

import http.client
import ssl
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from engines.models.keys import same_server, split_keys
from engines.models.line import Line, PlainHandler, SecureHandler
from stts.cancellation import Cancellation

SILENCE_SECONDS = 20.0
"""Longest wait for a connection, or for the next bytes of an answer."""
HEAD_SECONDS = 60.0
"""Longest wait for the whole head of an answer, redirects included."""
AGENT = "stts-server"
BROKEN = (OSError, http.client.HTTPException)
"""Errors of a connection."""


class BrokenOff(ConnectionError):
    """Raised where a connection ends within a body."""


class MalformedAddress(OSError):
    """Raised where an address is none: the one that was asked for, or one that the other side redirects to."""


@dataclass(frozen=True, slots=True)
class Transport:
    """How this machine reaches other servers. Proxies are those of the environment, as urllib knows them."""

    certificates: str | None = None
    """PEM file of the authorities to trust; None: those of the system."""
    silence_seconds: float = SILENCE_SECONDS
    head_seconds: float = HEAD_SECONDS
    pause_seconds: float = 1.0
    """Wait before another try where one broke off; twice as long before each next."""
    cancellation: Cancellation = field(default_factory=Cancellation)

    line: Line = field(default_factory=Line)

    @contextmanager
    def get(self, url: str, headers: Mapping[str, str] | None = None) -> Iterator[Any]:
        """The answer to a GET, an `http.client.HTTPResponse`. User name and password in the URL are sent as such.

        Raises Cancelled, HTTPError for a status beyond 299, and other OSError or HTTPException for all that goes wrong,
        malformed addresses included.
        """
        with self._answer(url, headers or {}, "GET") as response:
            yield response

    def size(self, url: str, headers: Mapping[str, str] | None = None) -> int | None:
        """Bytes of what is at an address, by what its server says of it; None where it does not. Raises as `get`."""
        with self._answer(url, headers or {}, "HEAD") as response:
            told = response.headers.get("Content-Length", "")
        return int(told) if told.isascii() and told.isdecimal() else None

    @contextmanager
    def _answer(self, url: str, headers: Mapping[str, str], method: str) -> Iterator[Any]:
        with self.line.held(), self._cancellable():
            with self._at_most(self.head_seconds):
                response = self._open(url, headers, method)
            with response:
                yield response

    def _open(self, url: str, headers: Mapping[str, str], method: str) -> Any:
        try:
            bare, keys = split_keys(url)
            request = urllib.request.Request(bare, headers={"User-Agent": AGENT, **headers}, method=method)
            for name, value in keys.items():
                request.add_unredirected_header(name, value)
            response = self._opener().open(request, timeout=self.silence_seconds)
        except ValueError as error:
            raise MalformedAddress("an address on the way is malformed") from error
        if response is None:
            raise MalformedAddress("the address is of a kind that nobody here can open")
        return response

    def page(self, url: str, headers: Mapping[str, str], most: int) -> Page:
        """A whole small answer. Raises as `get`, and ValueError for more than `most` bytes."""
        with self._at_most(self.head_seconds), self.get(url, headers) as response:
            body = b"".join(blocks(response, most))
            return Page(response.url, response.headers.get_content_type(), body)

    @contextmanager
    def _cancellable(self) -> Iterator[None]:
        """Hangs up when the work is cancelled, and raises Cancelled for the errors that come of it."""
        self.cancellation.interrupt_by(self.line.hang_up)
        try:
            self.cancellation.check()
            yield
            # An answer without a length ends with its connection, and looks whole.
            self.cancellation.check()
        except BROKEN:
            # A read that was hung up says so in many ways; whoever cancelled is told only that.
            self.cancellation.check()
            raise
        finally:
            self.cancellation.interrupt_by(None)

    @contextmanager
    def _at_most(self, seconds: float) -> Iterator[None]:
        """Hangs up after so long, however steadily the other side trickles, and raises TimeoutError."""
        late = threading.Event()

        def hang_up() -> None:
            late.set()
            self.line.hang_up()

        timer = threading.Timer(seconds, hang_up)
        timer.daemon = True
        timer.start()
        try:
            yield
        except BROKEN as error:
            if late.is_set():
                raise TimeoutError(f"there was no whole answer within {seconds:g} s") from error
            raise
        finally:
            timer.cancel()
        if late.is_set():
            # An answer without a length ends with its connection, and looks whole.
            raise TimeoutError(f"there was no whole answer within {seconds:g} s")

    def _opener(self) -> urllib.request.OpenerDirector:
        """An opener that knows HTTP only: no file, ftp or data address gets in by a redirect."""
        opener = urllib.request.OpenerDirector()
        for handler in (
            urllib.request.ProxyHandler(),
            PlainHandler(self.line),
            SecureHandler(self.line, _context(self.certificates)),
            _Redirects(),
            urllib.request.HTTPDefaultErrorHandler(),
            urllib.request.HTTPErrorProcessor(),
        ):
            opener.add_handler(handler)
        return opener


@dataclass(frozen=True, slots=True)
class Page:
    url: str
    """Where it came from in the end."""
    content_type: str
    body: bytes


def blocks(response: Any, most: int, *, clock: Callable[[], float] = time.monotonic) -> Iterator[bytes]:
    """The body as it comes. Raises ValueError beyond `most` bytes, and TimeoutError where it all but stands still."""
    pace = _Pace(clock)
    taken = 0
    while block := _next(response):
        taken += len(block)
        if taken > most:
            raise ValueError("the answer is longer than expected")
        pace.count(len(block))
        yield block
    if response.length:
        raise BrokenOff("the connection broke off")


def _next(response: Any) -> bytes:
    try:
        block: bytes = response.read1(1 << 16)
    except TimeoutError:
        raise
    except BROKEN as error:
        raise BrokenOff("the connection broke off") from error
    return block


class _Pace:
    """Refuses a download that trickles."""

    WINDOW_SECONDS = 30.0
    LEAST_BYTES = 100_000
    """Bytes that must come within a window."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._since, self._taken = clock(), 0

    def count(self, size: int) -> None:
        self._taken += size
        now = self._clock()
        if now - self._since < self.WINDOW_SECONDS:
            return
        if self._taken < self.LEAST_BYTES:
            raise TimeoutError("it came too slowly")
        self._since, self._taken = now, 0


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows a few redirects, and shows a key to nobody but the server that it was meant for."""

    max_redirections = 5

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        onward = super().redirect_request(req, fp, code, msg, headers, newurl)
        if onward is None:
            return None
        onward.method = req.get_method()
        # ProxyHandler has put it among the ordinary headers; where the next address has a proxy, it does so again.
        onward.remove_header("Proxy-authorization")
        key = req.get_header("Authorization")
        if key is not None:
            onward.remove_header("Authorization")
            # Where a proxy is in between, `host` is the proxy's.
            if same_server(onward.full_url, req.full_url):
                onward.add_unredirected_header("Authorization", key)
        return onward


@cache
def _context(certificates: str | None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificates)
