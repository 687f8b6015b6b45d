"""Where values come from: the file, `.env` and the environment, each one layer over the defaults."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_origin

from dotenv.parser import Original, parse_stream
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict, SettingsError

from adapters.configuration.document import Document
from adapters.configuration.keys import KeyPath
from stts.errors import InvalidConfiguration
from stts.settings import Settings

Source = Literal["default", "file", "dotenv", "environment", "runtime"]

PREFIX = "STTS_"
DELIMITER = "__"


@dataclass(frozen=True, slots=True)
class Layer:
    source: Source
    values: dict[str, Any] = field(default_factory=dict)
    """Section -> key -> value."""
    places: dict[KeyPath, str] = field(default_factory=dict)
    """Where a value stands, for people."""

    def place(self, path: KeyPath) -> str | None:
        """Of the value, else of a part of it, else of the nearest thing it is in."""
        for length in range(len(path), 0, -1):
            for known, place in self.places.items():
                if known[:length] == path[:length]:
                    return place
        return None

    def has(self, path: KeyPath) -> bool:
        """Whether this layer says something about the value, or about a part of it."""
        value: Any = self.values
        for name in path:
            if not isinstance(value, dict):
                return True
            if name not in value:
                return False
            value = value[name]
        return True


class _Variables(Settings, BaseSettings):
    """The model as pydantic-settings wants it; only its names and types are used."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter=DELIMITER, env_ignore_empty=True)


class _Source(EnvSettingsSource):
    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        """Lists may be written as JSON or simply with commas."""
        if field and get_origin(field.annotation) is tuple and not value.lstrip().startswith("["):
            return [part.strip() for part in value.split(",") if part.strip()]
        return super().decode_complex_value(field_name, field, value)


def file_layer(document: Document, name: str) -> Layer:
    places = {path: f"{name}, line {line}" for path, line in document.lines.items()}
    return Layer("file", document.values, places)


def environment_layer(environ: Mapping[str, str]) -> Layer:
    """Raises InvalidConfiguration for a variable of no section, or one that is not valid JSON where it must be."""
    variables = ((name, value, f"environment variable {name}") for name, value in environ.items())
    return _variables_layer(Layer("environment"), variables)


def dotenv_layer(path: Path | None) -> Layer:
    """Raises InvalidConfiguration for a file that cannot be read; a missing one is empty."""
    if path is None:
        return Layer("dotenv")
    try:
        with path.open(encoding="utf-8-sig") as stream:
            bindings = list(parse_stream(stream))
    except FileNotFoundError:
        return Layer("dotenv")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidConfiguration(f"{path.name}: cannot be read as UTF-8 text") from error
    variables = []
    for binding in bindings:
        place = f"{path.name}, line {_line(binding.original)}"
        if binding.error:
            raise InvalidConfiguration(f"{place}: is not NAME=VALUE")
        if binding.key and binding.value is not None:
            variables.append((binding.key, binding.value, place))
    return _variables_layer(Layer("dotenv"), variables)


def _line(original: Original) -> int:
    """The parser counts the empty lines above as part of a binding."""
    text = original.string
    return original.line + text[: len(text) - len(text.lstrip())].count("\n")


def _variables_layer(layer: Layer, variables: Iterable[tuple[str, str, str]]) -> Layer:
    source = _Source(_Variables)
    for name, value, place in variables:
        section = _section(name)
        if section is None or not value:
            continue
        if section not in Settings.model_fields:
            allowed = ", ".join(Settings.model_fields)
            raise InvalidConfiguration(f"{place}: there is no such section; allowed: {allowed}")
        source.env_vars = {name.lower(): value}
        try:
            found = source()
        except SettingsError:
            raise InvalidConfiguration(f"{place}: is not valid JSON") from None
        path = tuple(name.lower().removeprefix(PREFIX.lower()).split(DELIMITER))
        layer = replace(layer, values=deep_merged(layer.values, found), places={**layer.places, path: place})
    return layer


def _section(name: str) -> str | None:
    """A name without the delimiter is none of ours: container platforms make such (`STTS_PORT=tcp://...`)."""
    if not name.upper().startswith(PREFIX):
        return None
    section, delimiter, _ = name[len(PREFIX) :].partition(DELIMITER)
    return section.lower() if delimiter else None


def deep_merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Mappings are merged entry by entry, everything else is replaced."""
    result = dict(below)
    for name, value in above.items():
        under = result.get(name)
        result[name] = deep_merged(under, value) if isinstance(under, dict) and isinstance(value, dict) else value
    return result
