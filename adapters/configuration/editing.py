"""Puts new values into the text of config.yaml and leaves every other character as the operator wrote it.

The parser says where each value stands; only those places are rewritten, so comments, order and layout stay. The
result is read again before it is used: a layout that this does not understand (anchors, merge keys) is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from adapters.configuration.document import Document, compose, parse_document
from adapters.configuration.keys import KeyPath
from stts.errors import Conflict, InvalidConfiguration

_REMOVED = object()
_STEP = 2
"""Columns of indentation of what is added."""


def edited(document: Document, values: Mapping[str, Mapping[str, Any]], name: str) -> Document:
    """The document with these keys in these sections. Raises Conflict where that cannot be done safely."""
    wanted = dict(document.values)
    for section, keys in values.items():
        wanted[section] = {**wanted.get(section, {}), **keys}
    text = document.text
    try:
        for path, value in _differences(document.values, wanted, ()):
            text = _with_value(text, path, value)
        result = parse_document(text, name)
    except (InvalidConfiguration, yaml.YAMLError):
        result = None
    if result is None or result.values != wanted:
        raise Conflict(f"{name} is laid out in a way that cannot be changed here; edit it by hand and reload.")
    return result


def _differences(old: Mapping[str, Any], new: Mapping[str, Any], path: KeyPath) -> Iterator[tuple[KeyPath, Any]]:
    for name in [name for name in old if name not in new]:
        yield (*path, name), _REMOVED
    for name, value in new.items():
        before = old.get(name, _REMOVED)
        if isinstance(before, dict) and isinstance(value, dict) and value:
            yield from _differences(before, value, (*path, name))
        elif before is _REMOVED or before != value or type(before) is not type(value):
            yield (*path, name), value


def _with_value(text: str, path: KeyPath, value: Any) -> str:
    node = compose(text)
    if node is None:
        return _after(text, len(text.rstrip()), _entry(path, value, 0))
    for depth, name in enumerate(path):
        assert isinstance(node, yaml.MappingNode)
        found = next(((key, child) for key, child in node.value if key.value == name), None)
        if found is None:
            return _inserted(text, node, path[depth:], value)
        key, child = found
        if depth == len(path) - 1:
            return _removed(text, node, key, child) if value is _REMOVED else _replaced(text, key, child, value)
        if not isinstance(child, yaml.MappingNode):
            # A section without keys: what is under it are comments.
            return _after(text, child.end_mark.index, _entry(path[depth + 1 :], value, key.start_mark.column + _STEP))
        node = child
    return text


def _replaced(text: str, key: yaml.Node, child: yaml.Node, value: Any) -> str:
    start, end = key.end_mark.index, _end(child, text)
    between = text[start : child.start_mark.index].partition(":")[2]
    comment = between.partition("\n")[0].strip()
    return text[:start] + f": {_flow(value)}" + (f"  {comment}" if comment else "") + text[end:]


def _inserted(text: str, node: yaml.MappingNode, path: KeyPath, value: Any) -> str:
    if node.flow_style:
        end = node.end_mark.index - 1
        comma = ", " if node.value else ""
        return text[:end] + comma + _flow(_nested(path, value))[1:-1] + text[end:]
    return _after(text, _end(node, text), _entry(path, value, node.start_mark.column))


def _removed(text: str, parent: yaml.MappingNode, key: yaml.Node, child: yaml.Node) -> str:
    if parent.flow_style:
        start, end = parent.start_mark.index, parent.end_mark.index
        kept: dict[str, Any] = yaml.load(text[start:end], yaml.SafeLoader)
        del kept[key.value]
        return text[:start] + _flow(kept) + text[end:]
    start = text.rfind("\n", 0, key.start_mark.index) + 1
    return text[:start] + text[_line_end(text, _end(child, text)) + 1 :]


def _after(text: str, index: int, lines: list[str]) -> str:
    """The text with more lines below the line of the index."""
    end = _line_end(text, index)
    above = text[:end] + "\n" if end else ""
    return above + "\n".join(lines) + (text[end:] or "\n")


def _line_end(text: str, index: int) -> int:
    found = text.find("\n", index)
    return found if found >= 0 else len(text)


def _end(node: yaml.Node, text: str) -> int:
    """Where the value really ends: a block ends for the parser only where the next thing starts."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last, text)
    return len(text[: node.end_mark.index].rstrip())


def _entry(path: KeyPath, value: Any, indent: int) -> list[str]:
    """Block lines: one for a value, one more for each mapping around it and for each entry of a mapping."""
    margin = " " * indent + _flow(path[0]) + ":"
    if len(path) > 1:
        return [margin, *_entry(path[1:], value, indent + _STEP)]
    if isinstance(value, dict) and value:
        return [margin, *(line for name, item in value.items() for line in _entry((name,), item, indent + _STEP))]
    return [f"{margin} {_flow(value)}"]


def _nested(path: KeyPath, value: Any) -> dict[str, Any]:
    return {path[0]: _nested(path[1:], value) if len(path) > 1 else value}


def _flow(value: Any) -> str:
    """One line that the parser reads back as this value."""
    text = _dumped(value)
    return text if text.isprintable() else _dumped(value, default_style='"', allow_unicode=False)


def _dumped(value: Any, *, default_style: str | None = None, allow_unicode: bool = True) -> str:
    text: str = yaml.safe_dump(
        value,
        default_flow_style=True,
        default_style=default_style,
        width=float("inf"),
        sort_keys=False,
        allow_unicode=allow_unicode,
    )
    return text.removesuffix("\n").removesuffix("...").removesuffix("\n")
