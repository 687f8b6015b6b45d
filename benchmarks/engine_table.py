"""`python -m benchmarks.engine_table [FILE] [--ear MODEL]`: the table of all engines in docs/engines.md, measured.

Engines of other environments cannot be measured in this one: `--figures FILE` keeps what was measured and adds to it,
so that a second run, elsewhere, completes the first.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from benchmarks.engine_measures import Measured, measure
from benchmarks.machine import machine_line
from benchmarks.result import milliseconds
from benchmarks.server import ROOT
from engines.registry import Registry
from stts.engine_api import EngineInfo

BEGIN, END = "<!-- engines: begin -->", "<!-- engines: end -->"
HEAD = (
    "| engine | does | needs | words wrong; of a person's reading | first sound of a sentence, or text of 3 s "
    "| processor seconds a second of speech | memory of a process | languages | licence | text or audio goes |\n"
    "|---|---|---|---|---|---|---|---|---|---|\n"
)
NAMED_LANGUAGES = 6
UNKNOWN = "not measured"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.engine_table", description=__doc__)
    parser.add_argument("page", nargs="?", type=Path, help="Markdown file whose table is replaced; else it is printed")
    parser.add_argument("--ear", default="tiny.en", help="model of faster_whisper that judges what is spoken")
    parser.add_argument("--figures", type=Path, help="JSON file of figures, read and written")
    parser.add_argument(
        "--only", action="append", metavar="NAME", help="measure this engine; others keep their figures"
    )
    options = parser.parse_args()
    known = _read(options.figures)
    infos = _infos()
    for info in infos:
        print(f"{info.name} ...", end=" ", file=sys.stderr, flush=True)
        left_out = info.network or (options.only is not None and info.name not in options.only)
        measured = None if left_out else measure(info, options.ear)
        print("not here" if measured is None else measured, file=sys.stderr)
        if measured is not None:
            known[info.name] = measured
    if options.figures is not None:
        options.figures.write_text(json.dumps({name: asdict(each) for name, each in known.items()}, indent=1) + "\n")
    text = f"Machine: {machine_line()}. Judge of what is spoken: Whisper `{options.ear}`.\n\n{HEAD}" + "".join(
        f"{row(info, known.get(info.name))}\n" for info in infos
    )
    if options.page is None:
        print(text)
    else:
        options.page.write_text(replaced(options.page.read_text(encoding="utf-8"), text), encoding="utf-8")
    return 0


def replaced(page: str, text: str) -> str:
    """The page with another table. Raises ValueError where it has no place for one."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"The page has no lines {BEGIN} and {END}.")
    return f"{before}{BEGIN}\n{text}{END}{after}"


def _infos() -> list[EngineInfo]:
    registry = Registry()
    infos = [registry.create(name).info for name in registry.names()]
    return [info for info in infos if info.kind in ("tts", "stt")]


def _read(path: Path | None) -> dict[str, Measured]:
    if path is None or not path.exists():
        return {}
    content: Mapping[str, Mapping[str, float]] = json.loads(path.read_text(encoding="utf-8"))
    return {name: Measured(**figures) for name, figures in content.items()}


def row(info: EngineInfo, measured: Measured | None) -> str:
    cells = [
        f"`{info.name}`",
        _does(info),
        f"`requirements/{_requirements(info.name)}`",
        *_figures(info, measured),
        languages(info),
        info.licence,
    ]
    return "| " + " | ".join([*cells, _where(info)]) + " |"


def _does(info: EngineInfo) -> str:
    if info.kind == "tts":
        return "speaks, clones" if info.abilities.cloning else "speaks"
    return "listens, live" if info.abilities.live else "listens"


def _requirements(name: str) -> str:
    """The list that installs it: of its own name, of its family's, or the base list."""
    names = (f"{each}.txt" for each in (name, name.partition("_")[0], "base"))
    return next(each for each in names if (ROOT / "requirements" / each).exists())


def _figures(info: EngineInfo, measured: Measured | None) -> list[str]:
    if info.network:
        return ["", "a network away", "", "hardly any"]
    if measured is None:
        return [UNKNOWN] * 4
    errors = [f"{each:.1%}" for each in (measured.errors, measured.reading_errors) if each is not None]
    memory = f"{measured.memory / 1e6:.0f} MB" if measured.memory else "the server's"
    return ["; ".join(errors) or UNKNOWN, milliseconds(measured.first_s), f"{measured.work:.3f}", memory]


def languages(info: EngineInfo) -> str:
    """By name where they are few."""
    found = sorted({each.split("-")[0] for each in info.languages})
    return ", ".join(found) if 0 < len(found) <= NAMED_LANGUAGES else str(len(found) or "by its model")


def _where(info: EngineInfo) -> str:
    return f"to {info.maker or 'its address'}" if info.network else "nowhere"


if __name__ == "__main__":
    sys.exit(main())
