"""`stts bench`: its figures against a real server, its verdicts, and the documents that its reference comes from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from benchmarks.server import running
from clients.command import measures
from clients.command.benching import NAMES, REFERENCE, Figure, sentence
from clients.command.main import app
from clients.command.measures import SECOND_BYTES, _spoken

ROOT = Path(__file__).parents[3]
KNOWN: list[dict[str, Any]] = json.loads(REFERENCE.read_text(encoding="utf-8"))["figures"]
LOUD = (1000).to_bytes(2, "little") * (SECOND_BYTES // 2)


@pytest.mark.parametrize("figure", KNOWN, ids=lambda figure: f"{figure['what']}-{figure.get('engine')}")
def test_the_documents_say_the_same(figure: dict[str, Any]) -> None:
    page = (ROOT / figure["page"]).read_text(encoding="utf-8")
    assert figure["quote"] in page, "the document has changed: change clients/command/reference.json with it"
    value = figure["value"]
    written = (f"{value * 1000:.6g} ms", f" {value:.3f} ", f"{value:.1%}")
    assert any(each in figure["quote"] for each in written)
    assert figure["what"] in NAMES


@pytest.mark.parametrize(
    ("figure", "ratio", "words"),
    [
        (Figure("first_sound", "one", 0.01, 0.03), 1 / 3, "faster"),
        (Figure("first_sound", "one", 0.04, 0.03), 4 / 3, "as there"),
        (Figure("speech", "one", 0.06, 0.03), 2, "slower"),
        (Figure("speech", "one", 0.3, 0.03), 10, "much slower: stts doctor tells why"),
        (Figure("listeners", None, 0.5, 1.0), 2, "slower"),
        (Figure("listeners", None, 0.0, 1.0), None, "none at all"),
        (Figure("speech", "unknown", 0.3, None), None, ""),
    ],
)
def test_a_figure_is_judged(figure: Figure, ratio: float | None, words: str) -> None:
    assert figure.ratio == (None if ratio is None else pytest.approx(ratio))
    assert figure.words == words


def test_each_row_is_a_sentence() -> None:
    assert sentence(Figure("first_sound", "one", 0.06, 0.03)) == (
        "Speech of one begins after 60 ms; 30 ms in the documents, so 2.0 times worse here."
    )
    assert (
        sentence(Figure("listeners", None, 1.0, 1.0))
        == "Of 16 who listen at once 100% hear no gap, as in the documents."
    )
    assert sentence(Figure("listeners", None, 0.0, 1.0)) == "Of 16 who listen at once 0% hear no gap: none at all."
    assert sentence(Figure("speech", "new", 0.3, None)).endswith("the documents have no figure of this engine.")


def test_a_gap_is_what_a_player_has_nothing_in() -> None:
    steady = _spoken("one", [(0.1, bytes(480)), (0.2, LOUD), (1.2, LOUD)])
    assert (steady.first_sound, steady.worst_gap) == (0.2, 0.0)
    assert steady.seconds == pytest.approx(2.01)
    late = _spoken("one", [(0.2, LOUD), (1.7, LOUD), (2.0, LOUD)])
    assert late.worst_gap == pytest.approx(0.5)


@pytest.mark.socket
def test_a_server_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, few in (("LISTENERS", 2), ("FIRST_SOUNDS", 1), ("ROUND_TRIPS", 3)):
        monkeypatch.setattr(measures, name, few)
    with running({"models": {"offline": True}, "tts": {"order": ["espeak"]}}) as server:
        place = ["--url", f"http://127.0.0.1:{server.port}"]
        told = CliRunner().invoke(app, [*place, "bench", "--json"])
        refused = CliRunner().invoke(app, [*place, "bench", "--engine", "nobody"])
    assert told.exit_code == 0, told.output
    figures = {each["what"]: each for each in json.loads(told.stdout)["figures"]}
    assert figures.keys() == NAMES.keys()
    assert (figures["first_sound"]["engine"], figures["transcript"]["engine"]) == ("espeak", "faster_whisper")
    assert all(each["sentence"].endswith(".") for each in figures.values())
    assert all(each["reference"] for each in figures.values())
    assert all(each["value"] > 0 for each in figures.values() if each["what"] != "listeners")
    assert refused.exit_code == 4 and "no such engine" in refused.stderr
