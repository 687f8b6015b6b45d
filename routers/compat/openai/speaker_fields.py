"""The fields of transcriptions that tell speakers apart: names of those who are known, and recordings of them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

from routers.http.long_field_names import MOST_LONG
from stts.errors import InvalidParameter
from stts.transcription import KnownSpeaker, SpeakerWishes

NAMES, REFERENCES = "known_speaker_names", "known_speaker_references"
MOST_SPEAKERS = 64


def speaker_wishes(names: Sequence[str], references: Sequence[str], count: int | None, *, early: bool) -> SpeakerWishes:
    """How speakers are to be told apart. Blocking: recordings are decoded from base64.

    Raises InvalidParameter for names and recordings that are no pairs.
    """
    if len(names) != len(references):
        raise InvalidParameter("There must be as many names of known speakers as recordings of them.", param=REFERENCES)
    if len(names) > MOST_LONG:
        raise InvalidParameter(f"At most {MOST_LONG} speakers may be known.", param=NAMES)
    if len({name.strip() for name in names} - {""}) != len(names):
        raise InvalidParameter("Each known speaker must have a name of its own.", param=NAMES)
    known = tuple(
        KnownSpeaker(name.strip(), _recording(reference, f"{REFERENCES}.{number}"))
        for number, (name, reference) in enumerate(zip(names, references, strict=True))
    )
    fewest, most = (count, count) if count else (1, MOST_SPEAKERS)
    return SpeakerWishes(fewest, most, known, early=early)


def _recording(reference: str, param: str) -> bytes:
    """The bytes in a data URL; its media type counts for nothing, content decides."""
    head, comma, data = reference.strip().partition(",")
    if not (head[:5].lower() == "data:" and comma and head.lower().endswith(";base64")):
        raise InvalidParameter("The recording must be a data URL in base64: data:audio/wav;base64,..", param=param)
    try:
        return base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidParameter("The recording is not base64.", param=param) from None
