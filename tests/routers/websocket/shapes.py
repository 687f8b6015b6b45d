"""The published JSON schema, to check messages with; those of the server have no member that it does not name."""

from __future__ import annotations

import functools
import json
from typing import Any

from jsonschema_rs import Validator, validator_for

from routers.websocket.schema import FILE


@functools.cache
def shape(side: str) -> Validator:
    """`side`: a definition of docs/realtime.schema.json, such as `stt_server`."""
    published = json.loads(FILE.read_text(encoding="utf-8"))
    definitions = published["$defs"]
    if side.endswith("server"):
        for definition in definitions.values():
            if "properties" in definition:
                definition.setdefault("additionalProperties", False)
    return validator_for({"$ref": f"#/$defs/{side}", "$defs": definitions})


def knows(side: str, message: dict[str, Any]) -> bool:
    return shape(side).is_valid(message)
