"""The operations that routes and sockets run, each with the stages around it that concern it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import NamedTuple, cast

from adapters.detection.speech_detector import Speech
from adapters.phonemes import ReadText
from middleware.pipeline import Stage, compose
from middleware.stages.caching import CachingStage
from middleware.stages.planning import PlanningStage
from middleware.stages.quotas import QuotaStage
from middleware.stages.whole import WholeAnswers
from middleware.stages.yielding import YieldingStage
from routers.access_services import AccessServices
from routers.engine_services import EngineServices
from routers.http.operation import Listen, Speak
from routers.http.provenance import ProvenanceChecks
from routers.http.recording import RecordingStage
from routers.measuring import Measures
from stts.audio.watermark.detector import WatermarkFinding
from stts.cache.store import CacheStore
from stts.context import RequestContext
from stts.conversation.exchange import ExchangeRequest, Exchanges, UserTurn
from stts.conversation.generation import ReplyItem
from stts.conversation.services import Hear, Reply
from stts.plans import ProvenanceRequest, SpeechRequest
from stts.scheduling.yielding import Yielding
from stts.settings import CurrentSettings
from stts.storage.files.store import FileStore
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


class Around(NamedTuple):
    """The stages around operations that others ask, too."""

    quotas: QuotaStage
    yielding: Yielding
    whole: WholeAnswers


def build_pipelines(
    current: CurrentSettings,
    measures: Measures,
    access: AccessServices,
    services: EngineServices,
    cache: CacheStore,
    files: FileStore,
) -> tuple[Pipelines, Around]:
    """Stages stand outside in: all are counted, those that speak, hear and look have quotas, and some a plan.

    What is recorded has its plan: the plan names the encoding. The cache is asked inside of it.
    """
    quotas, yielding = QuotaStage(access.quotas, access.operations, current, access.refusals), Yielding()
    gives_way = YieldingStage(yielding)
    caching = cast(Stage, CachingStage(cache, services.operations.speak, current))
    limited = (*measures.stages, quotas)
    planned = (*limited, gives_way, PlanningStage(services.selection))
    speak = compose((*planned, RecordingStage(files), caching), services.operations.speak)
    listen = compose(planned, services.operations.listen)
    reply = compose(measures.stages, services.replies.reply)
    detector = services.engines.detector
    pipelines = Pipelines(
        speak=speak,
        listen=listen,
        hear=compose(limited, services.operations.hear),
        reply=reply,
        converse=compose(limited, Exchanges(listen, reply, speak).exchange),
        detect=compose(limited, detector.detect),
        check_provenance=compose(limited, ProvenanceChecks(detector, current).check),
        read_phonemes=compose(limited, services.phonemes.read),
    )
    return pipelines, Around(quotas, yielding, WholeAnswers(*measures.counting, quotas, gives_way, access.rates))
