"""The Python of the documentation, run as it stands: what it takes for granted is here."""

from __future__ import annotations

import ast
import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import openai
import pytest

from tests.docs.blocks import Block, those_in
from tests.docs.console import ADDRESS
from tests.docs.test_blocks import ids
from tests.engines.speech import DATA, read
from tests.server import RunningServer

pytestmark = [
    pytest.mark.socket,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # short programs close no files
]

PROGRAMS = those_in("python")
ENOUGH = 3
"""Messages after which a program that goes on for ever has shown that it works."""


class Player(SimpleNamespace):
    """Takes whatever is played, and ends the program when it has had enough."""

    def __init__(self, enough: Callable[[], None] = lambda: None) -> None:
        super().__init__(played=0, volume=1.0)
        self._enough = enough

    def write(self, *pieces: Any) -> None:
        self.played += 1
        if self.played >= ENOUGH:
            self._enough()

    def drop(self, generation: int) -> None:
        """Nothing is kept."""


def names(url: str, page: str) -> dict[str, Any]:
    pcm = (np.concatenate([read(DATA / "kitchen.flac"), np.zeros(16_000)]) * 32_767).astype("<i2").tobytes()
    client = openai.OpenAI(base_url=f"{url}/v1", api_key="none", timeout=600)
    return {"__name__": page, "pcm": pcm, "client": client, "player": Player()}


@pytest.mark.parametrize("block", PROGRAMS, ids=ids)
async def test_a_program_runs(
    block: Block, files: Path, documented: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(files)
    monkeypatch.setenv("STTS_STORAGE__ROOT", str(files / "data"))
    host = documented.url.removeprefix("http://")
    code = ADDRESS.sub(lambda match: f"{match['scheme']}{host}", block.code)
    given = names(documented.url, block.page)
    made = eval(compile(code, block.place, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), given)
    if inspect.iscoroutine(made):
        await made
    if inspect.iscoroutinefunction(given.get("converse")):
        await conversed(given["converse"], given["pcm"])


async def conversed(converse: Callable[..., Coroutine[Any, Any, None]], pcm: bytes) -> None:
    """Talks to it for ever, which a conversation is; ends it when it has played, or answered."""
    done = asyncio.Event()
    takes = list(inspect.signature(converse).parameters)

    async def microphone() -> AsyncIterator[bytes]:
        for start in range(0, len(pcm), 3200):
            yield pcm[start : start + 3200]
        await asyncio.Event().wait()

    async def answer(said: str) -> str:
        done.set()
        return "It is ten to five."

    offers = {"microphone": microphone(), "player": Player(done.set), "answer": answer}
    talking = asyncio.create_task(converse(**{name: offers[name] for name in takes}))
    ended = asyncio.create_task(done.wait())
    await asyncio.wait({talking, ended}, return_when=asyncio.FIRST_COMPLETED)
    assert done.is_set() or not talking.done(), talking
    for task in (talking, ended):
        task.cancel()
    await asyncio.gather(talking, ended, return_exceptions=True)
