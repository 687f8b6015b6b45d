"""Options: what a listener says to this dialect alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from middleware.listener import ListenerSettings
from stts.engine_state import AUTO
from stts.settings.section import Section

Address = Annotated[str, Field(pattern=r"^https?://[^/@\s]+/")]


class DeepgramOptions(Section):
    listen_engine: str = Field(AUTO, description="The engine behind Deepgram's own names of models that listen.")
    models: Mapping[str, str] = Field({}, description="Name of a model that listens -> engine.")
    voices: Mapping[str, str] = Field({}, description="Name of a model that speaks (`aura-2-thalia-en`) -> voice.")
    language: str | None = Field(
        "en", description="BCP 47: what is heard where a request does not say. null: it is detected."
    )
    shortest_pause_ms: int = Field(
        300, description="Least silence that ends an utterance, whatever `endpointing` says.", ge=100, le=10_000
    )
    allowed_urls: tuple[Address, ...] = Field(
        (), description="Beginnings of addresses that recordings may be fetched from, `https://host/path/`."
    )


def options_of(listener: ListenerSettings) -> DeepgramOptions:
    """The options of a listener, or the defaults."""
    return listener.options if isinstance(listener.options, DeepgramOptions) else DeepgramOptions.model_validate({})
