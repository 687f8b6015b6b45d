"""Recordings that are to be voices: validated, refused where there is no voice in them, cut where they are too long."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import BinaryIO

from fastapi import Request

from routers.core.voice_checks import VoiceChecks
from routers.core.voice_report import VoiceReport
from stts.audio.encode import encoded
from stts.audio.formats import resolve_sample_rate
from stts.engine_api import Samples
from stts.errors import InvalidParameter
from stts.speech import AudioFormat
from stts.voices.figures import Figures
from stts.voices.measure import WINDOW_SECONDS, suitable_rate
from stts.voices.repair import cut_out, repaired


@dataclass(frozen=True, slots=True)
class Prepared:
    """A recording in which there is a voice."""

    report: VoiceReport
    file: BinaryIO
    """The recording as it came, or its best part as a WAV file."""


class VoiceRecordings:
    def __init__(self, checks: VoiceChecks) -> None:
        self._checks = checks

    async def prepared(
        self,
        request: Request,
        file: BinaryIO,
        *,
        longest: float,
        kept: float,
        transcript: str = "",
        language: str | None = None,
        param: str = "file",
    ) -> Prepared:
        """Raises InvalidParameter where there is no voice in it, UndecodableAudio, AudioTooLong, Busy.

        Of a recording of more than `longest` seconds the best part of at most `kept` is cut out.
        """
        figures = await self._checks.figures(file, WINDOW_SECONDS)
        if is_cut := figures.seconds > longest:
            figures = await self._checks.figures(file, min(longest, kept))
        report = await self._checks.report(request, file, figures, transcript, language)
        refused = next((each for each in report.problems if each.refused), None)
        if refused is not None:
            raise InvalidParameter(refused.message, param=param)
        return Prepared(report, io.BytesIO(await self.best_part(file, figures)) if is_cut else file)

    async def best_part(self, file: BinaryIO, figures: Figures, format: AudioFormat = "wav") -> bytes:
        """The best part of a recording, repaired, as a file of this format."""
        rate = resolve_sample_rate(format, None, suitable_rate(figures.sample_rate))

        def part(samples: Samples) -> bytes:
            return encoded(repaired(samples, rate).samples, format, rate)

        return await self._checks.workers.run(
            lambda checkpoint: part(cut_out(file, figures.window, rate, checkpoint=checkpoint))
        )
