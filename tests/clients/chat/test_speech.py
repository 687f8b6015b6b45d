"""The speech server as bots use it: asked again where it is away, and not where something may have been done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx
import pytest

from clients.chat.speech import ServerFailed, SpeechServer
from clients.chat.voice_list import VoiceList

Answer = Callable[[httpx.Request], httpx.Response]


class Away(SpeechServer):
    """Meets what it is given, one after the other, and from then on the last of it."""

    def __init__(self, *met: Exception | httpx.Response, patience: float = 0.5) -> None:
        super().__init__("http://server", None, patience=patience)
        self.met = list(met)
        self.asked: list[str] = []
        self._http = httpx.AsyncClient(base_url="http://server", transport=httpx.MockTransport(self._meet))

    def _meet(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(f"{request.method} {request.url.path}")
        met = self.met.pop(0) if len(self.met) > 1 else self.met[0]
        if isinstance(met, Exception):
            raise met
        return met


@pytest.mark.parametrize("lost", [httpx.ReadError("reset"), httpx.RemoteProtocolError("closed"), httpx.Response(504)])
async def test_what_changes_the_server_is_not_done_twice(lost: Exception | httpx.Response) -> None:
    server = Away(lost, httpx.Response(200, json={"key": "second"}))
    with pytest.raises(ServerFailed) as failed:
        await server.change("POST", "/admin/keys", {"name": "one"})
    assert failed.value.cause == "unsure"
    with pytest.raises(ServerFailed) as failed:
        await Away(lost).converse("Hello.", None, {}, "7")
    assert failed.value.cause == "unsure"
    assert server.asked == ["POST /admin/keys"]
    await server.close()


@pytest.mark.parametrize("away", [httpx.ConnectError("refused"), httpx.Response(503), httpx.Response(429)])
async def test_what_was_not_begun_is_asked_again(away: Exception | httpx.Response) -> None:
    server = Away(away, httpx.Response(200, json={"key": "first"}))
    assert await server.change("POST", "/admin/keys", {"name": "one"}) == {"key": "first"}
    assert len(server.asked) == 2
    await server.close()


async def test_speech_whose_answer_is_lost_is_asked_for_again() -> None:
    server = Away(httpx.ReadError("reset"), httpx.Response(200, content=b"OggS"))
    assert (await server.speak("Hello.", {}, "7")).audio == b"OggS"
    await server.close()


async def test_who_waits_for_the_voices_together_is_told_together_that_the_server_is_away() -> None:
    server = Away(httpx.ConnectError("refused"), patience=0.3)
    voices = VoiceList(server)
    told = await asyncio.gather(*[voices.languages() for _ in range(8)], return_exceptions=True)
    assert {getattr(each, "cause", None) for each in told} == {"away"} and len(set(map(id, told))) == 8
    asked = len(server.asked)
    # Whoever comes later asks anew.
    server.met = [httpx.Response(200, json=[])]
    assert await voices.languages() == set()
    assert asked == 2 and len(server.asked) == asked + 2
    await server.close()


async def test_old_voices_do_while_a_server_that_is_away_is_asked_for_newer_ones() -> None:
    server = Away(httpx.Response(200, json=[]), httpx.Response(200, json=[]), httpx.ConnectError("refused"), patience=5)
    voices = VoiceList(server, seconds=-1.0)
    await voices.all()
    voices._voices = [{"engine": "a"}]
    asking = asyncio.create_task(voices.all())
    while len(server.asked) < 3:  # noqa: ASYNC110 - what is waited for tells nobody
        await asyncio.sleep(0)
    assert await voices.all() == [{"engine": "a"}] and not asking.done()
    asking.cancel()
    await asyncio.wait([asking])
    await server.close()


async def test_languages_are_those_of_engines_that_can_speak() -> None:
    engines = [{"name": "a", "available": True}, {"name": "b", "available": False}]
    spoken = [{"engine": "a", "languages": ["en-US", "DE"]}, {"engine": "b", "languages": ["fa"]}]
    server = Away(httpx.Response(200, json=engines), httpx.Response(200, json=spoken))
    assert await VoiceList(server).languages() == {"en", "de"}
    await server.close()


async def test_a_key_that_gets_the_leave_names_subjects_at_once() -> None:
    named: list[str | None] = []

    def meet(request: httpx.Request) -> httpx.Response:
        named.append(request.headers.get("X-Subject"))
        if "PATCH" in methods or named[-1] is None:
            methods.append(request.method)
            return httpx.Response(200, json={})
        return httpx.Response(403, json={"detail": "No.", "param": "X-Subject"})

    methods: list[str] = []
    server = Away(httpx.Response(200))
    server._http = httpx.AsyncClient(base_url="http://server", transport=httpx.MockTransport(meet))
    for _ in range(2):
        await server.get("/me", "anna")
    await server.change("PATCH", "/key", {})
    await server.get("/me", "anna")
    await server.close()
    assert named == ["anna", None, None, None, "anna"]
