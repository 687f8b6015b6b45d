"""docs/realtime.md names every message of every socket, and draws the table of turns as it is."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from openai.types.realtime import RealtimeClientEvent, RealtimeServerEvent
from pydantic import BaseModel, TypeAdapter

from routers.compat.openai import speech_stream_schemas as speech_stream
from routers.compat.realtime import command_schemas as realtime_commands
from routers.compat.realtime.beta import EVENTS as OLDER_NAMES
from routers.websocket.conversation.commands import ConnectFields
from routers.websocket.schema import SIDES, schema
from stts.conversation.state import diagram
from stts.settings import ConversationSettings
from tests.routers.websocket.shapes import knows

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs" / "realtime.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """From a heading of the second rank to the next."""
    return TEXT.split(f"\n## {title}\n")[1].split("\n## ")[0]


def types(shape: Any) -> Iterator[str]:
    """Values of `type` in a JSON schema and whatever it refers to."""
    definitions = schema()["$defs"]
    waiting, seen = [shape], set()
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict):
            name = node.get("$ref", "").rpartition("/")[2]
            if name and name not in seen:
                seen.add(name)
                waiting.append(definitions[name])
            kind = node.get("properties", {}).get("type", {})
            yield from [kind["const"]] if "const" in kind else kind.get("enum", [])
            waiting += [node.get("anyOf", []), node.get("oneOf", [])]


NATIVE = {
    "conversation_v2": "Conversation",
    "conversation": "Conversation",
    "stt": "Live transcription",
    "transcribe": "Live transcription",
    "tts": "Streamed speech",
}


@pytest.mark.parametrize("side", [side for side in SIDES if side.endswith(("client", "server"))])
def test_every_message_of_our_own_sockets_is_named(side: str) -> None:
    told = section(NATIVE[side.rpartition("_")[0]])
    names = set(types(schema()["$defs"][side]))
    assert names
    shared = {"error"} if '"type": "error"' in section("What all sockets share") else set()
    missing = [name for name in names - shared if not re.search(rf'[`"]{re.escape(name)}[`"]', told)]
    assert missing == []


def test_every_message_of_the_other_dialect_of_speech_is_named() -> None:
    told = section("Streamed speech")
    for model in speech_stream.CLIENT_MESSAGES:
        for name in get_args(model.model_fields["type"].annotation):
            assert f"`{name}`" in told


def test_every_field_of_the_query_and_every_setting_of_turns_is_described() -> None:
    told = section("Conversation")
    assert [name for name in ConnectFields.model_fields if f"`{name}`" not in told] == []
    assert [name for name in ConversationSettings.model_fields if f"`conversation.{name}`" not in told] == []


def test_the_diagram_is_the_table() -> None:
    assert f"```mermaid\n{diagram()}\n```" in section("Conversation")


def official(union: Any) -> set[str]:
    """Names of events in the types of the official client."""
    made = TypeAdapter(union).json_schema()["$defs"]
    kinds = [definition.get("properties", {}).get("type", {}).get("const", "") for definition in made.values()]
    return {kind for kind in kinds if "." in kind or kind == "error"}


def literals(folder: Path) -> set[str]:
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in folder.glob("*.py")]
    constants = [node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    return {constant for constant in constants if isinstance(constant, str)}


def test_every_event_of_openai_is_named() -> None:
    told = section("OpenAI Realtime")
    taken = {
        name
        for model in vars(realtime_commands).values()
        if isinstance(model, type) and issubclass(model, BaseModel) and "type" in model.model_fields
        for name in get_args(model.model_fields["type"].annotation)
        if "." in name
    }
    known = official(RealtimeServerEvent) | official(RealtimeClientEvent)
    parts = literals(ROOT / "routers" / "compat" / "realtime")
    said = {name for name in known if name in parts or name.rpartition(".")[0] in parts}
    assert len(taken) >= 11
    assert len(said) >= 30
    missing = [name for name in sorted(taken | said | set(OLDER_NAMES.values())) if f"`{name}`" not in told]
    assert missing == []


def test_the_examples_of_messages_are_ones() -> None:
    found = 0
    for line in TEXT.splitlines():
        message = line.strip()
        if message.startswith('{"type"') and message.endswith("}") and "..." not in message and "<" not in message:
            found += 1
            assert knows("conversation_v2_server", json.loads(message)), message
    assert found >= 10
