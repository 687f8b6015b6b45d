"""The way of httpx to the speech server, by aiohttp: a request takes a tenth of the processor time.

httpx's own pool looks at every connection for every request, which was more than half of what a bot does for a note.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterator
from contextlib import contextmanager

import aiohttp
import httpx
from yarl import URL

MOST_CONNECTIONS = 64


class AiohttpTransport(httpx.AsyncBaseTransport):
    """Redirects, cookies and encodings stay with httpx. It opens nothing before the first request."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        with _translated(request):
            answer = await self._opened().request(
                request.method,
                URL(str(request.url), encoded=True),
                headers=request.headers.multi_items(),
                data=_content(request),
                allow_redirects=False,
                timeout=_timeout(request),
            )
        stream = _Body(request, answer)
        return httpx.Response(answer.status, headers=answer.raw_headers, stream=stream, request=request)

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=MOST_CONNECTIONS),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            )
        return self._session


class _Body(httpx.AsyncByteStream):
    def __init__(self, request: httpx.Request, answer: aiohttp.ClientResponse) -> None:
        self._request = request
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _translated(self._request):
            async for piece in self._answer.content.iter_any():
                yield piece

    async def aclose(self) -> None:
        # What was read to its end has given its connection back already.
        self._answer.close()


def _content(request: httpx.Request) -> bytes | AsyncIterable[bytes] | None:
    """The body: there already where it is small; a form with files is made while it is sent."""
    try:
        return request.content or None
    except httpx.RequestNotRead:
        assert isinstance(request.stream, httpx.AsyncByteStream)
        return request.stream


def _timeout(request: httpx.Request) -> aiohttp.ClientTimeout:
    told = request.extensions.get("timeout", {})
    return aiohttp.ClientTimeout(total=None, sock_connect=told.get("connect"), sock_read=told.get("read"))


@contextmanager
def _translated(request: httpx.Request) -> Iterator[None]:
    """Errors of aiohttp as those of httpx."""
    try:
        yield
    except aiohttp.ConnectionTimeoutError as error:
        raise httpx.ConnectTimeout(str(error), request=request) from error
    except TimeoutError as error:
        raise httpx.ReadTimeout(str(error), request=request) from error
    except (aiohttp.ClientConnectorError, aiohttp.InvalidURL) as error:
        raise httpx.ConnectError(str(error), request=request) from error
    except (aiohttp.ServerDisconnectedError, aiohttp.ClientPayloadError) as error:
        raise httpx.RemoteProtocolError(str(error), request=request) from error
    except (aiohttp.ClientError, OSError) as error:
        raise httpx.ReadError(str(error), request=request) from error
