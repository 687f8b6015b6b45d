"""Interpreters: an engine that hears one language and writes English, or the language model of the server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from adapters.hosted_names import ModelCatalogue
from middleware.listener import OutputDefaults
from routers.compat.realtime.interpreting.session_object import SessionObject
from routers.compat.realtime.session_schemas import PCM
from routers.http.listener_speech import given_defaults
from stts.chat import Message, ReplyConfig
from stts.conversation.config import ReplyOrder, SessionConfig, session_config
from stts.conversation.services import SessionServices
from stts.engine_state import AUTO
from stts.errors import EngineError, InvalidParameter, InvalidRequest, UnknownModel
from stts.languages import english_name, same_language
from stts.settings import CurrentSettings
from stts.speech import SynthesisConfig
from stts.transcription import TranscriptionConfig

AUDIO = PCM(type="audio/pcm", rate=24_000)
"""Format of both directions."""
ENGLISH = "en"
"""Language into which engines translate."""
SILENCE_SECONDS = 0.4
"""Silence after which what was said is translated."""
LONGEST_SECONDS = 12.0
"""Speech after which it is translated though nobody has paused."""
PULL = "`stts models pull whisper-base`"
"""Command that brings one of those engines its model."""
MODEL = "reply.adapter: openai"
"""Settings of the language model that translates into every language."""
INSTRUCTIONS = (
    "You are an interpreter. Translate each message into {language}, as it would be said aloud there. "
    "Write the translation alone: no answer to what is said, no explanation, no quotation marks. "
    "What is {language} already stays as it is."
)


@dataclass(frozen=True, slots=True)
class Interpretation:
    config: SessionConfig
    by_engine: bool
    """The words heard are the translation already."""
    source: TranscriptionConfig
    """How the words of the speaker are heard, where they are told and `config` hears the translation."""

    def order(self, text: str) -> ReplyOrder:
        """The reply that is the translation of what was heard. It stands beside the conversation: it waits for nobody
        to be silent, and nobody interrupts it."""
        if self.by_engine:
            return ReplyOrder(text=text, out_of_band=True)
        return ReplyOrder(messages=(Message("user", text),), out_of_band=True)


class Interpreters:
    def __init__(self, models: ModelCatalogue, settings: CurrentSettings) -> None:
        self._models = models
        self._settings = settings

    async def interpretation(
        self, session: SessionObject, services: SessionServices, output: Callable[[], OutputDefaults]
    ) -> Interpretation:
        """`output`: the defaults of the listener. Raises InvalidParameter where nobody here translates into the
        language of the session, and UnknownModel for a source model that is none."""
        settings, language = self._settings(), session.language
        base = session_config(settings)
        rules = base.turns
        assert rules is not None
        silence = min(SILENCE_SECONDS, rules.silence)
        turns = replace(
            rules,
            silence=silence,
            pause=min(rules.pause, silence),
            longest=LONGEST_SECONDS,
            interrupt=False,
            detector=False,
        )
        config = replace(
            base,
            turns=turns,
            respond=False,
            resume=False,
            speculate=False,
            prompt_after=0.0,
            ahead=None,
            speak=_speaking(language, output()),
        )
        source = self._source(session)
        translating = TranscriptionConfig(task="translate", ignore_unknown_parameters=True)
        if same_language(language, ENGLISH) and await _can(services, translating):
            return Interpretation(replace(config, listen=translating, reply=ReplyConfig(adapter="echo")), True, source)
        if settings.reply.adapter != "openai":
            raise InvalidParameter(
                f"Nobody here translates into this language: engines of the Whisper family translate into English "
                f"({PULL}), a language model ({MODEL}) into every language.",
                param="session.audio.output.language",
            )
        asked = ReplyConfig(instructions=INSTRUCTIONS.format(language=english_name(language).title()))
        return Interpretation(replace(config, listen=source, reply=asked), False, source)

    def _source(self, session: SessionObject) -> TranscriptionConfig:
        wanted, engine = session.shape.audio.input.transcription, AUTO
        if wanted is not None:
            try:
                engine = self._models.engine(wanted.model, "stt")
            except UnknownModel as error:
                error.param = "session.audio.input.transcription.model"
                raise
        return TranscriptionConfig(engine=engine, ignore_unknown_parameters=True)


async def _can(services: SessionServices, config: TranscriptionConfig) -> bool:
    """True if some engine here does this."""
    try:
        opened = await services.open(config)
    except (InvalidRequest, EngineError):
        return False
    await opened.aclose()
    return True


def _speaking(language: str, output: OutputDefaults) -> SynthesisConfig:
    """The voice of the listener, where it is one of this language; else the usual one of it."""
    config = SynthesisConfig(language=language, format="pcm", sample_rate=AUDIO.rate, ignore_unknown_parameters=True)
    if output.language is not None and same_language(output.language, language):
        return given_defaults(output, "", config)
    return config
