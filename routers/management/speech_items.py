"""Bodies of `POST /jobs/speech`, as the items that they ask for: JSON, or a line of JSON for each item."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from adapters.batches.submission import SpeechItem, named
from middleware.listener import OutputDefaults
from routers.core.tts_schemas import SpeechFields
from routers.http.listener_speech import given_defaults
from routers.http.names import NAME_CHARACTERS as NAME_CHARACTERS
from routers.http.names import OwnWord
from stts.access.permission import Permission
from stts.errors import InvalidRequest, MalformedRequest, PayloadTooLarge, TextTooLong

JSON_LINES = frozenset(
    {"application/jsonl", "application/x-ndjson", "application/x-jsonlines", "application/jsonlines"}
)


class ItemFields(SpeechFields):
    """One item: a text, and what is otherwise than for the others."""

    name: OwnWord | None = Field(None, description="Your own word for it.")


class SpeechJobFields(BaseModel):
    """A job of many texts. Further fields are defaults of all items: `voice`, `engine`, `format`, `speed` ..."""

    model_config = ConfigDict(extra="allow", allow_inf_nan=False)

    name: OwnWord = Field("", description="Your own word for the job.")
    captions: bool = Field(False, description="Keep the texts, so that captions can be made of them.")
    items: list[Any] = Field(description="Each a text, or an object with `text` and what is otherwise for it.")

    @property
    def options(self) -> dict[str, Any]:
        """Facts that are kept with the job."""
        return {"keeps_texts": True} if self.captions else {}

    @property
    def defaults(self) -> Mapping[str, Any]:
        return self.model_extra or {}


@dataclass(frozen=True, slots=True)
class ItemReader:
    """Makes items of what clients send."""

    defaults: Mapping[str, Any]
    output: OutputDefaults
    """Defaults of the listener."""
    permission: Permission

    def item(self, number: int, sent: object, *, chapter: int | None = None, pause: float = 0.0) -> SpeechItem:
        """Raises InvalidRequest, which names the item and quotes nothing."""
        own = {"text": sent} if isinstance(sent, str) else sent
        if not isinstance(own, dict):
            raise InvalidRequest(
                f"Item {number}: it must be a text, or an object with `text`.", param=f"items[{number}]"
            )
        try:
            fields = ItemFields.model_validate({**self.defaults, **own})
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            said = f"Item {number}: {place}: {first['msg']}"
            raise InvalidRequest(said, param=f"items[{number}].{place}") from error
        config = fields.config(self.output.format, self.permission)
        try:
            config = given_defaults(self.output, fields.text, config)
        except TextTooLong as error:
            raise named(error, number) from None
        return SpeechItem(fields.text, config, fields.name, chapter, pause)

    async def listed(self, sent: Sequence[object]) -> AsyncGenerator[SpeechItem, None]:
        for number, each in enumerate(sent):
            yield self.item(number, each)

    async def of_lines(self, lines: AsyncIterator[bytes]) -> AsyncGenerator[SpeechItem, None]:
        """Empty lines are passed over. Raises MalformedRequest for a line that is no JSON."""
        number = 0
        async for line in lines:
            if not line.strip():
                continue
            try:
                sent = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise MalformedRequest(f"Item {number}: its line is not JSON.", param=f"items[{number}]") from error
            yield self.item(number, sent)
            number += 1


async def lines_of(chunks: AsyncIterator[bytes], most_bytes: int) -> AsyncGenerator[bytes, None]:
    """Lines of a body as it comes. Raises PayloadTooLarge for a longer one."""
    rest = b""
    async for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line
        if len(rest) > most_bytes:
            raise PayloadTooLarge(f"A line of the body is longer than {most_bytes} bytes.", param="items")
    yield rest


async def parsed(body: bytes) -> SpeechJobFields:
    """Raises InvalidRequest, which tells the place at which it stops being JSON."""
    try:
        sent = await asyncio.to_thread(json.loads, body)
    except json.JSONDecodeError as error:
        raise InvalidRequest(f"This is not JSON: see character {error.pos + 1} of the body.", param="body") from error
    except UnicodeDecodeError as error:
        raise InvalidRequest("The JSON is not UTF-8.", param="body") from error
    except RecursionError as error:
        raise InvalidRequest("The JSON is nested too deeply.", param="body") from error
    return checked(sent)


def checked(sent: object) -> SpeechJobFields:
    """Raises InvalidRequest."""
    if not isinstance(sent, dict):
        raise InvalidRequest("The body must be a JSON object: {..}.", param="body")
    try:
        return SpeechJobFields.model_validate(sent)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "body"
        raise InvalidRequest(f"{place}: {first['msg']}", param=place) from error
