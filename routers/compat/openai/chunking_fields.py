"""The field `chunking_strategy` of transcriptions, in the ways in which clients write it.

A word or an object in JSON; the official clients send an object as a form field for each member of it:
`chunking_strategy[threshold]`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from stts.errors import InvalidParameter
from stts.transcription import Chunking

FIELD = "chunking_strategy"
MOST_MS = 10_000


class ServerVAD(BaseModel):
    """How the recording is cut; what is left out is as the server is configured."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    type: Literal["server_vad", "auto"] = "server_vad"
    threshold: float | None = Field(None, ge=0, le=1, description="Probability from which a sound is speech, 0 to 1.")
    prefix_padding_ms: float | None = Field(None, ge=0, le=MOST_MS, description="Audio kept around speech.")
    silence_duration_ms: float | None = Field(None, ge=0, le=MOST_MS, description="Silence that ends a chunk.")

    def chunking(self) -> Chunking:
        return Chunking(self.threshold, _seconds(self.prefix_padding_ms), _seconds(self.silence_duration_ms))


def with_members(form: Mapping[str, Any]) -> dict[str, Any]:
    """The form with the fields `chunking_strategy[..]` put together as one object."""
    members = {name[len(FIELD) + 1 : -1]: name for name in form if name.startswith(f"{FIELD}[") and name.endswith("]")}
    members.pop("", None)
    if not members:
        return dict(form)
    rest = {name: value for name, value in form.items() if name not in members.values()}
    return {**rest, FIELD: json.dumps({member: form[name] for member, name in members.items()}, default=str)}


def asked_chunking(text: str) -> Any:
    """The field as a value that `ServerVAD` reads; None for what leaves it to the server.

    Raises InvalidParameter for what is neither a word that is known nor an object.
    """
    word = text.strip()
    if word.lower() in ("", "auto", "null"):
        return None
    if word.lower() == "server_vad":
        return {}
    try:
        value = json.loads(word)
    except (ValueError, RecursionError):
        value = None
    if value == "auto" or value == {}:
        return None
    if not isinstance(value, dict):
        raise InvalidParameter(
            'It must be "auto" or an object: {"type": "server_vad", ..}.', param=FIELD, allowed=["auto", "server_vad"]
        )
    return {name: each for name, each in value.items() if each is not None}


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000
