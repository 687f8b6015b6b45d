"""The connection of one request, which another thread may hang up at any moment: while it is made, too."""

from __future__ import annotations

import errno
import http.client
import os
import select
import socket
import ssl
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any


class Line:
    """Whoever waits for the connection, or reads from it, gets an error at once when it is hung up."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._hung_up = False

    @contextmanager
    def held(self) -> Iterator[None]:
        """For one request: an earlier hang-up is forgotten. To hang up counts for all of its connections."""
        with self._lock:
            self._hung_up = False
        try:
            yield
        finally:
            with self._lock:
                self._let_go()

    def connect(
        self, address: tuple[str, int], timeout: float | None, source_address: tuple[str, int] | None = None
    ) -> socket.socket:
        """Connects to the first of a host's addresses that answers. Raises OSError."""
        failure = OSError("the host has no address")
        for family, kind, protocol, _, place in socket.getaddrinfo(*address, 0, socket.SOCK_STREAM):
            made = socket.socket(family, kind, protocol)
            try:
                self._begin(made, place)
                _await(made, timeout)
                return made
            except OSError as error:
                made.close()
                failure = error
        raise failure

    def hang_up(self) -> None:
        with self._lock:
            self._hung_up = True
            if self._socket is not None:
                _shut(self._socket)

    def _begin(self, made: socket.socket, place: Any) -> None:
        """Begins to connect, so that from now on a hang-up ends it. Raises OSError, also where one came before."""
        with self._lock:
            self._let_go()
            if self._hung_up:
                raise ConnectionAbortedError("it was hung up")
            made.setblocking(False)
            state = made.connect_ex(place)
            # TLS takes the socket over; a duplicate stays usable, also in the middle of a handshake.
            self._socket = made.dup()
        if state not in (0, errno.EINPROGRESS):
            raise OSError(state, os.strerror(state))

    def _let_go(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _await(made: socket.socket, timeout: float | None) -> None:
    """Waits until it is connected. Raises TimeoutError and other OSError."""
    poll = select.poll()
    poll.register(made, select.POLLOUT)
    if not poll.poll(None if timeout is None else timeout * 1000):
        raise TimeoutError("timed out")
    if failure := made.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
        raise OSError(failure, os.strerror(failure))
    made.settimeout(timeout)


def _shut(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


class PlainHandler(urllib.request.HTTPHandler):
    def __init__(self, line: Line) -> None:
        super().__init__()
        self._line = line

    def http_open(self, req: urllib.request.Request) -> Any:
        return self.do_open(self._connection, req)

    def _connection(self, host: str, **options: Any) -> http.client.HTTPConnection:
        return _on(self._line, http.client.HTTPConnection(host, **options))


class SecureHandler(urllib.request.HTTPSHandler):
    def __init__(self, line: Line, context: ssl.SSLContext) -> None:
        super().__init__()
        self._line = line
        self._trusted = context

    def https_open(self, req: urllib.request.Request) -> Any:
        return self.do_open(self._connection, req)

    def _connection(self, host: str, **options: Any) -> http.client.HTTPConnection:
        return _on(self._line, http.client.HTTPSConnection(host, context=self._trusted, **options))


def _on(line: Line, connection: http.client.HTTPConnection) -> http.client.HTTPConnection:
    """The standard library's connection, made over this line: the function that makes its socket is an attribute."""
    connection._create_connection = line.connect  # type: ignore[attr-defined]
    return connection
