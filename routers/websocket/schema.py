"""The messages of our own sockets as one JSON schema: docs/realtime.schema.json.

`python -m routers.websocket.schema` writes it.
For each socket and side there is a definition, such as `conversation_v2_client`, which a message validates against.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Union

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from routers.websocket.conversation import commands as conversation_commands
from routers.websocket.conversation import events as conversation_events
from routers.websocket.conversation_v1 import schemas as conversation_v1
from routers.websocket.stt import schemas as stt
from routers.websocket.tts import schemas as tts

FILE = Path(__file__).parents[2] / "docs" / "realtime.schema.json"
TITLE = "Messages of the sockets of STTS Server. Binary messages, which are audio, are described in realtime.md."
DIALECT = "https://json-schema.org/draft/2020-12/schema"

SIDES: dict[str, tuple[Any, JsonSchemaMode]] = {
    "conversation_v2_client": (Union[conversation_commands.CLIENT_MESSAGES], "validation"),  # noqa: UP007 - of a tuple
    "conversation_v2_server": (conversation_events.ServerMessage, "serialization"),
    "conversation_v2_query": (conversation_commands.ConnectFields, "validation"),
    "conversation_v2_config": (conversation_commands.ConversationFields, "validation"),
    "conversation_client": (conversation_v1.WholeTurn, "validation"),
    "conversation_server": (conversation_v1.ServerMessage, "serialization"),
    "stt_query": (stt.ListenFields, "validation"),
    "stt_client": (stt.ClientMessage, "validation"),
    "stt_server": (stt.ServerMessage, "serialization"),
    "transcribe_client": (stt.ClientMessage, "validation"),
    "transcribe_server": (stt.V1ServerMessage, "serialization"),
    "tts_client": (Union[tts.CLIENT_MESSAGES], "validation"),  # noqa: UP007
    "tts_server": (tts.ServerMessage, "serialization"),
}
"""Definition -> what it describes."""


def schema() -> dict[str, Any]:
    inputs = [(name, mode, TypeAdapter(shape)) for name, (shape, mode) in SIDES.items()]
    sides, common = TypeAdapter.json_schemas(inputs)
    definitions = common.get("$defs", {}) | {name: side for (name, _), side in sides.items()}
    return {"$schema": DIALECT, "title": TITLE, "$defs": dict(sorted(definitions.items()))}


def written() -> str:
    return json.dumps(schema(), indent=2) + "\n"


if __name__ == "__main__":
    FILE.write_text(written(), encoding="utf-8")
