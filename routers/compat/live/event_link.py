"""The part of a link that all transports share: events of a Live session on a socket, which a data channel is too."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from routers.sockets.quota_end import QuotaEnd
from routers.sockets.socket import Socket
from stts.access.principal import Principal
from stts.context import RequestContext, RequestType


class EventLink:
    def __init__(self, socket: Socket) -> None:
        self._socket = socket

    @property
    def principal(self) -> Principal:
        return self._socket.principal

    @property
    def quota_end(self) -> QuotaEnd:
        return self._socket.quota_end

    def context(self, kind: RequestType) -> RequestContext:
        return self._socket.context(kind)

    def messages(self) -> AsyncIterator[str | bytes]:
        return self._socket.__aiter__()

    async def send(self, event: dict[str, Any]) -> None:
        await self._socket.send_json(event)
