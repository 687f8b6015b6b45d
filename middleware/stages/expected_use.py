"""Amounts that an operation will use of its caller's quotas, as far as they are known before the work."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from stts.access.allowances import Unit
from stts.audio.declared import declared_seconds
from stts.plans import ListenRequest, ProvenanceRequest, SpeechRequest
from stts.pronunciation.dictionary import spoken_characters
from stts.protocols import HearRequest
from stts.vad.requests import DetectRequest

SLOWEST_CHARACTERS = 10.0
"""Characters that a slow voice speaks a second: an answer is thought too long rather than too short."""
SMALLEST = 1.0
"""Characters or seconds reserved of what is not known yet: a call begins where as much is left."""


async def expected(request: object) -> Sequence[tuple[Unit, float]]:
    """Amounts by unit. A text counts as it is, or as long as a dictionary of the request's own makes it."""
    if isinstance(request, SpeechRequest):
        text, words = request.text, request.config.dictionary
        characters = float(spoken_characters(text, words)) if isinstance(text, str) else SMALLEST
        seconds = max(SMALLEST, characters / SLOWEST_CHARACTERS) + request.silence
        return (Unit.CHARACTERS, characters), (Unit.SPOKEN, seconds)
    if isinstance(request, ListenRequest | DetectRequest | ProvenanceRequest):
        return ((Unit.HEARD, await asyncio.to_thread(declared_seconds, request.audio.file, request.audio.size)),)
    return ((Unit.HEARD, SMALLEST),) if isinstance(request, HearRequest) else ()
