"""Chatterbox and Whisper with random weights of full size, each engine alone: load, first audio, work, memory.

Random weights never end a text: a piece lasts as long as the engine lets it. So the texts are short, and all is told
per second of tokens, which cost what those of trained weights do. Sound is no measure: one token of five that random
weights make is a mark and silent. On a GPU where there is one, else on the CPU.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil

from benchmarks import checkpoints
from benchmarks.heavy_device import allocated, device_name, free_bytes, has_gpu, peak, reset_peak
from benchmarks.result import Row, quantile
from engines.registry import Registry
from engines.tts.chatterbox import longest_speech
from stts.engine_api import SpeechParams, Voice

NAMES = tuple(os.environ.get("STTS_HEAVY", "chatterbox,chatterbox_multilingual,chatterbox_turbo").split(","))
KEPT = os.environ.get("STTS_HEAVY_WEIGHTS")
"""Folder where checkpoints are kept from one run to the next; None: they go with the run."""
SHORT = "Hi."
"""A text that lasts 2.6 s with random weights, as a sentence of 40 letters does with trained ones."""
LONG = "The ferry leaves the harbour at a quarter past nine, and nobody had told the baker."
TIMES = 5
MAKERS: Mapping[str, Callable[[Path], Path]] = {
    "chatterbox": checkpoints.chatterbox,
    "chatterbox_multilingual": checkpoints.multilingual,
    "chatterbox_turbo": checkpoints.turbo,
}


@dataclass(frozen=True, slots=True)
class Spoken:
    work_s: float
    """Until the engine yields, which it does once for a piece."""
    speech_s: float
    """Seconds that its tokens stand for."""

    @property
    def factor(self) -> float:
        return self.work_s / self.speech_s


def run() -> list[Row]:
    """No rows where Chatterbox is not installed."""
    if lacking("torch", "chatterbox"):
        return []
    with weights() as folder:
        return [row for name in NAMES for row in told(_engine(name, checkpoint(name, folder)))]


def lacking(*packages: str) -> bool:
    """Says which are missing, if any are."""
    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        print(f"skipped: {', '.join(missing)} not installed", file=sys.stderr)
    return bool(missing)


@contextmanager
def weights() -> Iterator[Path]:
    """A folder for checkpoints: the one that stays, else a temporary one."""
    if KEPT is not None:
        Path(KEPT).mkdir(parents=True, exist_ok=True)
        yield Path(KEPT)
        return
    with tempfile.TemporaryDirectory(prefix="heavy-") as name:
        yield Path(name)


def checkpoint(name: str, folder: Path) -> Path:
    """The engine's checkpoint in this folder, made where it is not there."""
    target = folder / name
    if not (target / "conds.pt").exists():
        target.mkdir(exist_ok=True)
        MAKERS[name](target)
    return target


def told(rows: list[Row]) -> list[Row]:
    """Prints each row at once: whoever stops a long run keeps what was measured."""
    for row in rows:
        print(f"\n  {row.what}: {row.measured}", end="", file=sys.stderr, flush=True)
    return rows


def loaded(name: str, **options: Any) -> Any:
    engine = Registry().create(name, options)
    engine.load(lambda *_: None)
    return engine


def say(engine: Any, text: str, voice: Voice | None = None) -> Spoken:
    started = time.perf_counter()
    blocks = list(engine.synthesize(text, voice or engine.info.voices[0], SpeechParams(language="en", seed=1)))
    work = time.perf_counter() - started
    assert sum(map(len, blocks)), "no sound"
    return Spoken(work, longest_speech(text, "en"))


def _engine(name: str, path: Path) -> list[Row]:
    before, resident = allocated(), psutil.Process().memory_info().rss
    started = time.perf_counter()
    engine = loaded(name, path=str(path))
    load = time.perf_counter() - started
    held = allocated() - before
    resident = psutil.Process().memory_info().rss - resident
    first = say(engine, SHORT)
    reset_peak()
    short = [say(engine, SHORT) for _ in range(TIMES if has_gpu() else 1)]
    long = say(engine, LONG) if has_gpu() else short[0]
    highest, taken = peak() - before, free_bytes()
    cloned = _cloning(engine, path.parent)
    device = engine.device
    engine.unload()
    left = allocated() - before
    median = quantile([each.work_s for each in short], 0.5)
    factor = quantile([each.factor for each in short], 0.5)
    return [
        Row(
            f"{name} on {device_name(device)}: work a second of speech, pieces of {short[0].speech_s:.1f} s",
            "",
            f"{factor:.2f} s; of a piece of {long.speech_s:.0f} s {long.factor:.2f} s",
            figures={"factor": factor, "long_factor": long.factor, "long_speech_s": long.speech_s},
        ),
        Row(
            f"  first audio of {short[0].speech_s:.1f} s of speech: p50; the first after a load; with a new voice",
            "",
            f"{median:.2f}; {first.work_s:.2f}; {cloned.work_s:.2f} s",
            figures={"first_s": median, "cold_s": first.work_s, "cloned_s": cloned.work_s},
        ),
        Row(
            "  load; memory of the GPU held, at its highest, after unload; resident memory",
            "",
            f"{load:.1f} s; {held / 1e9:.2f}, {highest / 1e9:.2f}, {left / 1e9:.3f} GB; {resident / 1e9:.1f} GB",
            left < 50e6,
            figures={"load_s": load, "held_b": held, "peak_b": highest, "left_b": left, "gpu_free_b": taken},
        ),
    ]


def _cloning(engine: Any, folder: Path) -> Spoken:
    """A piece in the voice of a recording that the engine has not met."""
    reference = checkpoints.recording(folder / "voice.wav", 6.0)
    return say(engine, SHORT, Voice("someone", "Someone", reference=str(reference)))
