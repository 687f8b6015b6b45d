"""Tables of Markdown, and what JSON schemas say, in a few words."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

Schema = Mapping[str, Any]


def page(title: str, introduction: str, parts: Iterable[str]) -> str:
    note = "<!-- Written from the code by `make reference`: change that, not this. -->"
    return "\n\n".join([f"# {title}", note, introduction, *parts]) + "\n"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def code(text: str) -> str:
    return f"`{text}`" if text else ""


def shown(value: Any) -> str:
    return code(json.dumps(value, ensure_ascii=False))


class Shapes:
    """Reads a schema whose parts refer to definitions beside it."""

    def __init__(self, definitions: Mapping[str, Schema]) -> None:
        self._definitions = definitions

    def resolved(self, schema: Schema) -> Schema:
        while "$ref" in schema:
            schema = self._definitions[schema["$ref"].rpartition("/")[2]]
        return schema

    def alternatives(self, schema: Schema) -> Iterator[Schema]:
        """The shapes that it may have, one by one."""
        schema = self.resolved(schema)
        inner = schema.get("anyOf") or schema.get("oneOf")
        if not inner:
            yield schema
        for each in inner or ():
            yield from self.alternatives(each)

    def fields(self, schema: Schema) -> Mapping[str, Schema]:
        found: dict[str, Schema] = {}
        for shape in self.alternatives(schema):
            found |= shape.get("properties", {})
        return found

    def below(self, schema: Schema, name: str) -> Schema:
        """The schema of a field, of each entry of a mapping, or of each item of a list (`*`)."""
        for shape in self.alternatives(schema):
            if name in shape.get("properties", {}):
                return shape["properties"][name]  # type: ignore[no-any-return]
            inner = shape.get("additionalProperties") if "items" not in shape else shape["items"]
            if name == "*" and isinstance(inner, dict):
                return inner
        return {}

    def said(self, schema: Schema) -> str:
        """Its type and bounds."""
        kinds = dict.fromkeys(self._kind(shape) for shape in self.alternatives(schema))
        return " or ".join(kind for kind in kinds if kind) or "any"

    def _kind(self, shape: Schema) -> str:
        if "const" in shape:
            return shown(shape["const"])
        if "enum" in shape:
            return ", ".join(map(shown, shape["enum"]))
        kind = shape.get("type", "")
        if kind == "array":
            inner = shape.get("items", {})
            return f"list of {self.said(inner)}" if inner else "list"
        if kind == "object":
            inner = shape.get("additionalProperties")
            return f"mapping to {self.said(inner)}" if isinstance(inner, dict) and inner else "mapping"
        return f"{kind}{_bounds(shape)}"


def _bounds(shape: Schema) -> str:
    least, most = shape.get("minimum"), shape.get("maximum")
    above, below = shape.get("exclusiveMinimum"), shape.get("exclusiveMaximum")
    said = [
        *([f"{least} to {most}"] if least is not None and most is not None else []),
        *([f"at least {least}"] if least is not None and most is None else []),
        *([f"at most {most}"] if most is not None and least is None else []),
        *([f"above {above}"] if above is not None else []),
        *([f"below {below}"] if below is not None else []),
        *([f"at most {shape['maxLength']} characters"] if "maxLength" in shape else []),
    ]
    return f" ({', '.join(said)})" if said else ""
