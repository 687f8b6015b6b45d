"""Opens Live sessions: from the object that a client sends to the configuration of a conversation."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from adapters.hosted_names import ModelCatalogue
from middleware.listener import OutputDefaults
from routers.compat.live.delegation.brain import Brain
from routers.compat.live.delegation.choosing import make_brain
from routers.compat.live.session_object import (
    USUAL_VOICE,
    SessionObject,
    check_known,
    delegation_of,
    format_of,
    new_session_id,
    read_session,
    unknown_fields,
    without_effect,
)
from routers.compat.live.session_schemas import LiveSessionFields
from routers.compat.live.voice_names import is_hosted_alone
from routers.http.listener_speech import given_defaults
from stts.chat import Message
from stts.conversation.config import SessionConfig, session_config
from stts.conversation.history import History, Item, new_item_id
from stts.engine_state import AUTO
from stts.errors import InvalidParameter, STTSError, UnknownModel
from stts.hosted_models import MODELS
from stts.languages import nearest
from stts.settings import CurrentSettings
from stts.speech import SynthesisConfig
from stts.transcription import TranscriptionConfig

HOSTED_LIVE = ("live", "realtime")
"""Parts of the names of hosted models that converse: here each operation has a model of its own."""
LIVE_IDS = tuple(id for id, hosted in MODELS.items() if hosted.use == "live")
AHEAD_SECONDS = 0.2
"""Speech that waits here for its frames to be due; its client never gets more than one of them ahead."""
PARAMS = {"voice": "session.audio.output.voice", "engine": "session.model", "model": "session.model"}
"""Name of a field in the core -> its place at clients."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A session that is about to begin."""

    object: SessionObject
    config: SessionConfig
    history: History
    brain: Brain
    unknown: list[str]
    """Fields that nobody here knows."""


class Openings:
    def __init__(
        self, models: ModelCatalogue, settings: CurrentSettings, clock: Callable[[], float] = time.time
    ) -> None:
        """`clock` gives Unix time."""
        self._models, self._settings, self._clock = models, settings, clock

    def open(self, given: Mapping[str, Any], output: Callable[[], OutputDefaults], rate: int | None = None) -> Opening:
        """`output`: the defaults of the listener. `rate`: Hz of a transport that has a format of its own.

        Raises InvalidParameter and UnknownModel.
        """
        settings = self._settings()
        fields = read_session(given)
        unknown = unknown_fields(fields) + without_effect(fields, by_webrtc=rate is not None)
        check_known(unknown, strict=settings.live.strict)
        format = format_of(fields) if rate is None else None
        if rate is not None and fields.audio is not None and fields.audio.format is not None:
            raise InvalidParameter("This transport negotiates its format itself.", param="session.audio.format")
        delegation = delegation_of(fields)
        brain = make_brain(delegation, fields.instructions, self._settings)
        voice = self._voice(fields, output())
        expires_at = int(self._clock() + settings.live.session_minutes * 60)
        object = SessionObject(new_session_id(), fields, delegation, expires_at, voice or USUAL_VOICE, format)
        speak, listen = self._speaking(fields, voice, output()), self._listening(fields)
        speak = replace(speak, sample_rate=format.rate if format is not None else rate)
        base = session_config(settings)
        config = replace(
            base, listen=listen, speak=speak, resume=False, ahead=AHEAD_SECONDS, follow_words=True, prompt_after=0.0
        )
        return Opening(object, brain.configured(config), self._history(fields), brain, unknown)

    def _voice(self, fields: LiveSessionFields, defaults: OutputDefaults) -> str | None:
        """The voice that speaks; None: the usual one of its engine."""
        wanted = fields.audio.output.voice if fields.audio is not None and fields.audio.output is not None else None
        if wanted is None or is_hosted_alone(wanted):
            ours = self._speaker(fields.model) in (AUTO, defaults.engine)
            return defaults.voice if ours else None
        return wanted

    def _speaking(self, fields: LiveSessionFields, voice: str | None, defaults: OutputDefaults) -> SynthesisConfig:
        engine = self._speaker(fields.model)
        usual = engine in (AUTO, defaults.engine) and voice == defaults.voice
        config = SynthesisConfig(
            engine=defaults.engine if engine == AUTO else engine,
            voice=None if usual else voice,
            format="pcm",
            ignore_unknown_parameters=True,
        )
        return given_defaults(defaults, "", config)

    def _listening(self, fields: LiveSessionFields) -> TranscriptionConfig:
        try:
            engine = self._models.engine(fields.model, "stt")
        except UnknownModel:
            engine = AUTO
        return TranscriptionConfig(engine=engine, ignore_unknown_parameters=True)

    def _speaker(self, model: str) -> str:
        """The engine that speaks for a model. Raises UnknownModel for a name that means nothing here."""
        if any(part in model for part in HOSTED_LIVE):
            return AUTO
        try:
            return self._models.engine(model, "tts")
        except UnknownModel:
            if self._listens(model):
                return AUTO
        known = [*LIVE_IDS, *(name for name in self._models.names("tts", "stt") if name not in LIVE_IDS)]
        near = nearest(model, known)
        hint = f" Near it are: {', '.join(near)}." if near else ""
        raise UnknownModel(f"There is no such model for this.{hint}", param="session.model", allowed=known)

    def _listens(self, model: str) -> bool:
        try:
            self._models.engine(model, "stt")
        except UnknownModel:
            return False
        return True

    def _history(self, fields: LiveSessionFields) -> History:
        conversation = self._settings().conversation
        history = History(conversation.history_messages, conversation.history_characters)
        for item in fields.input or ():
            role = "system" if item.role == "developer" else item.role
            history.append(Item(new_item_id(), Message(role, item.text)))
        return history


def in_dialect(error: STTSError) -> STTSError:
    """Renames the field of an error to the client's name for it."""
    error.param = PARAMS.get(error.param or "", error.param)
    return error
