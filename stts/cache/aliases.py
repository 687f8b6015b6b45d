"""Answers by the names that another system has for them: a hash of the voice and the text, whatever else is heard.

An alias is an entry of its own, which holds the key of the answer: tiers keep it, let it expire and remove it with the
answer. A Redis that served that system may still hold what it made: such an answer is taken over as it is, so that the
same text stays the same bytes.
"""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import replace

from stts.cache.answers import entry_of
from stts.cache.stored import Stored
from stts.plans import SpeechPlan
from stts.speech import AudioChunk

DEFAULT_VOICE = "default"
"""Stands for the voice in an alias where neither the request nor the listener names one."""
FOREIGN_KEYS = ("tts:{alias}", "{alias}")
"""Keys under which the other system keeps an answer in Redis."""
SAMPLE_BYTES = 2
ANY_HEADER = 32 + zlib.MAX_WBITS
"""Has zlib read its own header or that of gzip."""


def alias_of(voice: str | None, text: str) -> str:
    """SHA-256 of `voice_id:text`, in hexadecimal. `text`: as it was sent."""
    return hashlib.sha256(f"{voice or DEFAULT_VOICE}:{text}".encode("utf-8", "surrogatepass")).hexdigest()


def named(key: str, answer: Stored) -> Stored:
    """The entry of an alias of an answer."""
    return replace(answer, kind="alias", data=key.encode(), about={})


def meant_by(entry: Stored) -> str | None:
    """The key that an alias stands for; None for any other entry."""
    return entry.data.decode("ascii", "replace") if entry.kind == "alias" else None


def samples_of(kept: bytes, most_bytes: int) -> bytes | None:
    """The samples of an answer that was kept raw, with zlib or with gzip; None for what can be none."""
    inflating = zlib.decompressobj(ANY_HEADER)
    try:
        inflated = inflating.decompress(kept, most_bytes + 1)
        samples = inflated if inflating.eof else kept
    except zlib.error:
        samples = kept
    return samples if 0 < len(samples) <= most_bytes and len(samples) % SAMPLE_BYTES == 0 else None


def adopted(plan: SpeechPlan, text: str, samples: bytes, etag: str, created: float, expires: float) -> Stored | None:
    """The other system's speech as an answer; None where the plan is for something else than samples, or for a voice of
    a user, which that system did not have."""
    if (plan.output.format, plan.output.channels) != ("pcm", 1) or plan.owner is not None:
        return None
    seconds = len(samples) / SAMPLE_BYTES / plan.output.sample_rate
    return entry_of(plan, text, (AudioChunk(samples, seconds, text),), etag, created, expires)
