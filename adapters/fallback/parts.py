"""Contexts of attempts: each writes into one of its own, so that one given up spoils nothing later."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace

from stts.context import Outcome, RequestContext
from stts.timings import Timings

OUTCOME = tuple(each.name for each in fields(Outcome) if each.name not in ("file_id", "fallback", "cache"))
"""Members that an adapter writes."""
TIMINGS = ("queue", "load", "written", "engine", "encode", "audio_seconds", "characters")
"""Measurements that an adapter makes."""


def part_of(context: RequestContext) -> RequestContext:
    """A context for one attempt at the operation."""
    return replace(context, output_data=Outcome(), metrics=Timings(), warnings=[])


def hand_over(part: RequestContext, context: RequestContext) -> None:
    """Puts what an attempt has found out so far into the context of its operation."""
    if part is context:
        return
    for name in OUTCOME:
        setattr(context.output_data, name, getattr(part.output_data, name))
    for name in TIMINGS:
        setattr(context.metrics, name, getattr(part.metrics, name))
    for warning in part.warnings:
        context.warn(warning)


def count_furthest(parts: Iterable[RequestContext], context: RequestContext) -> None:
    """Counts the audio heard by the attempt that got furthest, where none has told anything."""
    known = [seconds for part in parts if (seconds := part.metrics.audio_seconds) is not None]
    if known:
        context.metrics.audio_seconds = max(known)
