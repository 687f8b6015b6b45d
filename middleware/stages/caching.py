"""Caching: speech that was made before is answered again, and what is being made is made once for all who ask for it.

Inside the planning stage, so that a key is over what the plan says, and inside the quotas: an answer that was kept
counts like any other. The work is begun apart from the request that asks first (`stts/cache/filling.py`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing
from dataclasses import replace

from middleware.pipeline import Operation
from stts.cache.aliases import adopted, named, samples_of
from stts.cache.answers import chunks_of, entry_of, etag_of, key_of, note_of, tell
from stts.cache.filling import Fill
from stts.cache.fills import Fills, wishes_of
from stts.cache.room import Bounds
from stts.cache.store import HOUR, CacheStore
from stts.cache.stored import Stored
from stts.context import CacheNote, RequestContext, new_request_id
from stts.plans import SpeechPlan, SpeechRequest
from stts.settings import CurrentSettings
from stts.speech import AudioChunk
from stts.text.complete import IN_THREAD_CHARACTERS, cleaned

MOST_FILLING_BYTES = 256_000_000
"""Audio of answers in the making, and of those still being read; beyond it further ones are made for their own request
alone."""
CHARACTERS_PER_SECOND = 15.0
"""Characters spoken a second, about."""
COMPRESSED_BYTES = 16_000
"""Bytes of a second of audio in a compressed format, about."""
SAMPLE_BYTES = 2

Speak = Callable[[RequestContext, SpeechRequest], AsyncGenerator[AudioChunk, None]]


class CachingStage:
    """One for the process. Texts that are still being written pass."""

    def __init__(self, store: CacheStore, speak: Speak, settings: CurrentSettings) -> None:
        """`speak`: the operation that makes an answer, with nothing around it."""
        self._store = store
        self._speak = speak
        self._settings = settings
        self.fills = Fills(MOST_FILLING_BYTES)

    def __call__(
        self,
        context: RequestContext,
        request: SpeechRequest,
        call_next: Operation[SpeechRequest, AudioChunk],
    ) -> AsyncIterator[AudioChunk]:
        if not isinstance(request, SpeechRequest) or not isinstance(request.text, str) or request.plan is None:
            return call_next(context, request)
        if not self._is_wanted(context, request.plan, request.text):
            return call_next(context, request)
        return self._answered(context, request, request.plan, request.text, call_next)

    def _is_wanted(self, context: RequestContext, plan: SpeechPlan, text: str) -> bool:
        cache = self._settings().cache
        return (
            cache.enabled
            and context.cache_use != "none"
            and context.input_data.cache_hours != 0
            # What stands in for an engine that rests is told with it.
            and plan.resting is None
            and cache.engine_hours.get(plan.instance, cache.hours) > 0
            and _expected_bytes(plan, text) <= cache.entry_bytes
        )

    async def _answered(
        self,
        context: RequestContext,
        request: SpeechRequest,
        plan: SpeechPlan,
        asked: str,
        call_next: Operation[SpeechRequest, AudioChunk],
    ) -> AsyncGenerator[AudioChunk, None]:
        text = await cleaned(asked, self._settings().limits.text_characters, speak_markup=plan.speak_markup)
        key, renew = await _key(plan, text), context.cache_use == "renew"
        entry = None if renew else self._store.in_memory(key)
        if entry is not None and self._is_fresh(entry, context):
            if context.on_kept is not None:
                context.on_kept(context, key, request)
            for chunk in self._kept(entry, context, plan, text):
                yield chunk
            return
        fill = self._joined(key, context, plan) or self._begun(key, text, context, request, plan)
        if fill is None:
            async for chunk in call_next(context, request):
                yield chunk
            return
        async with aclosing(fill.read(context, plan.warnings)) as chunks:
            async for chunk in chunks:
                yield chunk

    def _kept(self, entry: Stored, context: RequestContext, plan: SpeechPlan, text: str) -> Iterator[AudioChunk]:
        tell(entry, plan, text, context)
        context.output_data.cache = note_of(entry, self._store.now)
        for warning in plan.warnings:
            context.warn(warning)
        return chunks_of(entry, text)

    def _joined(self, key: str, context: RequestContext, plan: SpeechPlan) -> Fill | None:
        """The fill that this request may read along; None: there is none."""
        if context.cache_use == "renew":
            return None
        return self.fills.joinable(key, wishes_of(plan), context.priority)

    def _begun(
        self, key: str, text: str, context: RequestContext, request: SpeechRequest, plan: SpeechPlan
    ) -> Fill | None:
        """A fill that its first reader begins; None: there is no room for it, or nothing to speak."""
        expected = int(_expected_bytes(plan, text))
        if not text or not self.fills.room.has(expected):
            return None

        def make(fill: Fill) -> AsyncGenerator[AudioChunk, None]:
            return self._made(fill, key, text, request, plan)

        note = CacheNote("MISS", etag_of(key, new_request_id()))
        bounds = Bounds(self._settings().cache.entry_bytes, expected, self.fills.room)
        fill = Fill(context, make, note, bounds, lambda fill: self.fills.leave(key, fill))
        self.fills.add(key, wishes_of(plan), fill, renews=context.cache_use == "renew")
        return fill

    async def _made(
        self, fill: Fill, key: str, text: str, request: SpeechRequest, plan: SpeechPlan
    ) -> AsyncGenerator[AudioChunk, None]:
        context, since = fill.context, self._store.removals
        entry = await self._found(key, context) or await self._adopted(key, text, context, plan, since)
        if entry is not None:
            fill.note = note_of(entry, self._store.now)
            tell(entry, plan, text, context)
            for chunk in chunks_of(entry, text):
                yield chunk
            return
        created, etag = self._store.now, fill.note.etag
        async with aclosing(self._speak(context, replace(request, text=text))) as chunks:
            async for chunk in chunks:
                yield chunk
        # All of it is here. What was renewed meanwhile is older than what is kept by then.
        wanted = context.cache_use != "read" and self.fills.has(key, fill)
        if wanted and _is_clean(fill, plan):
            expires = self._store.expiry(plan.instance, created)
            made = entry_of(plan, text, tuple(fill.chunks), etag, created, expires)
            if made is not None:
                self._keep(key, made, context, since)

    def _keep(self, key: str, made: Stored, context: RequestContext, since: int) -> None:
        self._store.put(key, made, since)
        if context.input_data.alias is not None:
            self._store.put(context.input_data.alias, named(key, made), since)

    async def _adopted(
        self, key: str, text: str, context: RequestContext, plan: SpeechPlan, since: int
    ) -> Stored | None:
        """An answer that another system has left in Redis under its own name, which from now on is ours.

        That system knew no dictionary.
        """
        alias, find = context.input_data.alias, self._store.left_by_others
        if alias is None or find is None or plan.spoken(text) is not text:
            return None
        if context.cache_use == "renew" or (kept := await find(alias)) is None:
            return None
        samples = await asyncio.to_thread(samples_of, kept, self._settings().cache.entry_bytes)
        created = self._store.now
        expires = self._store.expiry(plan.instance, created)
        found = samples and adopted(plan, text, samples, etag_of(key, new_request_id()), created, expires)
        if not found:
            return None
        self._keep(key, found, context, since)
        return found

    async def _found(self, key: str, context: RequestContext) -> Stored | None:
        """An entry of the slower tiers."""
        if context.cache_use == "renew" or not self._store.may_have(key):
            return None
        entry = await self._store.get(key)
        return entry if entry is not None and self._is_fresh(entry, context) else None

    def _is_fresh(self, entry: Stored, context: RequestContext) -> bool:
        """True for what is not too old for the listener of a request; others may still take it."""
        hours = context.input_data.cache_hours
        return hours is None or entry.age(self._store.now) < hours * HOUR


async def _key(plan: SpeechPlan, text: str) -> str:
    """The key of a text; a long one is looked through for the words of a dictionary in a thread."""
    if plan.dictionary is None or len(text) < IN_THREAD_CHARACTERS:
        return key_of(plan, text)
    return await asyncio.to_thread(key_of, plan, text)


def _is_clean(fill: Fill, plan: SpeechPlan) -> bool:
    """True for an answer that another who asks for the same would get too: made whole, by the engine of the plan."""
    output = fill.context.output_data
    ours = output.engine == plan.instance and output.fallback is None
    return ours and fill.is_whole and not output.silent and not fill.warnings


def _expected_bytes(plan: SpeechPlan, text: str) -> float:
    seconds = len(text) / CHARACTERS_PER_SECOND
    output = plan.output
    if output.format in ("wav", "pcm"):
        return seconds * output.sample_rate * output.channels * SAMPLE_BYTES
    return seconds * COMPRESSED_BYTES
