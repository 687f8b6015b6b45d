"""Devices on which engines work, as other systems tell them: `cuda`, `mps` or `cpu`."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from adapters.descriptions import EngineDescription
from stts.settings import Settings

AUTO = "auto"
CPU = "cpu"
_DRIVER = Path("/proc/driver/nvidia/version")


@cache
def has_cuda() -> bool:
    """True if there is a driver for CUDA; no library of an engine is loaded for the question."""
    return _DRIVER.exists()


def device_of(settings: Settings, engine: EngineDescription | None) -> str:
    """The device that the operator has chosen for an engine, or the one that it takes where nobody has."""
    if engine is None:
        return CPU
    chosen = str(settings.engines.instance(engine.name).options.get("device", AUTO))
    if chosen != AUTO:
        return chosen
    return "cuda" if "torch" in engine.info.packages and has_cuda() else CPU
