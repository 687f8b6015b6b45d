"""Metadata: all that Deepgram tells about a request beside what was said."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

from routers.compat.deepgram.listen_fields import ListenFields
from routers.compat.deepgram.models import model_info, model_uuid

DEPRECATED = "deprecated"
"""Deepgram's own value of `transaction_key`."""


class StreamFacts:
    """Facts about the audio of one request or socket, as it comes."""

    def __init__(self, request_id: str, fields: ListenFields, engine: str) -> None:
        """`engine`: that which was asked for; the one that heard it may be set later."""
        self.engine = engine
        self.seconds = 0.0
        """Length of the audio."""
        self.channels = fields.channels
        self._request_id = request_id
        self._fields = fields
        self._digest = hashlib.sha256()
        self._created = datetime.now(UTC)

    def received(self, data: bytes) -> None:
        self._digest.update(data)

    def of_results(self) -> dict[str, Any]:
        """The metadata of live results."""
        model = self._fields.model
        info = model_info(model, self.engine)
        return {"request_id": self._request_id, "model_info": info, "model_uuid": model_uuid(model)}

    def of_audio(self) -> dict[str, Any]:
        """The metadata of all of it: the last message of a socket, a part of the answer over HTTP."""
        model, uuid = self._fields.model, model_uuid(self._fields.model)
        found: dict[str, Any] = {
            "transaction_key": DEPRECATED,
            "request_id": self._request_id,
            "sha256": self._digest.hexdigest(),
            "created": self._created.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "duration": round(self.seconds, 4),
            "channels": self.channels if self.seconds else 0,
            "models": [uuid],
            "model_info": {uuid: model_info(model, self.engine)},
        }
        if self._fields.tag:
            found["tags"] = self._fields.tag
        if warnings := self._fields.warnings():
            found["warnings"] = warnings
        return found
