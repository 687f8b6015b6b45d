"""The speech server, as the bot uses it: its public API over HTTP, with patience where it is away for a moment."""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, NotRequired, TypedDict

import httpx

from clients.chat.failures import Cause as Cause
from clients.chat.failures import ServerFailed as ServerFailed
from clients.chat.failures import failure_of, told

SUBJECT = "X-Subject"
"""Header that names on whose behalf the bot's key asks: each person has limits and usage of their own."""
CONNECT_SECONDS = 5.0
PATIENCE_SECONDS = 30.0
"""How long a server that is away, restarts or has no room is asked again."""
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 5.0
"""Seconds between two tries: doubled each time, or as the server says."""

log = logging.getLogger("stts.bot")


class Wishes(TypedDict):
    """How something is to be spoken, in the fields of `POST /tts`."""

    voice: NotRequired[str]
    engine: NotRequired[str]
    language: NotRequired[str]
    speed: NotRequired[float]
    format: NotRequired[str]


@dataclass(frozen=True, slots=True)
class Speech:
    audio: bytes
    media_type: str
    engine: str
    voice: str
    seconds: float
    warnings: str = ""
    """Says what was done otherwise than asked, in the server's words."""
    silent: bool = False
    """Nothing in the text could be spoken."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One turn of a conversation."""

    session: str
    heard: str
    reply: str
    audio: bytes
    """Ogg/Opus; empty where nothing was said."""


