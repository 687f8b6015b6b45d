"""Rows of batches and their items, to values and back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from sqlalchemy import Row

from stts.jobs.values import Batch, BatchItem, ItemResult, Reason

_PLAIN = tuple(each.name for each in fields(Batch) if each.name != "reason")
LONGEST_REASON = 2000
"""Characters of it that are kept."""
LONGEST_CODE = 100
_UNSTORABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_OF_RESULT = tuple(each.name for each in fields(ItemResult))


def batch_values(batch: Batch) -> dict[str, Any]:
    values = {name: getattr(batch, name) for name in _PLAIN}
    values["name"] = storable(batch.name)
    return values | {"options": dict(batch.options)} | reason_values(batch.reason)


def reason_values(reason: Reason | None) -> dict[str, Any]:
    if reason is None:
        return {"reason_code": None, "reason": None}
    return {"reason_code": reason.code[:LONGEST_CODE], "reason": storable(reason.message)}


def error_values(error: Reason) -> dict[str, Any]:
    """As `reason_values`, of an item."""
    return {"error_code": error.code[:LONGEST_CODE], "error": storable(error.message)}


def storable(text: str) -> str:
    """Replaces what not every database takes: PostgreSQL refuses NUL, all refuse half a letter; engines say either."""
    shown = _UNSTORABLE.sub(" ", text)
    return shown if len(shown) <= LONGEST_REASON else f"{shown[: LONGEST_REASON - 1]}…"


def batch_of(row: Row[Any]) -> Batch:
    reason = Reason(row.reason_code, row.reason or "") if row.reason_code is not None else None
    return Batch(**{name: getattr(row, name) for name in _PLAIN}, reason=reason)


def item_values(batch_id: str, item: BatchItem) -> dict[str, Any]:
    """The columns of an item that has not begun."""
    return {
        "batch_id": batch_id,
        "number": item.number,
        "digest": item.digest,
        "size": item.size,
        "name": None if item.name is None else storable(item.name),
        "chapter": item.chapter,
        "state": item.state,
        "request": None if item.request is None else dict(item.request),
        "sequence": item.sequence,
    }


def item_of(row: Row[Any]) -> BatchItem:
    return BatchItem(
        number=row.number,
        digest=row.digest,
        size=row.size,
        request=row.request,
        name=row.name,
        chapter=row.chapter,
        state=row.state,
        error=Reason(row.error_code, row.error or "") if row.error_code is not None else None,
        result=result_of(row.result) if row.result is not None else None,
        sequence=row.sequence,
    )


def result_values(result: ItemResult) -> dict[str, Any]:
    return {name: getattr(result, name) for name in _OF_RESULT} | {"warnings": list(result.warnings)}


def result_of(values: Mapping[str, Any]) -> ItemResult:
    """A field that this server does not know, because a newer one has written it, is left out."""
    known = {name: value for name, value in values.items() if name in _OF_RESULT}
    return ItemResult(**known | {"warnings": tuple(values.get("warnings", ()))})
