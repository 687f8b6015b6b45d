"""Readers of answers: each returns what is in one, or raises Failed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from clients.audio import measure
from clients.caller import Answer
from clients.checks.visit import Failed

SHORTEST_SECONDS = 0.5


def sound_of(answer: Answer, format: str, pcm_rate: int | None = None) -> str:
    rate = int(answer.headers.get("x-sample-rate", pcm_rate or 0)) if format == "pcm" else None
    return length_of(answer.body, rate)


def length_of(data: bytes, pcm_rate: int | None = None) -> str:
    try:
        sound = measure(data, pcm_rate=pcm_rate)
    except ValueError as error:
        raise Failed(str(error)) from error
    if sound.silent or sound.seconds < SHORTEST_SECONDS:
        raise Failed(f"{sound.seconds:.1f} s with a peak of {sound.peak:.3f}")
    return f"{sound.seconds:.1f} s"


def words_of(answer: Answer) -> str:
    text = object_of(answer).get("text")
    if not isinstance(text, str):
        raise Failed("no text")
    return f"{len(text.split())} words"


def events_of(answer: Answer) -> list[dict[str, Any]]:
    found = list(_event_data(answer.body.decode()))
    if not found:
        raise Failed("no event")
    return found


def _event_data(text: str) -> Iterator[dict[str, Any]]:
    for line in text.splitlines():
        field, _, value = line.partition(":")
        if field == "data" and not value.strip().startswith("[DONE]"):
            yield json.loads(value)


def object_of(answer: Answer) -> dict[str, Any]:
    body = answer.json()
    if not isinstance(body, dict):
        raise Failed("not a JSON object")
    return body


def list_of(body: Any) -> list[Any]:
    if not isinstance(body, list) or not body:
        raise Failed("not a list of something")
    return body


def brief(value: Any) -> str:
    return f"({len(value)})" if isinstance(value, dict | list) else " ".join(str(value).split())[:60]
