"""Takes new batches: every item is checked before the plan is there, and the plan is there whole or not at all."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace
from typing import Any

from adapters.batches.runner import BatchRunner
from adapters.selection import EngineSelection
from stts.access.principal import Principal
from stts.context import Priority
from stts.errors import DatabaseAway, InvalidRequest, STTSError
from stts.jobs.requests import address, speech_request, transcription_request
from stts.jobs.store import BatchStore
from stts.jobs.values import Batch, BatchItem, BatchKind
from stts.settings import CurrentSettings
from stts.speech import SynthesisConfig
from stts.storage.batch_files import COVER, BatchFiles
from stts.text.complete import cleaned
from stts.transcription import TranscriptionConfig

WRITTEN_AT_ONCE = 200
"""Items of a plan that are written together."""
WRITTEN_CHARACTERS = 500_000
"""Characters of their texts, which are in memory until then."""
MOST_PLANS = 1000
"""Configurations of one batch that are remembered as possible."""


@dataclass(frozen=True, slots=True)
class SpeechItem:
    text: str
    config: SynthesisConfig
    name: str | None = None
    chapter: int | None = None
    pause: float = 0.0
    """Seconds of silence behind it in a book."""


@dataclass(frozen=True, slots=True)
class RecordingItem:
    file_id: str
    size: int
    """Bytes."""
    config: TranscriptionConfig
    name: str | None = None
    own: bool = False
    """The upload came with the job, and goes when it has been heard."""


@dataclass(frozen=True, slots=True)
class NewBatch:
    kind: BatchKind
    name: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    cover: bytes | None = None
    """The picture of a book."""


class Submission:
    """Made once."""

    def __init__(
        self,
        store: Callable[[], Awaitable[BatchStore]],
        files: BatchFiles,
        selection: EngineSelection,
        runner: BatchRunner,
        settings: CurrentSettings,
    ) -> None:
        self._store = store
        self._files = files
        self._selection = selection
        self._runner = runner
        self._settings = settings

    async def submit(
        self, new: NewBatch, items: AsyncGenerator[SpeechItem | RecordingItem, None], principal: Principal
    ) -> Batch:
        """The batch, which is worked on from now on. Closes `items` in any case.

        Raises InvalidRequest and its kin, which name the item; TooManyRequests where the key has too many batches that
        have not ended; DatabaseAway; StorageFull. Nothing is kept then.
        """
        await self.require_place(principal)
        root = await asyncio.to_thread(self._files.open)
        secret = await asyncio.to_thread(self._files.secret)
        batch = Batch(
            id=f"job-{secrets.token_hex(8)}",
            kind=new.kind,
            name=new.name,
            owner=principal.viewer.user_id,
            key_id=_key_id(principal),
            caller=principal.name,
            root=root,
            options=new.options,
            created_at=time.time(),
        )
        store = await self._store()
        await store.draft(batch)
        try:
            plan = _Plan(batch, store, self._possible(), self._settings, secret)
            async with aclosing(items):
                async for item in items:
                    await plan.add(item)
            if new.cover is not None:
                await asyncio.to_thread(self._files.keep, batch.id, COVER, new.cover)
            begun = await plan.begin()
        except BaseException:
            # What cannot be removed now is removed with what is old.
            with suppress(DatabaseAway):
                await asyncio.shield(store.remove(batch.id))
            raise
        self._runner.wake()
        return begun

    async def require_place(self, principal: Principal) -> None:
        """Raises TooManyRequests where the key has as many jobs as it may have: nobody sends another in vain."""
        # Where there never was a job, no database is opened to count them.
        if await asyncio.to_thread(lambda: self._files.exists):
            store = await self._store()
            await store.require_place(_key_id(principal), most=self._settings().jobs.unfinished)

    def require_items(self, count: int) -> None:
        """Raises InvalidRequest for more items than a job may have."""
        if count > (most := self._settings().jobs.items):
            raise InvalidRequest(f"A job has at most {most} items (jobs.items).", param="items")

    def _possible(self) -> Callable[[SpeechItem | RecordingItem], Awaitable[None]]:
        """Checks items; configurations that were found possible are not looked at again."""
        possible: set[str] = set()

        async def check(item: SpeechItem | RecordingItem) -> None:
            if isinstance(item, SpeechItem):
                await cleaned(item.text, self._settings().limits.text_characters, speak_markup=True)
            key = _key(item.config)
            if key in possible:
                return
            if isinstance(item.config, SynthesisConfig):
                await self._selection.plan_speech(item.config, Priority.BATCH)
            else:
                await self._selection.plan_transcription(item.config, Priority.BATCH)
            if len(possible) < MOST_PLANS:
                possible.add(key)

        return check


class _Plan:
    """A plan on its way into the database, in parts."""

    def __init__(
        self,
        batch: Batch,
        store: BatchStore,
        check: Callable[[SpeechItem | RecordingItem], Awaitable[None]],
        settings: CurrentSettings,
        secret: bytes,
    ) -> None:
        """`secret`: the key of the addresses of contents."""
        self._batch = batch
        self._store = store
        self._check = check
        self._settings = settings
        self._secret = secret
        self._part: list[BatchItem] = []
        self._characters = 0
        self._total = 0
        self._size = 0

    async def add(self, item: SpeechItem | RecordingItem) -> None:
        number = self._total
        if number >= (most := self._settings().jobs.items):
            raise InvalidRequest(f"A job has at most {most} items (jobs.items).", param="items")
        try:
            await self._check(item)
        except STTSError as error:
            raise named(error, number) from error
        planned = _planned(self._batch.kind, number, item, self._secret)
        self._part.append(planned)
        self._total += 1
        self._size += planned.size
        self._characters += len(item.text) if isinstance(item, SpeechItem) else 0
        if len(self._part) >= WRITTEN_AT_ONCE or self._characters >= WRITTEN_CHARACTERS:
            await self._write()
        # Short texts are checked here: whatever else the loop has to do has its turn after each.
        await asyncio.sleep(0)

    async def begin(self) -> Batch:
        if not self._total:
            raise InvalidRequest("The job has no items.", param="items")
        await self._write()
        most = self._settings().jobs.unfinished
        return await self._store.begin(self._batch.id, total=self._total, size=self._size, most=most)

    async def _write(self) -> None:
        part, self._part, self._characters = self._part, [], 0
        if part:
            await self._store.add(self._batch.id, part, most_characters=self._settings().jobs.characters)


def _key_id(principal: Principal) -> str | None:
    return principal.key.id if principal.key is not None else None


def named(error: STTSError, number: int) -> STTSError:
    """The same error, of an item."""
    error.message = f"Item {number}: {error.message}"
    error.args = (error.message,)
    error.param = f"items[{number}].{error.param}" if error.param else f"items[{number}]"
    return error


def _planned(kind: BatchKind, number: int, item: SpeechItem | RecordingItem, secret: bytes) -> BatchItem:
    if isinstance(item, SpeechItem):
        request, size, chapter = speech_request(item.text, item.config, item.pause), len(item.text), item.chapter
    else:
        request, size, chapter = transcription_request(item.file_id, item.config, own=item.own), item.size, None
    digest = address(kind, request, secret)
    return BatchItem(number=number, digest=digest, size=size, request=request, name=item.name, chapter=chapter)


def _key(config: SynthesisConfig | TranscriptionConfig) -> str:
    if isinstance(config, SynthesisConfig):
        stored = speech_request("", replace(config, detected=None))
    else:
        stored = transcription_request("", config, own=False)
    return json.dumps(stored, sort_keys=True)
