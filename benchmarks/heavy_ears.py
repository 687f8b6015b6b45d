"""Whisper with random weights of full size, each model alone: load, work on a region of 30 s, memory.

Random weights never end a text, so a decoding is as long as Whisper lets it be: 224 tokens, where 30 s of quick speech
have about 110. With Whisper's own thresholds their text is decoded six times, as that of noise would be.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import checkpoints
from benchmarks.heavy import lacking, loaded, told, weights
from benchmarks.heavy_device import allocated, device_name, has_gpu, peak, reset_peak
from benchmarks.result import Row, quantile
from stts.engine_api import STT_SAMPLE_RATE, ListenParams, Samples

SIZES: Mapping[str, Mapping[str, int]] = {
    "base": {"audio_layers": 6, "text_layers": 6, "heads": 8},
    "small": {"audio_layers": 12, "text_layers": 12, "heads": 12},
    "large-v3-turbo": {"audio_layers": 32, "text_layers": 4, "heads": 20, "mels": 128, "vocabulary": 51865},
    "large-v3": {"audio_layers": 32, "text_layers": 32, "heads": 20, "mels": 128, "vocabulary": 51865},
}
NAMES = tuple(os.environ.get("STTS_HEAVY_EARS", "base,small,large-v3-turbo,large-v3").split(","))
REGION_SECONDS = 30.0
TIMES = 3
ONCE = {"compression_ratio_threshold": 100.0, "logprob_threshold": -100.0, "no_speech_threshold": 1.0}
"""Thresholds that every text passes."""


def run() -> list[Row]:
    """No rows where Whisper is not installed."""
    if lacking("torch", "whisper"):
        return []
    with weights() as folder:
        return [row for name in NAMES for row in told(_model(name, checkpoint(name, folder)))]


def checkpoint(name: str, folder: Path) -> Path:
    """The model's checkpoint in this folder, made where it is not there, in half precision as published."""
    import torch

    path = folder / f"{name}.pt"
    if not path.exists():
        with torch.device("cuda" if has_gpu() else "cpu"):
            sizes: dict[str, Any] = dict(SIZES[name])
            checkpoints.whisper(path, width=64, context=448, half=True, **sizes)
    return path


def _model(name: str, path: Path) -> list[Row]:
    before = allocated()
    started = time.perf_counter()
    engine = loaded("whisper", model=str(path))
    load = time.perf_counter() - started
    held = allocated() - before
    listen(engine)
    reset_peak()
    once = quantile([listen(engine) for _ in range(TIMES if has_gpu() else 1)], 0.5)
    highest = peak() - before
    words = listen(engine, word_timestamps=True)
    full = once
    if has_gpu():
        again = loaded("whisper", model=str(path), fp16=False)
        listen(again)
        full = quantile([listen(again) for _ in range(TIMES)], 0.5)
        again.unload()
    device, worst = engine.device, listen(engine, often=True) if has_gpu() else 0.0
    engine.unload()
    left = allocated() - before
    return [
        Row(
            f"whisper {name} on {device_name(device)}: a region of 30 s, one decoding of 224 tokens",
            "",
            f"{once:.2f} s; with times of words {words:.2f}; in full precision {full:.2f}; "
            f"decoded six times {worst:.2f}",
            figures={"once_s": once, "words_s": words, "full_precision_s": full, "six_s": worst},
        ),
        Row(
            "  load; memory of the GPU held, at its highest, after unload",
            "",
            f"{load:.1f} s; {held / 1e9:.2f}, {highest / 1e9:.2f}, {left / 1e9:.3f} GB",
            left < 50e6,
            figures={"load_s": load, "held_b": held, "peak_b": highest, "left_b": left},
        ),
    ]


def region() -> Samples:
    noise: Samples = np.random.default_rng(1).normal(0, 0.1, int(REGION_SECONDS * STT_SAMPLE_RATE)).astype(np.float32)
    return noise


def listen(engine: Any, *, word_timestamps: bool = False, often: bool = False) -> float:
    """Seconds for a region. `often`: with Whisper's own thresholds."""
    extra = engine.Parameters(**({} if often else ONCE))
    samples = region()
    started = time.perf_counter()
    list(engine.transcribe(samples, ListenParams(language="en", word_timestamps=word_timestamps, extra=extra)))
    return time.perf_counter() - started
