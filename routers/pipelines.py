"""The operations that routes and sockets run, each with the stages around it that concern it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from typing import NamedTuple

from adapters.catalogue import EngineCatalogue
from adapters.chat.router import Replies
from adapters.detection.speech_detector import Speech
from adapters.operations import EngineOperations
from adapters.phonemes import PhonemeReader, ReadText
from middleware.pipeline import Stage, compose
from routers.http.operation import Listen, Speak
from routers.http.provenance import ProvenanceChecks
from stts.audio.watermark.detector import WatermarkFinding
from stts.context import RequestContext
from stts.conversation.exchange import ExchangeRequest, Exchanges, UserTurn
from stts.conversation.generation import ReplyItem
from stts.conversation.services import Hear, Reply
from stts.plans import ProvenanceRequest, SpeechRequest
from stts.settings import CurrentSettings
from stts.vad.requests import DetectRequest

Converse = Callable[[RequestContext, ExchangeRequest], AsyncGenerator[UserTurn | ReplyItem, None]]
"""The pipeline with one exchange (listen, reply, speak) at its end."""
Detect = Callable[[RequestContext, DetectRequest], AsyncGenerator[Speech, None]]
"""The pipeline with the speech detector at its end."""
CheckProvenance = Callable[[RequestContext, ProvenanceRequest], AsyncGenerator[WatermarkFinding, None]]
"""The pipeline with the search for the watermark at its end, in one item."""
ReadPhonemes = Callable[[RequestContext, SpeechRequest], AsyncGenerator[ReadText, None]]
"""The pipeline with an engine at its end that tells the phonemes of a text, in one item."""


class Pipelines(NamedTuple):
    """One of each operation, in the order in which `Services` has them."""

    speak: Speak
    listen: Listen
    hear: Hear
    reply: Reply
    converse: Converse
    detect: Detect
    check_provenance: CheckProvenance
    read_phonemes: ReadPhonemes


def build_pipelines(
    counting: Sequence[Stage],
    quotas: Stage,
    planning: Sequence[Stage],
    recording: Stage,
    caching: Stage,
    engines: EngineCatalogue,
    operations: EngineOperations,
    replies: Replies,
    phonemes: PhonemeReader,
    settings: CurrentSettings,
) -> Pipelines:
    """Stages stand outside in: all are counted, those that speak, hear and look have quotas, and some a plan.

    What is recorded has its plan: the plan names the encoding. The cache is asked inside of it.
    """
    limited = (*counting, quotas)
    planned = (*limited, *planning)
    speak = compose((*planned, recording, caching), operations.speak)
    listen = compose(planned, operations.listen)
    reply = compose(counting, replies.reply)
    return Pipelines(
        speak=speak,
        listen=listen,
        hear=compose(limited, operations.hear),
        reply=reply,
        converse=compose(limited, Exchanges(listen, reply, speak).exchange),
        detect=compose(limited, engines.detector.detect),
        check_provenance=compose(limited, ProvenanceChecks(engines.detector, settings).check),
        read_phonemes=compose(limited, phonemes.read),
    )
