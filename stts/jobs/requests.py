"""Requests of items as plain JSON values, and back; and the address of an item's content."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any, TypeVar

from stts.access.permission import Permission
from stts.jobs.values import BatchKind
from stts.speech import SynthesisConfig
from stts.transcription import TranscriptionConfig

MAPPINGS = ("parameters", "dictionary")
"""Fields that are not kept where they are empty."""
NOT_AUDIBLE = frozenset({"pause", "own"})
"""Parts of a request on which its result does not depend."""

Config = TypeVar("Config", SynthesisConfig, TranscriptionConfig)


def speech_request(text: str, config: SynthesisConfig, pause: float = 0.0) -> dict[str, Any]:
    """`pause`: seconds of silence behind it, which are no part of what is spoken."""
    return {"text": text, "config": _stored(config)} | ({"pause": pause} if pause else {})


def transcription_request(file_id: str, config: TranscriptionConfig, *, own: bool) -> dict[str, Any]:
    """`own`: the upload came with the job, and goes when it has been heard."""
    return {"file": file_id, "own": own, "config": _stored(config)}


def speech_config(request: Mapping[str, Any], permission: Permission) -> SynthesisConfig:
    return _restored(SynthesisConfig, request["config"], permission)


def transcription_config(request: Mapping[str, Any], permission: Permission) -> TranscriptionConfig:
    return _restored(TranscriptionConfig, request["config"], permission)


def address(kind: BatchKind, request: Mapping[str, Any], secret: bytes) -> str:
    """HMAC-SHA-256 in hex over all that the result of an item depends on.

    It outlives the words: a bare hash of a short text is found by trying texts.
    """
    audible = {name: value for name, value in request.items() if name not in NOT_AUDIBLE}
    content = json.dumps([kind, audible], sort_keys=True, separators=(",", ":"))
    return hmac.new(secret, content.encode("utf-8", "surrogatepass"), "sha256").hexdigest()


def _stored(config: SynthesisConfig | TranscriptionConfig) -> dict[str, Any]:
    """Its fields but for defaults. Permissions are those of the key when the item is done."""
    values = {each.name: getattr(config, each.name) for each in fields(config) if each.name != "permission"}
    defaults = {each.name: each.default for each in fields(config) if each.default is not MISSING}
    stored = {name: value for name, value in values.items() if name not in defaults or value != defaults[name]}
    return {
        name: dict(value) if name in MAPPINGS else value
        for name, value in stored.items()
        if name not in MAPPINGS or value
    }


def _restored(kind: type[Config], stored: Mapping[str, Any], permission: Permission) -> Config:
    """A field that this server does not know, because a newer one has written it, is left out."""
    known = {each.name for each in fields(kind)}
    return kind(**{name: value for name, value in stored.items() if name in known}, permission=permission)
