"""Every key of the configuration as data: whether it is live, protected or secret, and how its value may be shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from stts.settings import Settings

KeyPath = tuple[str, ...]
"""`("limits", "queue_length")`; for a mapping also its entries: `("openai", "models", "tts-1")`."""

MASK = "********"

_SECRET_NAME = re.compile(r"key|token|secret|passw|passphrase|credential|auth|cookie|bearer|signature", re.IGNORECASE)
_SECRET_TEXT = re.compile(r"://[^/\s]*@")
"""An address with a password in it."""


@dataclass(frozen=True, slots=True)
class Key:
    section: str
    field: str
    live: bool
    """Takes effect for the next request; else after a restart."""
    protected: bool
    """Cannot be changed over HTTP."""
    secret: bool
    mapping: bool
    description: str

    @property
    def name(self) -> str:
        return f"{self.section}.{self.field}"

    def of(self, settings: Settings) -> Any:
        return getattr(getattr(settings, self.section), self.field)

    def shown(self, settings: Settings) -> Any:
        """The value as JSON, secrets masked."""
        if self.secret:
            return None if self.of(settings) is None else MASK
        section: BaseModel = getattr(settings, self.section)
        value = section.model_dump(mode="json", include={self.field})[self.field]
        return _masked(value) if self.mapping and self.protected else value


def section_fields(section: str) -> Mapping[str, FieldInfo]:
    """The keys of a section that exists."""
    model = Settings.model_fields[section].annotation
    assert isinstance(model, type) and issubclass(model, BaseModel)
    return model.model_fields


def _key(section: str, field: str, info: FieldInfo) -> Key:
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    return Key(
        section,
        field,
        live=extra.get("live") is True,
        protected=extra.get("protected") is True,
        secret=SecretStr in (info.annotation, *get_args(info.annotation)),
        mapping=get_origin(info.annotation) is dict,
        description=info.description or "",
    )


def _masked(value: Any) -> Any:
    """Options of engines are not typed here, so what is named like a secret is taken for one, whatever it holds."""
    match value:
        case dict():
            return {name: _masked_entry(name, entry) for name, entry in value.items()}
        case list():
            return [_masked(entry) for entry in value]
        case str() if _SECRET_TEXT.search(value):
            return MASK
        case _:
            return value


def _masked_entry(name: str, entry: Any) -> Any:
    return MASK if entry is not None and _SECRET_NAME.search(name) else _masked(entry)


KEYS: Mapping[str, Key] = MappingProxyType(
    {
        f"{section}.{field}": _key(section, field, info)
        for section in Settings.model_fields
        for field, info in section_fields(section).items()
    }
)
"""Dotted name -> key, in the order of the model."""
