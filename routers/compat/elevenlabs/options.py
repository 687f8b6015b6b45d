"""Options of a listener for this dialect alone: `listeners.NAME.options`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from stts.settings.section import Section, fixed


class ElevenLabsOptions(Section):
    voices: Mapping[str, str] = fixed(
        "Voice ids of the hosted service -> voices of this server. Before all others.", default={}
    )
    models: Mapping[str, str] = fixed(
        "Models of the hosted service -> models of GET /v1/models. Those that begin with `eleven_` are `auto`.",
        default={},
    )
    unknown_voice: Literal["refuse", "default"] = fixed(
        "A voice id that is known neither here nor there is refused, or spoken by the default voice.",
        default="refuse",
    )
