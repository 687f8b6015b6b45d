"""Taking new jobs: long texts are checked beside the event loop, and what is refused leaves nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from adapters.batches.submission import NewBatch, SpeechItem
from routers.batch_services import BatchServices, build_batches
from stts.access.principal import ANONYMOUS
from stts.scheduling.yielding import Yielding
from stts.settings import Settings, StorageSettings, TTSSettings
from stts.speech import SynthesisConfig
from stts.storage.database.opening import StoreOpener
from stts.storage.files.store import FileStore
from stts.text.complete import complete_text
from tests.fakes import registry
from tests.wired import Engines

MARKED_UP = "# A heading\n\nSome *words* with [a link](http://example.org), `code`, **more** & <b>tags</b>. "


@dataclass
class Server:
    """The parts of a server that take jobs; nobody works on them."""

    batches: BatchServices
    settings: Settings

    async def begin(self, items: AsyncGenerator[SpeechItem, None], name: str = "") -> str:
        return (await self.batches.submission.submit(NewBatch("speech", name), items, ANONYMOUS)).id


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    settings = Settings(tts=TTSSettings(order=("tone",)), storage=StorageSettings(root=str(tmp_path)))
    engines, stores = Engines(registry(), lambda: settings), StoreOpener(lambda: settings)
    uploads = FileStore(tmp_path, lambda: settings)
    batches = build_batches(
        lambda: settings, stores, uploads, engines.selection, engines.speak, engines.listen, Yielding()
    )
    yield Server(batches, settings)
    await engines.close()
    await (await stores.stores()).database.close()


async def texts(count: int, characters: int) -> AsyncGenerator[SpeechItem, None]:
    for number in range(count):
        text = f"{number} {MARKED_UP * (characters // len(MARKED_UP) + 1)}"[:characters]
        yield SpeechItem(text, SynthesisConfig())


async def longest_turn(work: asyncio.Task[str]) -> float:
    """Seconds of processor time that this thread used between two turns of another task."""
    longest, last = 0.0, time.thread_time()
    while not work.done():
        await asyncio.sleep(0)
        now = time.thread_time()
        longest, last = max(longest, now - last), now
    return longest


@pytest.mark.parametrize(("count", "characters"), [(12, 95_000), (150, 4900)], ids=["long", "many"])
async def test_checking_texts_leaves_the_loop_to_others(server: Server, count: int, characters: int) -> None:
    await server.begin(texts(1, 10))
    text = (await anext(texts(1, characters))).text
    began = time.thread_time()
    complete_text(text, characters, speak_markup=True)
    alone = time.thread_time() - began
    allowed = alone / 2 if characters > 5000 else alone * count / 5
    work = asyncio.create_task(server.begin(texts(count, characters)))
    assert await longest_turn(work) < allowed
    assert (await (await server.batches.store()).find(await work)) is not None
