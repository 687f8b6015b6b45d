"""Speech in OpenAI's words, with the defaults of the listener where a request says nothing."""

from __future__ import annotations

from starlette.requests import HTTPConnection

from adapters.hosted_names import ModelCatalogue
from middleware.listener import listener_of
from routers.compat.openai.schemas import CreateSpeechRequest
from routers.http.listener_speech import with_defaults
from routers.http.operation import principal_of
from stts.engine_state import AUTO
from stts.speech import SynthesisConfig


def speech_config(connection: HTTPConnection, models: ModelCatalogue, fields: CreateSpeechRequest) -> SynthesisConfig:
    """How the fields are to be spoken: a model that stands for `auto` is the engine of the listener. Raises
    UnknownModel, and TextTooLong for a text over the limit of the listener."""
    engine = models.engine(fields.model, "tts")
    if engine == AUTO:
        engine = listener_of(connection.scope).output().engine
    return with_defaults(connection, fields.input, fields.config(engine, principal_of(connection).permission))
