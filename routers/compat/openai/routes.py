"""OpenAI's audio API: a translation to the core, nothing more.

Decisions where the hosted service gives no model to follow: tests/routers/compat shows each. An unknown model is 404
`model_not_found`, as there; a model that does the other thing is unknown too. `voice` may be left out. Fields of other
servers are ignored, those of the engine at hand are used. An extra that an engine cannot give (log probabilities) is
left out and told; what changes the meaning of the answer (telling speakers apart, where no model does) is refused,
since an answer without it would be taken for one with it.
"""

from __future__ import annotations

from routers.compat.openai.custom_voices import CustomVoiceRoutes
from routers.compat.openai.models import ModelRoutes
from routers.compat.openai.provenance import ProvenanceRoutes
from routers.compat.openai.speech import SpeechRoutes
from routers.compat.openai.speech_batch import SpeechBatchRoutes
from routers.compat.openai.speech_stream import SpeechStreamRoutes
from routers.compat.openai.transcription import TranscriptionRoutes
from routers.compat.openai.voice_consents import VoiceConsentRoutes
from routers.compat.openai.voices import VoiceRoutes
from routers.core.voice_checks import VoiceChecks
from routers.services import Services


class OpenAIRoutes:
    def __init__(self, services: Services) -> None:
        checks = VoiceChecks(services)
        self.parts = (
            SpeechRoutes(services),
            SpeechBatchRoutes(services),
            SpeechStreamRoutes(services),
            TranscriptionRoutes(services),
            ModelRoutes(services.models),
            VoiceRoutes(services),
            VoiceConsentRoutes(services, checks),
            CustomVoiceRoutes(services, checks),
            ProvenanceRoutes(services),
        )
