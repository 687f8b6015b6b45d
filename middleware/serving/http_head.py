"""The requests on a connection: bounded heads, offers to upgrade, refusals in our form.

uvicorn's HTTP protocol keeps headers until they end, lets a connection stay without ever ending them, loses the body of
a request that offers another protocol, knows no address beyond ASCII and refuses in plain text. This class is handed
to uvicorn as its `http`. Sockets pass through here until they are upgraded.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from middleware.edge.route_table import RouteTable
from middleware.serving.address import ascii_line, first_address, readable
from middleware.serving.counted_connection import CountedConnection
from middleware.serving.early import NO_ROUTES, refusal
from middleware.serving.extensions import CUT, LEFT, SLOW_BODY, WHOLE
from middleware.serving.head_size import HEAD_BYTES, HEADER_BYTES, HeadSize, too_large
from middleware.serving.starts import Starts
from middleware.serving.whole import WholeCycle
from stts.errors import MalformedRequest, STTSError

HEAD_SECONDS = 30.0
"""Seconds until the first head is complete after connecting, a later one after its first byte."""
MOST_PIPELINED = 64
"""Requests of one connection that wait for the answer to the one before."""
LINGER_SECONDS = 2.0
"""Seconds the rest of a refused head is still read and dropped, for clients that read only after sending it all."""


class HeadRefused(Exception):
    """Raised inside the parser's callbacks; the parser reports it as an error of its own."""


class BoundedHead(CountedConnection):
    def __init__(
        self,
        *arguments: Any,
        starts: Starts | None = None,
        table: RouteTable = NO_ROUTES,
        **options: Any,
    ) -> None:
        """`starts` say when its requests begin; `table` says how errors are worded and which paths are answered
        however many connections there are."""
        super().__init__(*arguments, **options)
        self._starts = starts
        self._table = table
        self._size = HeadSize()
        self._in_request_line = True
        """The next byte belongs to one, or to empty lines before it."""
        self._refused = False
        self.url = b""
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self._starts is not None:
            self._starts.arrived(self.loop.call_soon)
        self._start(HEAD_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        if self._is_beyond and self._among is not None and self._asks_more_than_health(data):
            self._refuse(self._among.busy())
            return
        self._size.read(data)
        self._unset_keepalive_if_required()
        if self._in_request_line:
            data, self._in_request_line = ascii_line(data)
        self._parse(data)
        if self._size.collects_too_much:
            self._refuse(too_large())
        elif self._timer is None and (self.cycle is None or self.cycle.response_complete) and self._is_idle():
            self._start(HEAD_SECONDS)

    def _asks_more_than_health(self, data: bytes) -> bool:
        """True if an address, the first bytes of the connection, is of those that need a free one.

        It is not parsed for that: of hundreds that are refused at once, each delays whoever asks for health.
        """
        address = first_address(data) if self.cycle is None and not self._size.begun else None
        if address is None:
            return False
        self.url = address
        return not self._table.is_always_answered(self.url)

    def _parse(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            if self._should_upgrade():
                self.handle_websocket_upgrade()
            else:
                self._decline(data[offer.args[0] :])
        except httptools.HttpParserError:
            self._give_up()

    def _decline(self, rest: bytes) -> None:
        """Reads a request on without its offer of another protocol, as RFC 9110 lets a server do.

        The parser takes everything behind such a head for the other protocol, so another one reads the head again.
        """
        version, method = self.parser.get_http_version().encode(), self.parser.get_method()
        head = [b"%b %b HTTP/%b\r\n" % (method, self.url, version)]
        head += [b"%b: %b\r\n" % header for header in self.headers if header[0] != b"upgrade"]
        self.parser = httptools.HttpRequestParser(self)
        self._parse(b"".join(head) + b"\r\n" + rest)

    def on_message_begin(self) -> None:
        self._size.begin()
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        if not self._size.tell(len(url)):
            raise HeadRefused
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        size = self._size
        size.unparsed = 0
        size.told += len(name) + len(value) + HEADER_BYTES
        if size.told > HEAD_BYTES:
            raise HeadRefused
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._stop()
        if len(self.pipeline) >= MOST_PIPELINED or self.parser.get_method() == b"CONNECT":
            raise HeadRefused
        self.url = readable(self.url)
        if self._is_beyond and not self._table.is_always_answered(self.url):
            raise HeadRefused
        if self._among is not None:
            self._among.works(self.transport)
        if not self._is_declined():
            super().on_headers_complete()
            if self.cycle is not None:
                self.cycle.keep_alive = self.cycle.keep_alive and not self._is_beyond

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        extensions = self._extensions(cycle)

        def extended(scope: Any, receive: Any, send: Any) -> Any:
            """In a scope of its own: that of the cycle, which the extensions hold, does not hold them."""
            return app({**scope, "extensions": extensions}, receive, send)

        if self._starts is None or not self._starts.are_held or self._table.is_always_answered(self.url):
            super()._start_asgi_task(cycle, extended)
            return
        begin = partial(super()._start_asgi_task, cycle, extended)
        self._starts.begin(lambda: None if cycle.disconnected else begin())

    def _extensions(self, cycle: RequestResponseCycle) -> dict[str, object]:
        """ASGI extensions: what the application may do on this connection."""
        return {
            CUT: partial(self._cut, cycle),
            SLOW_BODY: self._tell_slow,
            WHOLE: WholeCycle(self, cycle),
            LEFT: self._left,
        }

    def on_body(self, body: bytes) -> None:
        self._size.unparsed = 0  # it is not collected
        super().on_body(body)

    def on_message_complete(self) -> None:
        if not self._is_declined():
            self._in_request_line = True
            super().on_message_complete()

    def _should_upgrade(self) -> bool:
        """Passes an offer over that no handshake can follow, or whose socket would talk into an earlier answer."""
        return super()._should_upgrade() and self.parser.get_method() == b"GET" and self._is_idle()

    def _is_declined(self) -> bool:
        """True if the request that is being parsed offers a protocol that is not spoken here."""
        return self.parser.should_upgrade() and not self._should_upgrade()

    def _give_up(self) -> None:
        """The parser cannot go on."""
        if self._size.is_too_large:
            self._refuse(too_large())
        elif self._is_beyond and self._among is not None:
            self._refuse(self._among.busy())
        else:
            self._refuse(MalformedRequest("This is no HTTP/1.1: the head or the framing of the body is broken."))

    def _refuse(self, error: STTSError) -> None:
        """Ends the connection; says why, unless that would fall into the answer to an earlier request."""
        self._refused = True
        if self._is_idle():
            self.transport.write(refusal(error, self.url, self._table))
            self._start(LINGER_SECONDS)
        elif self.cycle.more_body and not self.cycle.response_started:
            self.cycle.disconnected = True  # so that its own answer does not follow this one
            self.cycle.message_event.set()
            self.transport.write(refusal(error, self.url, self._table))
            self.transport.close()
        else:
            self.transport.abort()

    def _start(self, seconds: float) -> None:
        self._stop()
        self._timer = self.loop.call_later(seconds, self._leave_waiting)

    def _leave_waiting(self) -> None:
        """A connection on which nothing was ever sent is no slow client: browsers open some ahead."""
        if self._size.told and not self._refused:
            self._tell_slow()
        self.transport.abort()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
