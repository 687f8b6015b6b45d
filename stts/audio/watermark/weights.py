"""Finds the published weights of the watermark on this machine. The package that has them is never imported."""

from __future__ import annotations

import importlib.util
from functools import lru_cache
from pathlib import Path

from stts.audio.watermark.network import WatermarkNetwork
from stts.errors import EngineNotInstalled, EngineWeightsMissing

PACKAGE = "perth"
"""Module of the distribution `resemble-perth`; it would load torch."""
INSIDE = Path("perth_net", "pretrained", "implicit", "perth_net_250000.pth.tar")
INSTALL = "pip install -r requirements/watermark.txt"


def find_checkpoint(configured: str | None) -> Path | None:
    """The file that the operator names, or that of the installed package; None: it is not here."""
    if configured:
        path = Path(configured).expanduser()
        return path if path.is_file() else None
    try:
        spec = importlib.util.find_spec(PACKAGE)
    except (ImportError, ValueError):
        return None
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / INSIDE
    return path if path.is_file() else None


def watermark_network(configured: str | None) -> WatermarkNetwork:
    """The network, of which there is one a process. Raises EngineWeightsMissing, EngineNotInstalled: how to get it."""
    path = find_checkpoint(configured)
    if path is not None:
        return _network(path)
    if configured:
        raise EngineWeightsMissing("`watermark.weights` names a file that is not here.")
    raise EngineNotInstalled(f"The watermark is not installed here: {INSTALL}")


@lru_cache(maxsize=2)
def _network(path: Path) -> WatermarkNetwork:
    return WatermarkNetwork(path)
