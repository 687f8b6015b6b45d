"""A language model for tests: OpenAI's streamed chat completions on a loopback port, saying what a test scripted.

    with chat_server() as chat:
        chat.answers.append(Answer("Once upon a time", stall_after=2))
        settings = ReplySettings(adapter="openai", base_url=chat.url)

Without a script it answers `You said: ...` to the last message of the user, word by word.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.types import Receive, Scope, Send

from tests.patient import PATIENCE


@dataclass(frozen=True)
class Answer:
    text: str | None = None
    """None: `You said: ...`."""
    calls: tuple[tuple[str, str, str], ...] = ()
    """Id, name and arguments of the functions it wants called, all at once."""
    finish: str = "stop"
    status: int = 200
    body: str = '{"error": {"message": "secret words of the upstream", "type": "t", "param": null, "code": "c"}}'
    """Body of an answer that is an error."""
    pause: float = 0.0
    """Seconds before each piece."""
    stall_after: int | None = None
    """Pieces after which nothing more comes, and the connection stays."""
    drop_after: int | None = None
    """Pieces after which the connection is gone."""
    break_after: int | None = None
    """Pieces after which `broken` comes as an event."""
    broken: str = '{"choices": [{"delta": {"content": "bro'
    refuses: tuple[str, ...] = ()
    """Members for which it refuses a request with 400."""
    whole: str | None = None
    """A body instead of a stream."""


class ChatServer:
    """The ASGI application, and what has been asked of it."""

    def __init__(self) -> None:
        self.answers: deque[Answer] = deque()
        self.always = Answer()
        """Once `answers` are used up."""
        self.requests: list[dict[str, Any]] = []
        """Bodies, oldest first."""
        self.keys: list[str] = []
        """Authorization headers."""
        self.url = ""
        """The base address for a client, with /v1 at its end."""
        self._open = 0
        self._changed = threading.Condition()

    @property
    def open(self) -> int:
        """Requests under way."""
        return self._open

    def until_open(self, count: int) -> None:
        """Waits, in whichever thread, until so many requests are under way."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._open == count, PATIENCE)

    def _count(self, change: int) -> None:
        with self._changed:
            self._open += change
            self._changed.notify_all()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        request = await _body(receive)
        if (scope["method"], scope["path"]) != ("POST", "/v1/chat/completions"):
            await _whole(send, 404, '{"error": {"message": "no such path"}}')
            return
        self.requests.append(request)
        self.keys.append(dict(scope["headers"]).get(b"authorization", b"").decode())
        answer = self.answers[0] if self.answers else self.always
        for member in answer.refuses:
            if member in request:
                error = {"message": "secret words of the upstream", "param": member, "code": "unsupported_parameter"}
                await _whole(send, 400, json.dumps({"error": error}))
                return
        if self.answers:
            self.answers.popleft()
        self._count(1)
        try:
            await self._answer(answer, request, receive, send)
        finally:
            self._count(-1)

    async def _answer(self, answer: Answer, request: dict[str, Any], receive: Receive, send: Send) -> None:
        if answer.status != 200 or answer.whole is not None:
            await _whole(send, answer.status, answer.body if answer.whole is None else answer.whole)
            return
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
        work = asyncio.ensure_future(_stream(answer, request, send))
        left = asyncio.ensure_future(receive())
        await asyncio.wait((work, left), return_when=asyncio.FIRST_COMPLETED)
        work.cancel()
        left.cancel()
        await asyncio.wait((work, left))


async def _stream(answer: Answer, request: dict[str, Any], send: Send) -> None:
    """One that is dropped returns without an end of its body, at which the server closes the connection."""
    pieces = [*_pieces(answer, request), ({}, answer.finish)]
    for count, (delta, finish) in enumerate(pieces):
        if count == answer.stall_after:
            await asyncio.Event().wait()
        if count == answer.drop_after:
            return
        if count == answer.break_after:
            await _event(send, answer.broken)
        await asyncio.sleep(answer.pause)
        await _event(send, _chunk(request, [{"index": 0, "delta": delta, "finish_reason": finish}]))
    if request.get("stream_options", {}).get("include_usage"):
        usage = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
        await _event(send, _chunk(request, [], usage=usage))
    await _event(send, "[DONE]")
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _pieces(answer: Answer, request: dict[str, Any]) -> Iterator[tuple[dict[str, Any], None]]:
    """Word by word; parallel calls with their arguments in halves, in turns."""
    said = next((each["content"] for each in reversed(request["messages"]) if each["role"] == "user"), "")
    text = answer.text if answer.text is not None else f"You said: {said}"
    if answer.calls and answer.text is None:
        text = ""
    yield {"role": "assistant", "content": ""}, None
    for word in re.findall(r"\s*\S+|\s+$", text):
        yield {"content": word}, None
    for index, (id, name, arguments) in enumerate(answer.calls):
        start = arguments[: len(arguments) // 2]
        call = {"index": index, "id": id, "type": "function", "function": {"name": name, "arguments": start}}
        yield {"tool_calls": [call]}, None
    for index, (_, _, arguments) in enumerate(answer.calls):
        yield {"tool_calls": [{"index": index, "function": {"arguments": arguments[len(arguments) // 2 :]}}]}, None


def _chunk(request: dict[str, Any], choices: list[Any], **more: Any) -> str:
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": request["model"]}
    return json.dumps({**head, "choices": choices, **more})


async def _event(send: Send, data: str) -> None:
    await send({"type": "http.response.body", "body": f"data: {data}\n\n".encode(), "more_body": True})


async def _whole(send: Send, status: int, body: str) -> None:
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body.encode()})


async def _body(receive: Receive) -> dict[str, Any]:
    data = b""
    more = True
    while more:
        message = await receive()
        data += message.get("body", b"")
        more = message.get("more_body", False)
    body: dict[str, Any] = json.loads(data or b"{}")
    return body


class _Server(uvicorn.Server):
    def __init__(self, app: ChatServer) -> None:
        super().__init__(
            uvicorn.Config(
                app, log_config=None, access_log=False, lifespan="off", ws="none", timeout_graceful_shutdown=1
            )
        )
        self.answering = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.answering.set()


@contextmanager
def chat_server() -> Iterator[ChatServer]:
    """In a thread of its own; it is gone when the context ends."""
    app = ChatServer()
    server = _Server(app)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        app.url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        thread = threading.Thread(target=server.run, args=([listener],), name="chat server")
        thread.start()
        try:
            assert server.answering.wait(PATIENCE), "the chat server did not start"
            yield app
        finally:
            server.should_exit = True
            thread.join(PATIENCE)
