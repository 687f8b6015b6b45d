"""A GPU whose memory is taken by somebody else: what the engines say, and whether they go on afterwards."""

from __future__ import annotations

import time
from pathlib import Path

from benchmarks.heavy import LONG, SHORT, checkpoint, lacking, loaded, say, told, weights
from benchmarks.heavy_device import allocated, fill, give_back, has_gpu
from benchmarks.result import Row
from stts.errors import EngineOutOfMemory

ENGINE = "chatterbox_turbo"
LEFT = 8 << 20
"""Bytes that the other one leaves."""


def run() -> list[Row]:
    """No rows without a GPU."""
    if lacking("torch", "chatterbox") or not has_gpu():
        return []
    with weights() as folder:
        path = checkpoint(ENGINE, folder)
        return [*told(_named(path)), *told(_left_to_us(path)), *told(_while_loading(path))]


def _named(path: Path) -> list[Row]:
    """The operator wants the GPU: an error, and speech again once there is room."""
    engine = loaded(ENGINE, path=str(path), device="cuda")
    # No piece was spoken yet, so the allocator keeps nothing back.
    taken = fill(LEFT)
    message = ""
    try:
        say(engine, LONG)
    except EngineOutOfMemory as error:
        message = str(error)
    del taken
    give_back()
    again = say(engine, SHORT)
    device = engine.device
    engine.unload()
    works = bool(message) and again.speech_s > 0 and device == "cuda"
    return [Row(f"{ENGINE}, `device: cuda`, no memory left", "clear error, then works", f'"{message}"', works)]


def _left_to_us(path: Path) -> list[Row]:
    """The device is ours to choose: the piece is spoken on the CPU, and the GPU is used again after the next load."""
    engine = loaded(ENGINE, path=str(path))
    before = allocated()
    taken = fill(LEFT)
    held = allocated() - before
    started = time.perf_counter()
    spoken = say(engine, SHORT)
    took, device = time.perf_counter() - started, engine.device
    left = allocated() - held
    del taken
    give_back()
    engine.unload()
    engine.load(lambda *_: None)
    back = engine.device
    engine.unload()
    return [
        Row(
            f"{ENGINE}, `device: auto`, no memory left",
            "speaks on the CPU, then on the GPU again",
            f"{device} after {took:.1f} s ({spoken.speech_s:.1f} s of speech), {left / 1e9:.3f} GB still held; "
            f"after a load {back}",
            (device, back) == ("cpu", "cuda") and left < 50e6,
            {"seconds": took, "left_b": left},
        )
    ]


def _while_loading(path: Path) -> list[Row]:
    """There is room for a part of the weights only."""
    before = allocated()
    taken = fill(1 << 30)
    message = ""
    try:
        loaded(ENGINE, path=str(path), device="cuda")
    except EngineOutOfMemory as error:
        message = str(error)
    del taken
    give_back()
    left = allocated() - before
    return [
        Row(
            f"{ENGINE}, `device: cuda`, room for half of it",
            "clear error, nothing kept",
            f'"{message}"; {left / 1e9:.3f} GB still held',
            bool(message) and left < 50e6,
            {"left_b": left},
        )
    ]
