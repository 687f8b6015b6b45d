"""A look at the server at the start of a bot: one line for who runs it, and no bot ends for it."""

from __future__ import annotations

import asyncio

import pytest

from clients.chat.failures import Cause, ServerFailed
from clients.chat.looking import looked_at
from clients.chat.speech import SpeechServer


class Server(SpeechServer):
    def __init__(self, failure: ServerFailed | None) -> None:
        self._failure = failure
        self.asked = asyncio.Event()

    async def get(self, path: str, subject: str | None = None, **query: str) -> object:
        self.asked.set()
        if self._failure:
            raise self._failure
        return []


@pytest.mark.parametrize(
    ("cause", "words"),
    [("key", "set STTS_KEY"), ("away", "set STTS_URL"), ("failed", "cannot be used: broken"), (None, "")],
)
async def test_who_runs_it_is_told_what_to_set(
    cause: Cause | None, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    server = Server(ServerFailed(cause, "broken") if cause else None)
    async with looked_at(server, "http://server"):
        await server.asked.wait()
        await asyncio.sleep(0)
    assert words in caplog.text and bool(caplog.text) == bool(words)
