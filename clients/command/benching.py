"""`stts bench`: this server against the figures of the documents, each of which names its machine."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from clients.command.connection import connected
from clients.command.speech import Json
from clients.command.terminal import Progress, explained, said, show_json, show_table

if TYPE_CHECKING:
    from clients.caller import Caller

REFERENCE = Path(__file__).parent / "reference.json"
"""Figures of the documents; a test holds the documents against them."""
COLUMNS = {
    "WHAT": "what",
    "ENGINE": "engine",
    "HERE": "here",
    "IN THE DOCUMENTS": "there",
    "RATIO": "ratio",
    "": "words",
}
LOCAL = ("127.0.0.1", "localhost", "::1")
LIKE, SLOWER = 1.5, 4.0
"""Ratios up to which a figure is like the other one, and is slower rather than much slower."""
LIKE_THERE = "as there"
FIRST = "first sound of ten sentences"
SPEECH = "work for a second of speech"
LISTENERS = "streams without a gap, 16 listeners at once"
TRANSCRIPT = "work for a second of a recording"
NAMES = {"round_trip": "GET /health, connection open", "first_sound": FIRST, "speech": SPEECH} | {
    "listeners": LISTENERS,
    "transcript": TRANSCRIPT,
}

SENTENCES = {
    "round_trip": "A question on an open connection is answered after {here}",
    "first_sound": "Speech of {engine} begins after {here}",
    "speech": "{engine} works {here} for a second of speech",
    "listeners": "Of 16 who listen at once {here} hear no gap",
    "transcript": "{engine} works {here} for a second of a recording",
}


@dataclass(frozen=True, slots=True)
class Figure:
    what: str
    engine: str | None
    value: float
    """Seconds; of `listeners` a share."""
    reference: float | None
    """None: the documents have no figure of this engine."""

    @property
    def ratio(self) -> float | None:
        """More than 1: worse than in the documents."""
        if not self.reference or not self.value:
            return None
        return self.reference / self.value if self.what == "listeners" else self.value / self.reference

    @property
    def words(self) -> str:
        ratio = self.ratio
        if ratio is None:
            return "" if self.reference is None else "none at all"
        if ratio < 1 / LIKE:
            return "faster"
        if ratio <= LIKE:
            return LIKE_THERE
        return "slower" if ratio <= SLOWER else "much slower: stts doctor tells why"


def sentence(figure: Figure) -> str:
    """The row in words, for who does not read tables."""
    here = SENTENCES[figure.what].format(engine=figure.engine or "", here=_shown(figure.what, figure.value)).strip()
    if figure.reference is None:
        return f"{here}; the documents have no figure of this engine."
    if figure.ratio is None:
        return f"{here}: {figure.words}."
    if figure.words == LIKE_THERE:
        return f"{here}, as in the documents."
    times = max(figure.ratio, 1 / figure.ratio)
    better = "better" if figure.ratio < 1 else "worse"
    there = _shown(figure.what, figure.reference)
    return f"{here}; {there} in the documents, so {times:.1f} times {better} here."


def bench(
    context: typer.Context,
    engine: Annotated[
        str | None, typer.Option(help="An engine of `stts engines list`, in place of the default.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Measures this server, in some twenty seconds, and sets it beside the figures of the documents."""
    reference = json.loads(REFERENCE.read_text(encoding="utf-8"))
    with explained(as_json), connected(context.obj) as caller:
        figures = list(_figures(caller, engine, reference["figures"]))
    if as_json:
        rows = [
            {**asdict(each), "ratio": each.ratio, "verdict": each.words, "sentence": sentence(each)} for each in figures
        ]
        show_json({"reference_machine": reference["machine"], "figures": rows})
        return
    show_table([_row(each) for each in figures], COLUMNS)
    for each in figures:
        print(f"- {said(sentence(each))}")
    print(f"The machine of the documents: {reference['machine']}, with nothing else to do.{_busy(caller.url)}")


def _figures(caller: Caller, engine: str | None, known: list[dict[str, Any]]) -> Iterator[Figure]:
    """Measures one thing after the other, so that none disturbs the next."""
    from clients.command.measures import Measures

    def figure(what: str, name: str | None, value: float) -> Figure:
        found = (each["value"] for each in known if (each["what"], each.get("engine")) == (what, name))
        return Figure(what, name, value, next(found, None))

    measures, shown = Measures(caller, engine), Progress(lines=False)
    try:
        shown.tell("1 of 5: the connection")
        yield figure("round_trip", None, measures.round_trip())
        shown.tell("2 of 5: the first sound")
        voice, first = measures.first_sound()
        yield figure("first_sound", voice, first)
        shown.tell("3 of 5: speech")
        spoken = measures.speak(0)
        yield figure("speech", voice, spoken.whole / spoken.seconds)
        shown.tell("4 of 5: listeners")
        yield figure("listeners", None, measures.listeners()[0])
        shown.tell("5 of 5: a recording")
        yield figure("transcript", *measures.transcript(spoken))
    finally:
        shown.end()


def _busy(url: str) -> str:
    """A word about other work on this machine, where the server is here: it makes each figure worse."""
    cores = os.cpu_count() or 1
    if urlsplit(url).hostname not in LOCAL or not hasattr(os, "getloadavg") or os.getloadavg()[0] <= cores:
        return ""
    return f" This one has other work: a load of {os.getloadavg()[0]:.0f} on {cores} cores."


def _row(figure: Figure) -> dict[str, Any]:
    ratio = figure.ratio
    return {
        "what": NAMES[figure.what],
        "engine": figure.engine,
        "here": _shown(figure.what, figure.value),
        "there": None if figure.reference is None else _shown(figure.what, figure.reference),
        "ratio": None if ratio is None else f"{ratio:.2f}",
        "words": figure.words,
    }


def _shown(what: str, value: float) -> str:
    if what == "listeners":
        return f"{value:.0%}"
    return f"{value * 1000:.3g} ms" if what in ("round_trip", "first_sound") else f"{value:.3f} s"
