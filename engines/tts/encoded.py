"""Speech that comes over a network as an encoded file, decoded while it comes, whatever its container and rate."""

from __future__ import annotations

from collections.abc import Iterator

from stts.engine_api import Samples
from stts.errors import AudioTooLong, EngineError, UndecodableAudio

BLOCK_SECONDS = 0.06
SECONDS_A_CHARACTER = 1.0
"""Most speech that a text is believed to be: more of it is a fault, and is cut off."""
LEAST_SECONDS = 30.0


def decoded(blocks: Iterator[bytes], sample_rate: int, text: str, sender: str) -> Iterator[Samples]:
    """Yields mono float32 at `sample_rate`. `sender`: who sends it, for messages.

    Raises EngineError for what is no audio, is empty, or is far longer than the text, and whatever the blocks raise.
    """
    from stts.audio.decode import Decoder
    from stts.audio.source import BlockSource

    source = BlockSource(blocks)
    most = max(LEAST_SECONDS, SECONDS_A_CHARACTER * len(text))
    try:
        yield from Decoder(source, sample_rate=sample_rate, max_seconds=most, block_seconds=BLOCK_SECONDS)
    except UndecodableAudio as error:
        what = "sent something that does not decode as audio" if source.bytes_read else "sent no audio"
        raise EngineError(f"{sender} {what}.") from error
    except AudioTooLong as error:
        raise EngineError(f"{sender} sent far more audio than the text can be.") from error
