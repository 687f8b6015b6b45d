"""The keys of the configuration as a tree, read from the model: which are live, protected or secret, and how they show.

A path goes through sections by name, through a mapping of sections by the name of the entry, and through a list of
sections by the place of the item, counted from 0. In the path of a `Key` both of the latter are `*`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from stts.settings import Settings

KeyPath = tuple[str, ...]
"""`("limits", "queue_length")`; below a mapping also its entries: `("openai", "models", "tts-1")`."""

EACH = "*"
MASK = "********"

_SECRET_NAME = re.compile(r"key|token|secret|passw|passphrase|credential|auth|cookie|bearer|signature", re.IGNORECASE)
_SECRET_TEXT = re.compile(r"://[^/\s]*@")
"""An address with a password in it."""


@dataclass(frozen=True, slots=True)
class Key:
    path: KeyPath
    kind: Literal["section", "entries", "items", "value"]
    """`entries` is a mapping of sections, `items` a list of them."""
    inner: Mapping[str, Key]
    """The keys of a section; under `*` the section that each entry or item is."""
    model: type[BaseModel] | None
    """The model of a section."""
    live: bool
    """Takes effect for the next request; else after a restart."""
    protected: bool
    """Cannot be changed over HTTP."""
    secret: bool
    names: int
    """Levels of names below the key: 1 for a mapping, 2 for a mapping of mappings."""
    untyped: bool
    """True if the value holds parts whose type is not known here, such as options of engines."""
    description: str
    default: Any
    """As `plain`; None also for a key that must be set."""

    @property
    def name(self) -> str:
        return ".".join(self.path)

    def child(self, name: str) -> Key | None:
        if self.kind == "items" and not name.isdecimal():
            return None
        return self.inner.get(EACH) or self.inner.get(name)

    def at(self, path: KeyPath) -> tuple[Key, KeyPath]:
        """The deepest key on the path, and the part of the path that leads to it."""
        key = self
        for length, name in enumerate(path):
            inner = key.child(name)
            if inner is None:
                return key, path[:length]
            key = inner
        return key, path

    def holder(self, path: KeyPath) -> tuple[Key, KeyPath]:
        """The key that says whether and when what is assigned at the path may change, and where it ends.

        For an entry or item that comes or goes that is its mapping or list. At a plain section there is none.
        """
        key, found = self.at(path)
        return (self.at(found[:-1])[0] if key.path[-1:] == (EACH,) else key), found

    def split(self, dotted: str) -> KeyPath:
        """The path that a dotted name means. What follows the last level of names belongs to the last name."""
        first, dot, rest = dotted.partition(".")
        inner = self.child(first)
        if not dot:
            return (first,)
        if inner is None or inner.kind == "value":
            return (first, *rest.split(".", max(inner.names - 1, 0) if inner else 0))
        return (first, *inner.split(rest))

    def shown(self, value: Any) -> Any:
        """A value of this key, or of one of its entries, as JSON with secrets masked."""
        if value is None:
            return None
        if isinstance(value, BaseModel):
            section = self.inner.get(EACH, self)
            return {name: key.shown(getattr(value, name)) for name, key in section.inner.items()}
        if self.secret:
            return MASK
        shown = plain(value)
        # By its words where no model says whether it is secret, and an address with a password everywhere.
        hides = self.untyped or (self.names and self.protected) or isinstance(shown, str)
        return _masked(shown) if hides else shown


def plain(value: Any) -> Any:
    """A value of the model as YAML and JSON know it: of a section what was set. Secrets are in clear text."""
    match value:
        case BaseModel():
            return {
                name: plain(getattr(value, name)) for name in type(value).model_fields if name in value.model_fields_set
            }
        case dict():
            return {name: plain(entry) for name, entry in value.items()}
        case tuple() | list():
            return [plain(entry) for entry in value]
        case SecretStr():
            return value.get_secret_value()
        case _:
            return value


def keys_below(key: Key) -> Iterator[Key]:
    """All keys that are no plain sections, in the order of the model."""
    if key.kind != "section":
        yield key
    for inner in key.inner.values():
        yield from keys_below(inner)


@cache
def key_tree(model: type[Settings]) -> Key:
    """The root of the tree: the model as a section without a name."""
    return _section((), model)


def _section(path: KeyPath, model: type[BaseModel], protected: bool = False) -> Key:
    """Keys without a mark of their own are protected where the mapping or list of their section is."""
    inner = {name: _key((*path, name), info, protected) for name, info in model.model_fields.items()}
    return Key(path, "section", inner, model, False, False, False, 0, False, "", {})


def _key(path: KeyPath, info: FieldInfo, inherited: bool) -> Key:
    if (section := _section_model(info.annotation)) is not None:
        return _section(path, section, inherited)
    default = info.get_default(call_default_factory=True, validated_data={})
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    protected = bool(extra.get("protected", inherited and "live" not in extra))
    container, arguments = get_origin(info.annotation), get_args(info.annotation)
    each = _section_model(arguments[-1] if container is dict else arguments[0] if arguments else None)
    return Key(
        path,
        "value" if each is None else "entries" if container is dict else "items",
        {} if each is None else {EACH: _section((*path, EACH), each, protected)},
        None,
        live=extra.get("live") is True,
        protected=protected,
        secret=SecretStr in _parts(info.annotation),
        names=0 if each else _levels(info.annotation),
        untyped=Any in _parts(info.annotation),
        description=info.description or "",
        default=None if default is PydanticUndefined else plain(default),
    )


def _section_model(annotation: Any) -> type[BaseModel] | None:
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None


def _levels(annotation: Any) -> int:
    return 1 + _levels(get_args(annotation)[1]) if get_origin(annotation) is dict else 0


def _parts(annotation: Any) -> Iterator[Any]:
    yield annotation
    for argument in get_args(annotation):
        yield from _parts(argument)


def _masked(value: Any) -> Any:
    """Masks values whose names look like those of secrets, as no model says more of them."""
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
