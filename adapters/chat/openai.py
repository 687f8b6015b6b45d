"""Replies of a language model behind any OpenAI-compatible chat endpoint, streamed through the official client.

The client is imported when the first reply is wanted: it costs about half a second. What an endpoint says about its
errors is not repeated, for it likes to quote what it was sent.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from adapters.chat.messages import PendingCalls, chat_messages, chat_tools
from stts.chat import Message, ReplyConfig, ReplyEvent, ReplyText, ReplyToolCall, ReplyUsage
from stts.context import RequestContext
from stts.errors import EngineNotInstalled, ReplyFailed, ReplyTimeout
from stts.settings import CurrentSettings, ReplySettings

if TYPE_CHECKING:
    from openai import AsyncOpenAI, AsyncStream
    from openai.types import CompletionUsage
    from openai.types.chat import ChatCompletionChunk
    from openai.types.chat.chat_completion_chunk import ChoiceDeltaToolCall

T = TypeVar("T")

INSTALL = "pip install -r requirements/reply.txt"
RETRIES = 1
"""Retries of a request that failed temporarily before its answer began."""
MOST_CHARACTERS = 200_000
"""Longest reply with its calls, in characters, whatever the endpoint makes of `max_tokens`."""

ADVICE = {
    400: "check reply.model and what it supports",
    401: "check reply.api_key",
    403: "check reply.api_key",
    404: "check reply.base_url and reply.model",
    422: "check reply.model and what it supports",
    429: "it has too much to do, or a quota is used up",
}
"""HTTP status -> what an operator can do about it."""
INSTEAD = {"stream_options": None, "max_tokens": "max_completion_tokens"}
"""Members that some endpoints refuse -> the name under which they may take them; None: they are left out."""
UNEXPECTED = "The chat endpoint answers with something that is no streamed chat completion: check reply.base_url."


class ChatEndpointReply:
    def __init__(self, settings: CurrentSettings) -> None:
        self._settings = settings
        self._client: AsyncOpenAI | None = None
        self._connecting = asyncio.Lock()
        self._names: dict[str, str | None] = {}
        """Members of a request that this endpoint was found to refuse -> their other name; None: left out."""

    async def reply(
        self, messages: tuple[Message, ...], config: ReplyConfig, context: RequestContext
    ) -> AsyncGenerator[ReplyEvent, None]:
        settings = self._settings().reply
        client = await self.connect()
        timeout = _Patience(settings)
        written = _Written()
        with translated():
            stream = await timeout.wait(self._open(client, _request(settings, messages, config)))
        try:
            while not written.too_long:
                with translated():
                    chunk = await timeout.wait(anext(stream, None))
                    if chunk is None:
                        break
                    delta = written.add(chunk)
                if delta:
                    yield ReplyText(delta)
                if written.alive:
                    timeout.renew()
        finally:
            await stream.close()
        for event in written.end():
            yield event

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def connect(self) -> AsyncOpenAI:
        """Creates the client; sends no request. Raises ReplyFailed without an address, EngineNotInstalled."""
        settings = self._settings().reply
        if not settings.base_url:
            raise ReplyFailed("There is no chat endpoint: set reply.base_url.")
        async with self._connecting:
            if self._client is None:
                self._client = await asyncio.to_thread(_client, settings)
            return self._client

    async def _open(self, client: AsyncOpenAI, request: dict[str, Any]) -> AsyncStream[ChatCompletionChunk]:
        """Opens the stream; retries once without the members that the endpoint refuses, and remembers them."""
        from openai import BadRequestError, UnprocessableEntityError

        stream: AsyncStream[ChatCompletionChunk]
        try:
            stream = await client.chat.completions.create(**_renamed(request, self._names))
        except (BadRequestError, UnprocessableEntityError) as error:
            refused = error.param if error.param in INSTEAD else "stream_options"
            if refused in self._names:
                raise
            names = {**self._names, refused: INSTEAD[refused]}
            stream = await client.chat.completions.create(**_renamed(request, names))
            self._names = names
        return stream


def _client(settings: ReplySettings) -> AsyncOpenAI:
    """Creates the client. Blocks: imports the library, its lazy parts too."""
    try:
        from openai import AsyncOpenAI
    except ImportError as error:
        raise EngineNotInstalled(f"The client of chat endpoints is not installed: {INSTALL}") from error
    # It logs whole addresses, in which a password may stand.
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    key = settings.api_key.get_secret_value() if settings.api_key is not None else "none"
    client = AsyncOpenAI(base_url=settings.base_url, api_key=key, max_retries=RETRIES, timeout=None)
    _ = client.chat.completions
    return client


def _request(settings: ReplySettings, messages: tuple[Message, ...], config: ReplyConfig) -> dict[str, Any]:
    instructions = settings.system_prompt if config.instructions is None else config.instructions
    temperature = settings.temperature if config.temperature is None else config.temperature
    return {
        "model": config.model or settings.model,
        "messages": chat_messages(instructions, messages),
        "max_tokens": config.max_tokens or settings.max_tokens,
        "stream": True,
        "stream_options": {"include_usage": True},
        **({} if temperature is None else {"temperature": temperature}),
        **chat_tools(config.tools, config.tool_choice, parallel=config.parallel_tool_calls),
    }


def _renamed(request: dict[str, Any], names: dict[str, str | None]) -> dict[str, Any]:
    renamed = ((names.get(name, name), value) for name, value in request.items())
    return {name: value for name, value in renamed if name is not None}


class _Patience:
    """Timeout of the endpoint, which does not count the time that the reader of the reply takes."""

    def __init__(self, settings: ReplySettings) -> None:
        self._settings = settings
        self._begun = False
        self._deadline = asyncio.get_running_loop().time() + settings.first_token_seconds

    async def wait(self, work: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout_at(self._deadline):
                return await work
        except TimeoutError:
            name = "token_seconds" if self._begun else "first_token_seconds"
            raise ReplyTimeout(
                f"The chat endpoint sent nothing for {getattr(self._settings, name):g} s (reply.{name})."
            ) from None

    def renew(self) -> None:
        """Restarts the timeout: part of the reply has arrived."""
        self._begun = True
        self._deadline = asyncio.get_running_loop().time() + self._settings.token_seconds


class _Written:
    """The part of one reply received so far."""

    def __init__(self) -> None:
        self._calls = PendingCalls()
        self._usage: CompletionUsage | None = None
        self._finish: str | None = None
        self._characters = 0
        self._chunks = 0
        self.alive = False
        """True if the last chunk carried part of the reply."""

    @property
    def too_long(self) -> bool:
        return self._characters > MOST_CHARACTERS

    def add(self, chunk: ChatCompletionChunk) -> str:
        """Adds a chunk and returns its text. Raises AttributeError or TypeError for a malformed chunk."""
        self._chunks += 1
        self._usage = chunk.usage or self._usage
        text = ""
        size = self._characters
        for choice in chunk.choices[:1]:
            self._finish = choice.finish_reason or self._finish
            if choice.delta is not None:
                text = choice.delta.content or choice.delta.refusal or ""
                self._characters += len(text) + self._add_calls(choice.delta.tool_calls or ())
        self.alive = self._characters > size or self._finish is not None
        return text

    def _add_calls(self, deltas: Iterable[ChoiceDeltaToolCall]) -> int:
        size = 0
        for delta in deltas:
            if (function := delta.function) is not None:
                self._calls.add(delta.index, delta.id, function.name, function.arguments)
                size += len(function.name or "") + len(function.arguments or "")
        return size

    def end(self) -> Iterator[ReplyEvent]:
        """Yields the events at the end of the stream. Raises ReplyFailed for an empty reply."""
        if not self._chunks:
            raise ReplyFailed(UNEXPECTED)
        cut = self._finish == "length" or self.too_long
        if not cut:
            # Arguments that were cut off are no arguments.
            yield from map(ReplyToolCall, self._calls.complete())
        if self._usage is not None:
            yield ReplyUsage(self._usage.prompt_tokens or 0, self._usage.completion_tokens or 0, cut=cut)
        elif cut:
            yield ReplyUsage(0, 0, cut=True)


@contextmanager
def translated() -> Iterator[None]:
    """Translates the client's errors; the endpoint's own message is not passed on."""
    from httpx2 import RequestError
    from openai import APIConnectionError, APIStatusError, APITimeoutError, OpenAIError

    try:
        yield
    except APIStatusError as error:
        advice = ADVICE.get(error.status_code, "its own log may say why")
        raise ReplyFailed(f"The chat endpoint answers with status {error.status_code}: {advice}.") from error
    except APITimeoutError as error:
        raise ReplyTimeout("The connection to the chat endpoint timed out.") from error
    except (APIConnectionError, RequestError) as error:  # older clients let the latter through while they stream
        raise ReplyFailed(
            "The chat endpoint cannot be reached, or broke the connection: check reply.base_url and whether it runs."
        ) from error
    except OpenAIError as error:
        raise ReplyFailed("The chat endpoint ended its reply with an error; its own log may say why.") from error
    except (ValueError, AttributeError, TypeError, RecursionError) as error:
        raise ReplyFailed(UNEXPECTED) from error
