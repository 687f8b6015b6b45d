"""Validates recordings that are to be voices: figures of all samples, speech, speakers, and words of the transcript."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import asdict
from typing import BinaryIO

import numpy as np
from fastapi import Request

from routers.core.voice_report import NO_TRANSCRIPT, ProblemShape, VoiceReport, WindowShape
from routers.http.operation import operation_context, principal_of
from routers.http.workers import Workers
from routers.services import Services
from stts.context import Priority
from stts.errors import (
    EngineNotInstalled,
    EngineWeightsMissing,
    Forbidden,
    InvalidRequest,
    STTSError,
    TooManyRequests,
)
from stts.languages import primary
from stts.plans import ListenRequest
from stts.text.transcript import collect_transcript
from stts.transcription import AudioData, TranscriptionConfig
from stts.vad.requests import DetectRequest
from stts.vad.rules import RegionRules
from stts.voices.clustering import Vectors, unit
from stts.voices.figures import Figures
from stts.voices.measure import measured
from stts.voices.problems import problems
from stts.voices.repair import needed
from stts.voices.speakers import audible_windows, count_speakers
from stts.voices.words import WordsFound, words_found

THREADS = 1
MOST_WAITING = 8
MOST_LISTENED = 60.0
"""Seconds of a recording up to which it is transcribed, to be compared with its transcript."""

NOBODY_CAN = (EngineNotInstalled, EngineWeightsMissing, Forbidden, InvalidRequest)
"""Errors which say that nobody here can look at a recording. All else passes (a full queue, a used-up quota, a time
limit): nothing counts as looked at because of that."""


class VoiceChecks:
    def __init__(self, services: Services) -> None:
        self._services = services
        self.workers = Workers("voices", threads=THREADS, queue_length=MOST_WAITING)

    async def figures(self, file: BinaryIO, longest: float) -> Figures:
        """Decodes all of it. Raises UndecodableAudio, AudioTooLong, Busy. `longest`: seconds of its best part."""
        seconds = self._services.settings().limits.audio_seconds
        return await self.workers.run(
            lambda checkpoint: measured(file, max_seconds=seconds, longest=longest, checkpoint=checkpoint)
        )

    async def report(
        self, request: Request, file: BinaryIO, figures: Figures, transcript: str, language: str | None
    ) -> VoiceReport:
        """The figures, with all that others find in the recording. What nobody can tell is null, and says why."""
        unknown: dict[str, str] = {}
        speech = None if figures.level is None else await self._speech_seconds(request, file, unknown)
        speakers = await self._speakers(file, unknown)
        words = await self._words(request, file, figures, transcript, language, unknown)
        found = problems(figures, speech_seconds=speech, speakers=speakers, words=words)
        return VoiceReport(
            **{name: value for name, value in asdict(figures).items() if name in VoiceReport.model_fields}
            | {"window": WindowShape(start=figures.window.start, end=figures.window.end)},
            speech_seconds=speech,
            speakers=speakers,
            words_found=words.found if words else None,
            words_spoken=words.spoken if words else None,
            unknown=unknown,
            repairs=list(needed(figures, figures.window)),
            problems=[ProblemShape(**asdict(each)) for each in found],
            usable=not any(each.refused for each in found),
        )

    async def heard(self, request: Request, file: BinaryIO, language: str | None) -> str:
        """The words of a recording. Raises one of `NOBODY_CAN` where nobody here can listen to it."""
        config = TranscriptionConfig(language=language, permission=principal_of(request).permission)
        context = operation_context(request, "stt", priority=Priority.COLLECTED)
        async with aclosing(self._services.listen(context, ListenRequest(_audio(file), config))) as events:
            return (await collect_transcript(events)).text

    async def are_one_person(self, first: BinaryIO, second: BinaryIO) -> bool | None:
        """True if two recordings are of one person; None where nobody here can tell."""
        speakers = self._services.engines.speakers
        if await speakers.missing() is not None:
            return None
        try:
            vectors = [await self._vectors(each) for each in (first, second)]
        except NOBODY_CAN:
            return None
        if not all(map(len, vectors)):
            return None
        one, other = (unit(each.mean(axis=0)) for each in vectors)
        return bool(one @ other >= speakers.same())

    async def _speakers(self, file: BinaryIO, unknown: dict[str, str]) -> int | None:
        """People who speak in it; None, and why, where nobody can tell."""
        speakers = self._services.engines.speakers
        why = await speakers.missing()
        if why is None:
            try:
                return count_speakers(await self._vectors(file), speakers.same())
            except STTSError as error:
                why = error.message
        unknown["speakers"] = why
        return None

    async def _vectors(self, file: BinaryIO) -> Vectors:
        """One vector for each two seconds in which something can be heard. Raises what the engine raises."""
        windows = await self.workers.run(lambda checkpoint: audible_windows(file, checkpoint))
        found = [(await self._services.engines.speakers.windows(each)).vectors.mean(axis=0) for each in windows]
        return unit(np.stack(found)) if found else np.zeros((0, 1), np.float32)

    async def _speech_seconds(self, request: Request, file: BinaryIO, unknown: dict[str, str]) -> float | None:
        settings = self._services.settings()
        rules = RegionRules(settings.stt.vad_threshold, 0.25, 0.5, 0.0, settings.limits.audio_seconds)
        context = operation_context(request, "stt", priority=Priority.COLLECTED)
        try:
            async with aclosing(self._services.detect(context, DetectRequest(_audio(file), rules))) as found:
                return sum([each.end - each.start async for each in found])
        except NOBODY_CAN as error:
            unknown["speech_seconds"] = error.message
            return None

    async def _words(
        self,
        request: Request,
        file: BinaryIO,
        figures: Figures,
        transcript: str,
        language: str | None,
        unknown: dict[str, str],
    ) -> WordsFound | None:
        why = _not_listened(figures, transcript)
        if why is None:
            try:
                heard = await self.heard(request, file, language)
                return words_found(transcript, heard, english=language is not None and primary(language) == "en")
            except TooManyRequests:
                raise
            except STTSError as error:
                why = f"It could not be transcribed: {error.message}"
        unknown["words_found"] = why
        return None


def _not_listened(figures: Figures, transcript: str) -> str | None:
    """Says why a recording is not compared with its transcript; None: it is."""
    if not transcript.strip():
        return NO_TRANSCRIPT
    if figures.level is None:
        return "Nothing in it can be heard."
    return f"It is longer than {MOST_LISTENED:g} s." if figures.seconds > MOST_LISTENED else None


def _audio(file: BinaryIO) -> AudioData:
    file.seek(0, 2)
    size = file.tell()
    file.seek(0)
    return AudioData(file, size)
