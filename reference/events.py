"""The page of all messages of the sockets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Any, get_args

from openai.types.live import ServerEvent
from pydantic import BaseModel, TypeAdapter

from reference.tables import Schema, Shapes, code, page, table
from routers.compat.live import command_schemas as live
from routers.compat.realtime import command_schemas as realtime
from routers.websocket.schema import SIDES, schema

INTRODUCTION = (
    "Every message in JSON, by socket and side, with its fields; those in *italics* may be left out. In "
    "which order they come, and the audio between them, is told in [Realtime](../realtime.md) and "
    "[GPT-Live](../live.md). The first sockets are described by a [JSON schema](../realtime.schema.json) "
    "too. Events of a Realtime server are those of the official client; which of them come is told in "
    "[Realtime](../realtime.md#openai-realtime)."
)
NAMES = {
    "conversation_v2": "/ws/conversation/v2",
    "conversation": "/ws/conversation",
    "stt": "/ws/stt",
    "transcribe": "/ws/transcribe",
    "tts": "/ws/tts",
}
NOT_HERE = ("decision.", "transport.")
"""Beginnings of events of decisions and telephones, which are refused (docs/live.md)."""


def written() -> str:
    return page("Events", INTRODUCTION, _parts())


def _parts() -> Iterator[str]:
    definitions = schema()["$defs"]
    shapes = Shapes(definitions)
    for side in SIDES:
        socket, _, who = side.rpartition("_")
        yield f"## {NAMES[socket]}: {who}"
        yield _fields(definitions[side], shapes) if who in ("query", "config") else _messages(definitions[side], shapes)
    for title, models in (
        ("/v1/realtime: client", _commands(realtime)),
        ("/v1/live/sessions: client", _commands(live)),
        ("/v1/live/sessions: server", get_args(get_args(ServerEvent)[0])),
    ):
        yield f"## {title}"
        yield _of_models(models)


def _commands(module: ModuleType) -> list[type[BaseModel]]:
    found = [each for each in vars(module).values() if isinstance(each, type) and issubclass(each, BaseModel)]
    return [model for model in found if "type" in model.model_fields and "." in _names(model)[0]]


def _names(model: type[BaseModel]) -> tuple[Any, ...]:
    return get_args(model.model_fields["type"].annotation) or ("",)


def _of_models(models: Iterable[type[BaseModel]]) -> str:
    rows = {}
    for model in models:
        shape = TypeAdapter(model).json_schema()
        shapes = Shapes(shape.get("$defs", {}))
        for name in _names(model):
            if not name.startswith(NOT_HERE):
                rows[name] = (code(name), _field_list(shape, shapes))
    return table(("type", "fields"), [rows[name] for name in sorted(rows)])


def _messages(side: Schema, shapes: Shapes) -> str:
    rows = []
    for shape in shapes.alternatives(side):
        kind = shapes.resolved(shape.get("properties", {}).get("type", {}))
        names = [kind["const"]] if "const" in kind else kind.get("enum", [shape.get("title", "")])
        rows += [(code(name), _field_list(shape, shapes)) for name in names]
    return table(("type", "fields"), rows)


def _field_list(shape: Schema, shapes: Shapes) -> str:
    needed = shape.get("required", ())
    fields = ((name, field) for name, field in shape.get("properties", {}).items() if name != "type")
    said = (f"{code(name) if name in needed else f'*{code(name)}*'} {shapes.said(field)}" for name, field in fields)
    return "; ".join(said)


def _fields(side: Schema, shapes: Shapes) -> str:
    rows = (
        (code(name), shapes.said(field), field.get("description", "")) for name, field in shapes.fields(side).items()
    )
    return table(("field", "type", "meaning"), rows)
