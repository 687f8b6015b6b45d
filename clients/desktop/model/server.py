"""The server, over HTTP: what it says of itself, and speech as it comes. Its refusals and its silence in words."""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from clients.desktop.sentences import Explained, Sentence

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 120.0
"""Longest wait for the next part of an answer: a model may have to be loaded first."""
LOOK_SECONDS = 10.0
"""Longest wait for what is only looked up."""
RATE = 24_000
"""Sample rate in Hz that is asked for, which is the same whoever speaks."""
BUSY = (429, 502, 503, 504)
ID_HEADER = "x-request-id"
"""Header of every answer of this server."""


class ServerFailed(Explained):
    """The server does not answer, or refuses."""

    def __init__(self, sentence: str, *, again: bool = False, after: float | None = None) -> None:
        super().__init__(sentence)
        self.again = again
        """It may go well another time."""
        self.after = after
        """Seconds after which the server wants to be asked again."""


@dataclass(frozen=True, slots=True)
class Speech:
    rate: int
    voice: str
    engine: str
    warnings: str
    blocks: AsyncGenerator[bytes]
    """16 bits, mono. Raises ServerFailed where it breaks off."""


class SpeechServer:
    """Goes to the server directly, whatever proxy there is, and follows no redirect: a key would go along."""

    def __init__(self, url: str, key: str = "", transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.url, self._has_key = url, bool(key)
        headers = [(b"Authorization", f"Bearer {key}".encode())] if key else []
        self._client = httpx.AsyncClient(
            base_url=url,
            headers=headers,
            trust_env=False,
            timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
            transport=transport,
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def look(self) -> list[dict[str, Any]]:
        """The voices that speak here. Raises ServerFailed, also where something else answers."""
        health = await self._get("/health")
        if ID_HEADER not in health.headers or not isinstance(_json(health), dict):
            raise ServerFailed(Sentence("other_server", url=self.url))
        voices = await self.json("/voices")
        engines = await self.json("/engines")
        here = {each["name"] for each in engines if each["available"]}
        return [voice for voice in voices if voice["engine"] in here]

    async def parameters(self, engine: str) -> dict[str, Any]:
        """The JSON schema of what an engine takes beside the common fields."""
        found = (await self.json(f"/engines/{quote(engine, safe='')}")).get("parameters")
        return found if isinstance(found, dict) else {}

    async def json(self, path: str) -> Any:
        answer = await self._get(path)
        self._require(answer)
        if (found := _json(answer)) is None:
            raise ServerFailed(Sentence("no_json", url=self.url))
        return found

    async def has_voice(self, voice: str) -> bool:
        """Raises ServerFailed where it cannot be told."""
        answer = await self._get(f"/v1/voices/{quote(voice, safe='')}")
        if answer.status_code == httpx.codes.NOT_FOUND:
            return False
        self._require(answer)
        return True

    async def clone(self, name: str, file: bytes) -> str:
        """The id of a voice that is made of a recording. Raises ServerFailed."""
        with _told(self.url):
            answer = await self._client.post("/v1/voices", data={"name": name}, files={"file": (name, file)})
        self._require(answer)
        body = _json(answer)
        if not isinstance(body, dict) or not isinstance(body.get("id"), str):
            raise ServerFailed(Sentence("no_voice_made", url=self.url, name=name))
        return str(body["id"])

    @asynccontextmanager
    async def speak(self, wishes: Mapping[str, Any]) -> AsyncIterator[Speech]:
        """Speech as it is made. Raises ServerFailed before the first of it where it is refused."""
        body = {**wishes, "format": "pcm", "sample_rate": RATE, "channels": 1, "stream": True}
        request = self._client.build_request("POST", "/tts", json=body)
        with _told(self.url):
            answer = await self._client.send(request, stream=True)
        try:
            if not answer.is_success:
                with _told(self.url):
                    await answer.aread()
                self._require(answer)
            if not answer.headers.get("content-type", "").startswith("audio/"):
                raise ServerFailed(Sentence("no_audio", url=self.url))
            told = answer.headers
            rate = int(told.get("x-sample-rate", RATE))
            yield Speech(
                rate,
                told.get("x-voice", ""),
                told.get("x-engine", ""),
                told.get("x-warnings", ""),
                self._blocks(answer),
            )
        finally:
            await answer.aclose()

    async def _blocks(self, answer: httpx.Response) -> AsyncGenerator[bytes]:
        rest = b""
        try:
            async for block in answer.aiter_raw():
                block = rest + block
                whole = len(block) // 2 * 2
                rest = block[whole:]
                if whole:
                    yield block[:whole]
        except httpx.HTTPError as error:
            raise ServerFailed(Sentence("broke_off", url=self.url)) from error

    async def _get(self, path: str) -> httpx.Response:
        with _told(self.url):
            return await self._client.get(path, timeout=LOOK_SECONDS)

    def _require(self, answer: httpx.Response) -> None:
        if answer.is_success:
            return
        status = answer.status_code
        told = _complaint(answer)
        if answer.is_redirect:
            target = answer.headers.get("location", "another place")
            raise ServerFailed(Sentence("redirected", url=self.url, target=target))
        if status == httpx.codes.UNAUTHORIZED:
            raise ServerFailed(Sentence("key_refused" if self._has_key else "key_wanted"))
        after = answer.headers.get("retry-after", "")
        raise ServerFailed(told, again=status in BUSY, after=float(after) if after.isdecimal() else None)


@contextmanager
def _told(url: str) -> Iterator[None]:
    """Errors of the library, in words of people."""
    try:
        yield
    except httpx.HTTPError as error:
        raise _failure(url, error) from error


def _failure(url: str, error: httpx.HTTPError) -> ServerFailed:
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__ or cause.__context__
    if isinstance(cause, ssl.SSLCertVerificationError):
        reason = getattr(cause, "verify_message", "no reason given")
        return ServerFailed(Sentence("certificate", url=url, reason=reason))
    if isinstance(cause, ssl.SSLError):
        return ServerFailed(Sentence("no_tls", url=url))
    if isinstance(error, httpx.ConnectTimeout):
        return ServerFailed(Sentence("no_machine", url=url), again=True)
    if isinstance(error, httpx.ConnectError):
        return ServerFailed(Sentence("nothing_listens", url=url), again=True)
    if isinstance(error, httpx.TimeoutException):
        return ServerFailed(Sentence("silent_server", url=url), again=True)
    return ServerFailed(Sentence("closed_connection", url=url), again=True)


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None


def _complaint(answer: httpx.Response) -> str:
    """The server's own words, in either shape of its errors."""
    body = _json(answer)
    error = body.get("error") if isinstance(body, dict) else None
    message = (
        error.get("message") if isinstance(error, dict) else body.get("detail") if isinstance(body, dict) else None
    )
    return str(message) if message else Sentence("refused_without_reason", status=answer.status_code)