class SpeechServer:
    """Asks one server with one key. Each call may raise ServerFailed."""

    def __init__(
        self, url: str, key: str | None, *, timeout: float = 120.0, patience: float = PATIENCE_SECONDS
    ) -> None:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        wait = httpx.Timeout(timeout, connect=CONNECT_SECONDS)
        # What the environment says of proxies is for the way to the messenger: the server is reached directly.
        self._http = httpx.AsyncClient(
            base_url=url, headers=headers, transport=_transport(), timeout=wait, trust_env=False
        )
        self._patience = patience
        self._names_subjects = True

    async def close(self) -> None:
        await self._http.aclose()

    async def speak(self, text: str, wishes: Wishes, subject: str) -> Speech:
        """The whole of a text as audio, 48 kHz mono where it is Opus."""
        rate = {"sample_rate": 48_000} if wishes.get("format", "opus") == "opus" else {}
        body = {"format": "opus", "channels": 1, **rate, **wishes, "text": text, "stream": False}
        answer = await self._ask("POST", "/tts", subject, json=body)
        head = answer.headers
        media_type = head.get("content-type", "").partition(";")[0]
        seconds = float(head.get("x-audio-duration", 0.0))
        engine, voice, warnings = (head.get(name, "") for name in ("x-engine", "x-voice", "x-warnings"))
        return Speech(answer.content, media_type, engine, voice, seconds, warnings, _is_silent(answer))

    async def stream(self, text: str, wishes: Wishes, subject: str) -> Streamed:
        """A text as Ogg/Opus (48 kHz, mono, packets of 20 ms) while it is made. Close it at the end."""
        body = {**wishes, "format": "opus", "channels": 1, "sample_rate": 48_000, "text": text, "stream": True}
        return Streamed(await self._ask("POST", "/tts", subject, json=body, stream=True))

    async def transcribe(self, file: Path | bytes, language: str | None, subject: str) -> str:
        """Words of a recording in any container; empty where nobody speaks."""
        fields = {"language": language} if language else {}
        answer = await self._send("/stt", file, fields, subject)
        return str(answer.json().get("text", "")).strip()

    async def converse(self, said: Path | str, session: str | None, wishes: Wishes, subject: str) -> Exchange:
        """A recording or a text, and what is replied to it, in a conversation that was begun earlier or begins now."""
        # A conversation has two engines: that which speaks is chosen.
        named = {"tts" if name == "engine" else name: str(value) for name, value in wishes.items()}
        fields = {**named, "format": "opus", "stream": "false"}
        if session:
            fields["session"] = session
        if isinstance(said, str):
            answer = await self._ask("POST", "/conversation", subject, once=True, data={**fields, "text": said})
        else:
            answer = await self._send("/conversation", said, fields, subject, once=True)
        told = answer.json()
        audio = base64.b64decode(told.get("audio") or "")
        return Exchange(told["session"], told.get("transcript") or "", told.get("reply") or "", audio)

    async def get(self, path: str, subject: str | None = None, **query: str) -> Any:
        """Asks what the server tells at a path, as JSON."""
        return (await self._ask("GET", path, subject, params=query)).json()

    async def change(self, method: str, path: str, body: Any = None) -> Any:
        """Changes something of the server, as its administrator; an empty answer is None."""
        answer = await self._ask(method, path, None, once=True, **({} if body is None else {"json": body}))
        # It may have been the leave to name subjects.
        self._names_subjects = True
        return answer.json() if answer.content else None

    async def _send(
        self, path: str, file: Path | bytes, fields: Mapping[str, str], subject: str, *, once: bool = False
    ) -> httpx.Response:
        # A file is read while it is sent: many people may send large ones at once.
        opened: BinaryIO = BytesIO(file) if isinstance(file, bytes) else await asyncio.to_thread(file.open, "rb")
        name = "speech.ogg" if isinstance(file, bytes) else file.name
        with opened:
            return await self._ask("POST", path, subject, once=once, data=dict(fields), files={"file": (name, opened)})

    async def _ask(
        self, method: str, path: str, subject: str | None, *, stream: bool = False, once: bool = False, **request: Any
    ) -> httpx.Response:
        """Asks until it is answered; a server that is away for a moment costs a moment.

        `stream`: returns once the answer begins. `once`: is not asked again where it may have been done.
        """
        pause, waited = FIRST_PAUSE, 0.0
        while True:
            headers = {SUBJECT: subject} if subject and self._names_subjects else {}
            try:
                return await self._once(self._http.build_request(method, path, headers=headers, **request), stream)
            except ServerFailed as failure:
                if headers and failure.cause == "key" and failure.param == SUBJECT:
                    self._name_no_subjects()
                    continue
                if once and failure.begun:
                    raise ServerFailed("unsure", failure.detail, code=failure.code) from None
                wait = max(pause, failure.wait or 0.0)
                if failure.cause not in ("away", "busy") or waited + wait > self._patience:
                    raise
            await asyncio.sleep(wait)
            waited += wait
            pause = min(2 * pause, LONGEST_PAUSE)

    def _name_no_subjects(self) -> None:
        if self._names_subjects:
            log.warning("the bot's key may not name subjects: all people share its limits and its usage")
        self._names_subjects = False

    async def _once(self, request: httpx.Request, stream: bool) -> httpx.Response:
        with told():
            answer = await self._http.send(request, stream=stream)
            if answer.is_success:
                return answer
            await answer.aread()
        raise failure_of(answer)


def _transport() -> httpx.AsyncBaseTransport:
    try:
        from clients.chat.transport import AiohttpTransport
    except ImportError:
        # The framework that brings it is missing as well, of which there is more to say.
        return httpx.AsyncHTTPTransport()
    return AiohttpTransport()


def _is_silent(answer: httpx.Response) -> bool:
    return bool(answer.headers.get("x-silence", "") == "true")


class Streamed:
    """Audio that comes while it is made. Reading raises ServerFailed where it breaks off."""

    def __init__(self, answer: httpx.Response) -> None:
        self._answer = answer
        self.warnings = str(answer.headers.get("x-warnings", ""))
        self.silent = _is_silent(answer)

    async def blocks(self) -> AsyncIterator[bytes]:
        with told():
            async for block in self._answer.aiter_bytes():
                yield block

    async def close(self) -> None:
        await self._answer.aclose()
