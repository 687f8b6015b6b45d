"""Models of the hosted service by their ids, and what clients rely on with each: they choose features by the id.

An id behaves here as the original did. What more this server can do (every format, events of speech by any id) it
does for each of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Use = Literal["speech", "transcription", "live transcription", "conversation", "translation", "live"]
"""Purpose of a model: the first two are requests, the others sessions."""
Counted = Literal["tokens", "duration"]

DATED = re.compile(r"-\d{4}-\d{2}-\d{2}$")
"""End of the id of one version of a model, which behaves as the model does."""


@dataclass(frozen=True, slots=True)
class HostedModel:
    use: Use
    formats: tuple[str, ...] = ()
    """Values of `response_format` that the original had."""
    events: tuple[str, ...] = ()
    """Types of the events of its streams, in their order; none: the original had no such stream."""
    usage: Counted | None = None
    """The unit in which its transcripts are counted."""
    logprobs: bool = False
    """Probabilities of tokens may be asked for."""
    instructions: bool = False
    """Speech is directed by `instructions`; the others pass over them."""
    commits: bool = False
    """The client ends turns itself, unless it asks for turn detection."""


SPOKEN = ("mp3", "opus", "aac", "flac", "wav", "pcm")
SPEECH_EVENTS = ("speech.audio.delta", "speech.audio.done")
DELTAS = ("transcript.text.delta", "transcript.text.done")

SPEECH = HostedModel("speech", SPOKEN)
DIRECTED_SPEECH = HostedModel("speech", SPOKEN, SPEECH_EVENTS, instructions=True)
TEXT = HostedModel("transcription", ("json", "text"), DELTAS, "tokens", logprobs=True)
CONVERSATION = HostedModel("conversation")
LIVE = HostedModel("live")

MODELS: Mapping[str, HostedModel] = {
    "tts-1": SPEECH,
    "tts-1-hd": SPEECH,
    "gpt-4o-mini-tts": DIRECTED_SPEECH,
    "whisper-1": HostedModel("transcription", ("json", "text", "srt", "verbose_json", "vtt"), usage="duration"),
    "gpt-4o-transcribe": TEXT,
    "gpt-4o-mini-transcribe": TEXT,
    "gpt-transcribe": HostedModel("transcription", ("json", "text"), DELTAS, "tokens"),
    "gpt-4o-transcribe-diarize": HostedModel(
        "transcription",
        ("json", "text", "diarized_json"),
        ("transcript.text.delta", "transcript.text.segment", "transcript.text.done"),
        "duration",
    ),
    "gpt-live-transcribe": HostedModel("live transcription", commits=True),
    "gpt-realtime-whisper": HostedModel("live transcription", usage="duration", commits=True),
    "gpt-realtime": CONVERSATION,
    "gpt-realtime-mini": CONVERSATION,
    "gpt-realtime-2": CONVERSATION,
    "gpt-realtime-2.1": CONVERSATION,
    "gpt-realtime-2.1-mini": CONVERSATION,
    "gpt-4o-realtime-preview": CONVERSATION,
    "gpt-4o-mini-realtime-preview": CONVERSATION,
    "gpt-realtime-translate": HostedModel("translation"),
    "gpt-live-1": LIVE,
    "gpt-live-1.1": LIVE,
}

SESSIONS: tuple[str, ...] = tuple(
    id for id, each in MODELS.items() if each.use in ("conversation", "translation", "live")
)
"""Ids of sessions in which each operation has a model of its own; no setting maps them to an engine."""


def hosted_model(id: str) -> HostedModel | None:
    """The model of an id, or of a version of it; None: the id is none of the hosted service."""
    plain = id.strip().lower()
    return MODELS.get(plain) or MODELS.get(DATED.sub("", plain))


def without_version(id: str) -> str | None:
    """The id of the model that this one is a version of; None: it names no version of a hosted model."""
    plain = id.strip().lower()
    model = DATED.sub("", plain)
    return model if model != plain and model in MODELS else None


def counts_tokens(id: str) -> bool:
    """True for models whose usage of transcripts is in tokens; all others count the time of the recording."""
    model = hosted_model(id)
    return model is not None and model.usage == "tokens"


def formats_of(id: str) -> tuple[str, ...]:
    """Values of `response_format` that the original of an id had; none: it is none of the hosted service."""
    model = hosted_model(id)
    return () if model is None else model.formats


def commits_turns(id: str) -> bool:
    """True for models of live transcription whose clients end turns themselves, unless they ask for detection."""
    model = hosted_model(id)
    return model is not None and model.commits
