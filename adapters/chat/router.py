"""Routes a reply to the adapter that the request or the settings name: the operation at the end of the pipeline."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

import structlog

from adapters.chat.local import EchoReply, TemplateReply
from adapters.chat.openai import ChatEndpointReply
from stts.chat import ReplyEvent, ReplyRequest, ReplyText
from stts.context import RequestContext
from stts.errors import InvalidParameter, STTSError
from stts.protocols import ReplyAdapter
from stts.settings import CurrentSettings

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Replies:
    """The reply adapters by name; one instance per server."""

    def __init__(self, settings: CurrentSettings) -> None:
        self._settings = settings
        self._endpoint = ChatEndpointReply(settings)
        self._adapters: dict[str, ReplyAdapter] = {
            "echo": EchoReply(),
            "template": TemplateReply(settings),
            "openai": self._endpoint,
        }

    def check(self, name: str | None) -> None:
        """Raises InvalidParameter for an adapter that does not exist."""
        if name is not None and name not in self._adapters:
            raise InvalidParameter("There is nobody of this name to reply.", param="reply", allowed=[*self._adapters])

    async def reply(self, context: RequestContext, request: ReplyRequest) -> AsyncGenerator[ReplyEvent, None]:
        """Raises InvalidParameter, ReplyFailed, ReplyTimeout, and EngineNotInstalled where a library is missing."""
        self.check(request.config.adapter)
        name = request.config.adapter or self._settings().reply.adapter
        context.output_data.engine = name
        characters = context.metrics.characters = 0
        async with aclosing(self._adapters[name].reply(request.messages, request.config, context)) as events:
            async for event in events:
                if isinstance(event, ReplyText):
                    characters += len(event.delta)
                    context.metrics.characters = characters
                yield event

    async def prepare(self) -> None:
        """Loads at once what the first reply would wait for; what is missing is logged."""
        if self._settings().reply.adapter == "openai":
            try:
                await self._endpoint.connect()
            except STTSError as error:
                log.warning("reply_not_ready", code=error.code, reason=error.message)

    async def close(self) -> None:
        """Ends the connections to a chat endpoint."""
        await self._endpoint.close()
