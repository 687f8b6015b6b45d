"""Importing the Python API costs little: what it needs is imported when it is opened."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests import patient

pytestmark = pytest.mark.socket

ROOT = Path(__file__).parents[2]
HEAVY = ("fastapi", "starlette", "uvicorn", "pydantic", "numpy", "structlog", "sqlalchemy", "av", "routers", "adapters")
PROGRAM = f"""
import sys
from embedded import AsyncSpeech, Audio, Speech
found = [name for name in {HEAVY!r} if name in sys.modules]
assert not found, found
Speech(), AsyncSpeech()
assert not [name for name in {HEAVY!r} if name in sys.modules]
"""


def test_an_import_loads_nothing_heavy(tmp_path: Path) -> None:
    done = patient.run(
        [sys.executable, "-c", PROGRAM], cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not [*tmp_path.iterdir()]
