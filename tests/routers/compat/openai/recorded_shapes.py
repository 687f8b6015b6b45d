"""Shapes of the hosted service's answers as `tests/data/openai/shapes.json` records them, and how an answer differs.

A shape is an object of fields: `name` is always there, `name?` may be absent, `+name` is ours, which the hosted service
does not have. `$client` names the class of the official client (below `openai.types`), `$also` another one whose fields
the service tells too. A field is one of alternatives with `|` between them: `str`, `int`, `number`, `bool`, `true`,
`null`, `object`, `any`; `=value` for a fixed one, where `*` stands for any text; `@Name` for another shape; `[...]` for
a list of these. With `models`, an id's own fields count before those of the shape; `absent` is one that it has not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

RECORDED: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parents[3] / "data" / "openai" / "shapes.json").read_text(encoding="utf-8")
)
SHAPES: dict[str, dict[str, str]] = RECORDED["shapes"]
ALTERNATIVE = re.compile(r"\[[^\]]*\]|[^|]+")
CLASSES = ("$client", "$also")
KINDS: dict[str, Callable[[Any], bool]] = {
    "str": lambda value: isinstance(value, str),
    "int": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "bool": lambda value: isinstance(value, bool),
    "true": lambda value: value is True,
    "null": lambda value: value is None,
    "object": lambda value: isinstance(value, dict),
    "any": lambda value: True,
}


def alternatives(expected: str) -> list[str]:
    return ALTERNATIVE.findall(expected)


def fields_of(name: str, own: Mapping[str, str] | None = None) -> dict[str, str]:
    """The fields of a shape by name, with `?` or `+` as they stand; `own` are those of a model's id."""
    own = own or {}
    hidden = {bare(each) for each in own}
    fields = {each: expected for each, expected in SHAPES[name].items() if each not in CLASSES}
    return {each: expected for each, expected in fields.items() if bare(each) not in hidden} | dict(own)


def differences(value: Any, expected: str, path: str = "$", own: Mapping[str, str] | None = None) -> list[str]:
    """How a value is otherwise than one of these alternatives, each with its path; nothing if it is not."""
    found = [list(_of_one(value, each, path, own)) for each in alternatives(expected)]
    if not all(found):
        return []
    if len(found) == 1:
        return found[0]
    near = [each for each, name in zip(found, alternatives(expected), strict=True) if _same_kind(value, name)]
    if near:
        return min(near, key=len)
    return [f"{path}: {_shown(value)} is not {expected}"]


def of_event(event: Mapping[str, Any], expected: str, own: Mapping[str, str] | None = None) -> list[str]:
    return differences(event, expected, f"${event.get('type')}", own)


def _same_kind(value: Any, name: str) -> bool:
    """Whether it is this shape by its fixed fields `type`, `object` and `role`, whatever else is wrong with it."""
    if name.startswith("["):
        return isinstance(value, list)
    if not name.startswith("@") or not isinstance(value, dict):
        return False
    fixed = {each: shape for each, shape in SHAPES[name[1:]].items() if each in ("type", "object", "role")}
    return all(not differences(value.get(each), shape) for each, shape in fixed.items())


def _of_one(value: Any, expected: str, path: str, own: Mapping[str, str] | None) -> Iterator[str]:
    if expected.startswith("@"):
        yield from _of_object(value, fields_of(expected[1:], own), path)
    elif expected.startswith("["):
        if not isinstance(value, list):
            yield f"{path}: {_shown(value)} is no list"
            return
        for number, each in enumerate(value):
            yield from differences(each, expected[1:-1], f"{path}[{number}]")
    elif expected.startswith("="):
        if not isinstance(value, str) or not fnmatchcase(value, expected[1:]):
            yield f"{path}: {_shown(value)} is not {expected[1:]}"
    elif not KINDS[expected](value):
        yield f"{path}: {_shown(value)} is not {expected}"


def _of_object(value: Any, fields: Mapping[str, str], path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path}: {_shown(value)} is no object"
        return
    named = {bare(each): (each, expected) for each, expected in fields.items()}
    for name, (each, expected) in named.items():
        if name not in value:
            if not each.endswith("?") and expected != "absent":
                yield f"{path}.{name}: missing"
        elif expected == "absent":
            yield f"{path}.{name}: there, but the service does not tell it here"
        else:
            yield from differences(value[name], expected, f"{path}.{name}")
    for name in value.keys() - named.keys():
        yield f"{path}.{name}: not recorded, neither as the service's nor as ours"


def bare(field: str) -> str:
    return field.removeprefix("+").removesuffix("?")


def _shown(value: Any) -> str:
    """Short enough for a line of a report."""
    return json.dumps(value)[:80]


def of_events(events: Iterable[Mapping[str, Any]], expected: list[str], own: Mapping[str, str] | None) -> list[str]:
    """Differences of a stream whose last event is of the second kind, and all before it of the first one."""
    *before, last = events
    found = [each for event in before for each in of_event(event, expected[0])]
    if not before:
        found.append("$: no event before the last one")
    return found + of_event(last, expected[1], own)


def out_of_order(types: list[str], order: list[str]) -> list[str]:
    """Types of which the first event comes before that of the one recorded before, or does not come."""
    missing = [f"${each}: never came" for each in order if each not in types]
    came = [each for each in dict.fromkeys(types) if each in order]
    expected = [each for each in order if each in types]
    return missing + ([] if came == expected else [f"$: they came as {came}, not as {expected}"])
