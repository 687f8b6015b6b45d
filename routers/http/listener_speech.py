"""Speech by the defaults of a listener, for dialects whose requests say little."""

from __future__ import annotations

from dataclasses import replace

from starlette.requests import HTTPConnection

from middleware.listener import OutputDefaults, listener_of
from routers.http.operation import principal_of
from stts.context import RequestContext
from stts.conversation.config import SessionConfig
from stts.errors import TextTooLong
from stts.speech import AudioFormat, SynthesisConfig


def check_length(text: str, output: OutputDefaults) -> None:
    """Raises TextTooLong for a text over the listener's own limit; that of the server is looked at by the pipeline."""
    limit = output.text_characters
    if limit is not None and len(text) > limit:
        raise TextTooLong(f"The text is longer than the limit of {limit} characters.", param="text")


def text_limit(connection: HTTPConnection, limit: int) -> int:
    """The lower of the listener's limit of a text and this one, in characters."""
    own = listener_of(connection.scope).output().text_characters
    return limit if own is None else min(own, limit)


def given_defaults(output: OutputDefaults, text: str, config: SynthesisConfig) -> SynthesisConfig:
    """The config with these defaults where it says nothing. Raises TextTooLong."""
    if output.says_nothing:
        return config
    check_length(text, output)
    return output.given_to(config)


def with_defaults(connection: HTTPConnection, text: str, config: SynthesisConfig) -> SynthesisConfig:
    """The config with the defaults of the listener where it says nothing. Raises TextTooLong."""
    return given_defaults(listener_of(connection.scope).output(), text, config)


def spoken_session(connection: HTTPConnection, config: SessionConfig) -> SessionConfig:
    """The session whose replies are spoken with the defaults of the listener, where the client says nothing."""
    if config.speak is None:
        return config
    return replace(config, speak=with_defaults(connection, "", config.speak))


def listener_config(
    request: HTTPConnection,
    *,
    format: AudioFormat | None = None,
    voice: str | None = None,
    sample_rate: int | None = None,
) -> SynthesisConfig:
    """How the listener speaks where the request does not say."""
    output = listener_of(request.scope).output()
    return SynthesisConfig(
        engine=output.engine,
        voice=voice or output.voice,
        language=output.language,
        format=format or output.format,
        sample_rate=sample_rate or output.sample_rate,
        parameters=output.parameters,
        permission=principal_of(request).permission,
    )


def cache_header(context: RequestContext) -> dict[str, str]:
    """`X-Cache` in the two words that most clients know: whoever joins an answer in the making has missed it."""
    note = context.output_data.cache
    return {"x-cache": "HIT" if note is not None and note.state == "HIT" else "MISS"}
