"""Which engine `auto` takes, and what happens when it fails."""

from __future__ import annotations

from typing import Literal

from stts.settings.section import Section, live

Role = Literal["realtime", "stream", "collected", "batch"]
"""Role of a request, by who waits: somebody on an open connection, a listener of a stream, a program, nobody."""


class RoutingRule(Section):
    """Conditions that a request must all meet, and the engines it then gets. Empty conditions are met by all."""

    kind: Literal["tts", "stt"] = live("Speaking or listening.", default="tts")
    languages: tuple[str, ...] = live(
        "Languages of the text or recording, where known; `en` is `en-GB` too.", default=()
    )
    scripts: tuple[str, ...] = live("Scripts of the text: `Latin`, `Cyrillic`, `Han`, ...", default=())
    voices: tuple[str, ...] = live("Voices asked for; `*` stands for anything.", default=())
    roles: tuple[Role, ...] = live("Who waits: `realtime`, `stream`, `collected`, `batch`.", default=())
    min_characters: int = live("Shortest text.", default=0, ge=0)
    max_characters: int | None = live("Longest text; null: any.", default=None, ge=0)
    engines: tuple[str, ...] = live("Engines to take, first to last; the others of the order follow.", default=())
    only: bool = live("No engine but these.", default=False)
    weights: dict[str, float] = live(
        "Shares of the requests that go first to one of these engines, such as {hibari: 3, piper: 1}.",
        default_factory=dict,
    )


class RoutingSettings(Section):
    rules: tuple[RoutingRule, ...] = live(
        "What `auto` takes for which requests: the first rule that fits counts, else `tts.order` and `stt.order`.",
        default=(),
    )
    fall_back: bool = live(
        "Try the next engine where `auto` took one that fails before its first audio or words.", default=True
    )
    named_falls_back: bool = live("The same where a request names its engine.", default=False)
    voice_may_change: bool = live(
        "Where a voice fails within a text, that of the next engine speaks the rest; else the answer breaks off.",
        default=False,
    )
    first_seconds: float = live(
        "Silence of an engine at work, before its first audio or words, after which the next is tried; in an answer "
        "that is sent whole before each piece.",
        default=20.0,
        gt=0,
        le=600,
    )
    load_seconds: float = live("Load of an engine after which the next is tried.", default=60.0, gt=0, le=7200)
    realtime_factor: float = live(
        "Seconds of work a second of audio from which an engine is not taken for open connections, if another can.",
        default=0.8,
        gt=0,
        le=100,
    )
    failures: int = live("Failures in a row after which an engine rests.", default=3, ge=1, le=100)
    rest_seconds: float = live(
        "Rest before an engine is tried in the background; each try that fails doubles it.",
        default=60.0,
        gt=0,
        le=86_400,
    )
    longest_rest_seconds: float = live("Longest rest.", default=1800.0, gt=0, le=86_400)
