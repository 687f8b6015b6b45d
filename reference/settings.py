"""The page of all settings."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from adapters.configuration.keys import EACH, Key, key_tree, keys_below
from reference.tables import Schema, Shapes, code, page, shown, table
from stts.settings import Settings

INTRODUCTION = (
    "Every key of `config.yaml`, as the server reads it. *When* says when a change holds: `live` from the "
    "next request on, `restart` after one, `protected` never over HTTP. How files and variables are read, "
    "and what goes together, is told in [Configuration](../configuration.md)."
)
HEADS = ("key", "type", "default", "when", "variable", "meaning")


def written() -> str:
    schema = Settings.model_json_schema()
    shapes = Shapes(schema.get("$defs", {}))
    keys = sorted(keys_below(key_tree(Settings)), key=lambda key: list(Settings.model_fields).index(key.path[0]))
    sections = groupby(keys, key=lambda key: key.path[0])
    return page("Settings", INTRODUCTION, (_section(name, list(inner), schema, shapes) for name, inner in sections))


def _section(name: str, keys: list[Key], schema: Schema, shapes: Shapes) -> str:
    return f"## {name}\n\n{table(HEADS, _rows(keys, schema, shapes))}"


def _rows(keys: list[Key], schema: Schema, shapes: Shapes) -> Iterator[tuple[str, ...]]:
    for key in keys:
        found = schema
        for name in key.path:
            found = shapes.below(found, name)
        when = "protected" if key.protected else "live" if key.live else "restart"
        default = "" if EACH in key.path and key.default is None else shown(key.default)
        yield code(key.name), shapes.said(found), default, when, code(_variable(key)), key.description


def _variable(key: Key) -> str:
    """None for what stands inside an entry or item that is the operator's own."""
    return "" if EACH in key.path else "STTS_" + "__".join(key.path).upper()
