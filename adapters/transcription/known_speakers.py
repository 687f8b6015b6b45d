"""Recordings of speakers who are known, as vectors of their voices."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence

import numpy as np

from adapters.detection.speakers import EngineSpeakers
from stts.audio.decode import Decoder
from stts.audio.level import SILENT_POWER
from stts.engine_api import STT_SAMPLE_RATE, Samples
from stts.errors import AudioTooLong, InvalidParameter, UndecodableAudio
from stts.transcription import KnownSpeaker
from stts.voices.clustering import Vectors, unit

PARAM = "known_speaker_references"
SHORTEST, LONGEST = 2.0, 10.0
"""Seconds of a recording of a known speaker."""
TOLERANCE = 0.25
"""Seconds that a container may add or take."""


async def known_voices(known: Sequence[KnownSpeaker], speakers: EngineSpeakers) -> Vectors | None:
    """A vector for each of them; None: nobody is known.

    Raises InvalidParameter for a recording that is none, is silent, too short or too long.
    """
    vectors = []
    for number, each in enumerate(known):
        samples = await asyncio.to_thread(_samples, each.recording, number)
        windows = await speakers.windows(samples)
        vectors.append(unit(windows.vectors.mean(axis=0)))
    return np.stack(vectors) if vectors else None


def _samples(recording: bytes, number: int) -> Samples:
    param = f"{PARAM}.{number}"
    decoder = Decoder(io.BytesIO(recording), max_seconds=LONGEST + TOLERANCE)
    try:
        blocks = list(decoder)
    except AudioTooLong:
        raise _wrong_length(param) from None
    except UndecodableAudio as error:
        raise InvalidParameter("The recording of a known speaker is no audio that can be read.", param=param) from error
    samples = np.concatenate(blocks) if blocks else np.zeros(0, np.float32)
    if len(samples) < (SHORTEST - TOLERANCE) * STT_SAMPLE_RATE:
        raise _wrong_length(param)
    if float(np.square(samples).mean()) <= SILENT_POWER:
        raise InvalidParameter("In the recording of a known speaker nothing can be heard.", param=param)
    return samples


def _wrong_length(param: str) -> InvalidParameter:
    return InvalidParameter(
        f"The recording of a known speaker must last {SHORTEST:g} to {LONGEST:g} seconds.", param=param
    )
