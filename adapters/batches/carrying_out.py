"""Carries out items: one operation of the pipeline each, whose result becomes a file."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import asdict, replace

from adapters.batches.grouped_calls import GroupedCalls
from adapters.batches.result_writer import ResultWriter
from adapters.selection import EngineSelection
from stts.access.principal import Principal
from stts.access.viewer import Viewer
from stts.audio.formats import FORMATS
from stts.context import Priority, RequestContext, RequestFacts
from stts.errors import STTSError
from stts.jobs.requests import speech_config, transcription_config
from stts.jobs.store import FoundResult
from stts.jobs.values import Batch, BatchItem, ItemEnd, ItemResult
from stts.plans import ListenRequest, SpeechPlan, SpeechRequest, TranscriptionPlan
from stts.speech import AudioChunk
from stts.storage.batch_files import BatchFiles
from stts.storage.files.store import FileStore
from stts.streams.hold import Hold
from stts.text.transcript import collect_transcript
from stts.transcription import AudioData, TranscriptEvent

Speak = Callable[[RequestContext, SpeechRequest], AsyncGenerator[AudioChunk, None]]
Listen = Callable[[RequestContext, ListenRequest], AsyncGenerator[TranscriptEvent, None]]
PrincipalOf = Callable[[Batch], Awaitable[Principal]]
"""The caller whose a batch is, as the key stands now. Raises Unauthorized, Forbidden, DatabaseAway."""
TRANSCRIPT = ".json"
"""Extension of a stored transcript: segments as plain values."""


class CarryOut:
    """Called with an item; raises what the operation raises, StorageFull and StorageFailed."""

    def __init__(
        self,
        speak: Speak,
        listen: Listen,
        selection: EngineSelection,
        results: BatchFiles,
        uploads: FileStore,
        principal_of: PrincipalOf,
    ) -> None:
        self._speak = speak
        self._listen = listen
        self._selection = selection
        self._results = results
        self._uploads = uploads
        self._principal_of = principal_of
        self._calls = GroupedCalls()

    async def __call__(
        self, batch: Batch, item: BatchItem, found: FoundResult | None, on_made: Callable[[], None]
    ) -> ItemResult:
        """`found`: a result of the same content, which is taken where it was made with what would be taken now.
        `on_made` is called when no engine is needed any more."""
        principal = await self._principal_of(batch)
        do = self._spoken if batch.kind == "speech" else self._heard
        return await do(batch, item, principal, found, on_made)

    async def _adopted(self, batch: Batch, item: BatchItem, found: FoundResult | None, key: str) -> ItemResult | None:
        if found is None or found.result.key != key:
            return None
        extension = found.result.extension
        source = self._results.path(found.batch_id, item.digest, extension)
        is_there = await asyncio.to_thread(self._results.adopt, source, batch.id, item.digest, extension)
        return replace(found.result, pause=(item.request or {}).get("pause", 0.0)) if is_there else None

    async def sync(self, batch: Batch, ends: Sequence[ItemEnd]) -> None:
        """Lets results survive a power cut."""
        results = [(end.item.digest, end.result.extension) for end in ends if end.result is not None]
        if results:
            await asyncio.to_thread(self._results.sync, batch.id, results)

    async def forget(self, batch: Batch, ends: Sequence[ItemEnd]) -> None:
        """Removes uploads that came with the job and were heard."""
        viewer = _viewer(batch)
        for end in ends:
            request = end.item.request or {}
            if end.result is not None and request.get("own"):
                with suppress(STTSError, OSError):
                    await asyncio.to_thread(self._uploads.delete, request["file"], viewer)

    async def _spoken(
        self,
        batch: Batch,
        item: BatchItem,
        principal: Principal,
        found: FoundResult | None,
        on_made: Callable[[], None],
    ) -> ItemResult:
        assert item.request is not None
        text, config = item.request["text"], speech_config(item.request, principal.permission)
        request = await self._selection.planned(SpeechRequest(text, config), Priority.BATCH)
        assert request.plan is not None
        key = await self._speech_key(request.plan, text)
        if (adopted := await self._adopted(batch, item, found, key)) is not None:
            return adopted
        # A book has more sentences than the cache has room: they would push out what is asked for again.
        facts = RequestFacts("POST", "/jobs/speech", characters=len(text), format=config.format, cache="read")
        context = RequestContext("tts", principal=principal, priority=Priority.BATCH, input_data=facts, hold=Hold())
        header = b""
        async with (
            ResultWriter(self._results, self._calls, batch.id, item.digest) as writer,
            aclosing(self._speak(context, request)) as chunks,
        ):
            async for chunk in chunks:
                if chunk.retracts:
                    await writer.clear()
                await writer.write(chunk.data)
                header = chunk.header or header
            on_made()
            audio = context.output_data.audio
            assert audio is not None
            extension = FORMATS[audio.format].extension
            size = await writer.commit(extension, header)
        result = _result(context, extension, audio.media_type, size, context.metrics.audio_seconds or 0.0)
        made = replace(result, sample_rate=audio.sample_rate, channels=audio.channels)
        return replace(made, key=_kept(key, context, request.plan.instance), pause=item.request.get("pause", 0.0))

    async def _speech_key(self, plan: SpeechPlan, text: str) -> str:
        """A key over what the text of an item, whose digest is known, is spoken with. What a dictionary makes of it is
        hashed with a secret: nobody finds the words by trying."""
        key, spoken = plan.key(""), plan.spoken(text)
        if spoken is text:
            return key
        secret = await asyncio.to_thread(self._results.secret)
        return hmac.new(secret, f"{key} {spoken}".encode("utf-8", "surrogatepass"), "sha256").hexdigest()

    async def _heard(
        self,
        batch: Batch,
        item: BatchItem,
        principal: Principal,
        found: FoundResult | None,
        on_made: Callable[[], None],
    ) -> ItemResult:
        assert item.request is not None
        config = transcription_config(item.request, principal.permission)
        plan = await self._selection.plan_transcription(config, Priority.BATCH)
        key = _listening_key(plan)
        if (adopted := await self._adopted(batch, item, found, key)) is not None:
            return adopted
        context = RequestContext(
            "stt",
            principal=principal,
            priority=Priority.BATCH,
            input_data=RequestFacts("POST", "/jobs/transcription"),
            hold=Hold(),
        )
        stored = await asyncio.to_thread(self._uploads.get, item.request["file"], _viewer(batch))
        with stored.path.open("rb") as file:
            request = ListenRequest(AudioData(file, stored.size), config, plan)
            async with aclosing(self._listen(context, request)) as events:
                result = await collect_transcript(events)
        on_made()
        async with ResultWriter(self._results, self._calls, batch.id, item.digest) as writer:
            await writer.write(json.dumps(asdict(result), ensure_ascii=False).encode("utf-8", "surrogatepass"))
            size = await writer.commit(TRANSCRIPT)
        made = _result(context, TRANSCRIPT, "application/json", size, result.duration)
        return replace(made, key=_kept(key, context, plan.instance))


def _viewer(batch: Batch) -> Viewer:
    return Viewer(batch.owner, sees_all=batch.owner is None)


def _listening_key(plan: TranscriptionPlan) -> str:
    return hashlib.sha256(repr((plan.instance, plan.model, plan.params)).encode("utf-8", "surrogatepass")).hexdigest()


def _kept(key: str, context: RequestContext, instance: str) -> str | None:
    """None where another engine did it than was planned."""
    return key if context.output_data.engine == instance else None


def _result(context: RequestContext, extension: str, media_type: str, size: int, seconds: float) -> ItemResult:
    output = context.output_data
    return ItemResult(
        extension,
        media_type,
        size,
        round(seconds, 3),
        output.engine,
        output.voice,
        output.language,
        tuple(context.warnings),
    )
