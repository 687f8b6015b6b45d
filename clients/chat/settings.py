"""Settings of a program: by environment, or in a YAML file whose names are the same in lower case."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import yaml

Kind = TypeVar("Kind")
_PLAIN = {
    "tuple[int, ...]": "whole numbers with commas between",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "Path": "the path of a file or folder",
}
"""Types of settings for who writes them."""
_YES, _NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off")

IN_FILE = "_FILE"
"""Ends the name of a variable whose value is the path of a secret: who looks at a container reads its environment."""


class InvalidSettings(Exception):
    """The settings cannot be used; the message says which and what is allowed."""


def read_settings(
    kind: type[Kind],
    path: Path | None,
    environment: Mapping[str, str],
    given: Mapping[str, Any],
    *,
    prefix: str,
    elsewhere: Mapping[str, Sequence[str]],
) -> Kind:
    """Fields of a dataclass by what was given, the environment and the file, in that order. Raises InvalidSettings.

    `elsewhere`: variables of other programs that mean a field. None, where given, means that it is not set. A secret,
    which is a field that is not shown, may stand in a file whose path is the value of the variable with `_FILE`.
    """
    named = {item.name: item for item in fields(kind)}  # type: ignore[arg-type]
    values: dict[str, Any] = _file(path, named) if path else {}
    for name, item in named.items():
        for variable in (*elsewhere.get(name, ()), prefix + name.upper()):
            if environment.get(variable):
                values[name] = environment[variable]
            elif not item.repr and (file := environment.get(variable + IN_FILE)):
                values[name] = _secret(variable + IN_FILE, Path(file))
    values.update({name: value for name, value in given.items() if value is not None})
    return kind(**{"token": "", **{name: _value(name, str(named[name].type), value) for name, value in values.items()}})


def _secret(variable: str, file: Path) -> str:
    """The text of a file, without what ends its line: whatever a platform of containers or an editor puts there."""
    try:
        secret = file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise InvalidSettings(f"{variable}: {file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise InvalidSettings(f"{variable}: {file} is no text.") from None
    if not secret:
        raise InvalidSettings(f"{variable}: {file} is empty.")
    return secret


def _file(path: Path, named: Mapping[str, Any]) -> dict[str, Any]:
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except OSError as error:
        raise InvalidSettings(f"{path} cannot be read: {error.strerror}.") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise InvalidSettings(f"{path} is no YAML.") from None
    if not isinstance(values, dict):
        raise InvalidSettings(f"{path} holds no names with values.")
    if unknown := sorted(str(name) for name in values if name not in named):
        raise InvalidSettings(f"{path}: there is no {unknown[0]!r}; there are {', '.join(named)}.")
    # Null means that it is not set.
    return {name: value for name, value in values.items() if value is not None}


def _value(name: str, kind: str, value: Any) -> Any:
    try:
        if kind == "tuple[int, ...]":
            parts = value if isinstance(value, (list, tuple)) else str(value).replace(",", " ").split()
            return tuple(map(_whole, parts))
        makers: dict[str, Any] = {"bool": _truth, "int": _whole, "float": _number, "Path": Path}
        return makers.get(kind.removesuffix(" | None"), str)(value)
    except (TypeError, ValueError, OverflowError):
        raise InvalidSettings(
            f"{name} is {_shown(value)}, and must be {_PLAIN.get(kind.removesuffix(' | None'), 'text')}."
        ) from None


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value) if isinstance(value, str) else str(value)


def _whole(value: Any) -> int:
    if isinstance(value, (bool, float)):
        raise ValueError(value)
    return int(value)


def _number(value: Any) -> float:
    number = float(value)
    if isinstance(value, bool) or not math.isfinite(number):
        raise ValueError(value)
    return number


def _truth(value: Any) -> bool:
    word = str(value).strip().lower()
    if word not in (*_YES, *_NO):
        raise ValueError(word)
    return word in _YES


def check_least(name: str, value: float, least: float) -> None:
    """Raises InvalidSettings for a number that is too small."""
    if value < least:
        raise InvalidSettings(f"{name} is {value:g}, and must be {least:g} or more.")


def check_address(name: str, address: str) -> None:
    """Raises InvalidSettings for what is no address of a server."""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidSettings(f"{name} is {address!r}, and must be an address such as http://127.0.0.1:8000.")
