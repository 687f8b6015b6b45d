from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests import patient

ROOT = Path(__file__).parents[3]

PROGRAM = """
import asyncio
from middleware.serving.deferred_models import build_models, defer_models
defer_models()
from pydantic import BaseModel
class Ours(BaseModel):
    number: int
class Theirs(BaseModel):
    number: int
Ours.__module__, Theirs.__module__ = "stts.speech", "library.models"
complete = lambda: [Ours.__pydantic_complete__, Theirs.__pydantic_complete__]
print(complete())
asyncio.run(build_models(frozenset({"stts"})))
print(complete())
print(Theirs.model_validate({"number": "7"}).number, complete())
"""


@pytest.mark.socket
def test_models_are_built_in_spare_time_or_at_their_first_use() -> None:
    """In a process of its own, since what is deferred stays so."""
    shown = patient.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=False)
    assert shown.stdout.splitlines() == ["[False, False]", "[True, False]", "7 [True, True]"], shown.stderr
