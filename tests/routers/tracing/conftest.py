"""The receiver of a test, and a server that sends its traces there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes import registry
from tests.receiver import Receiver, receiving
from tests.routers.tracing.traced import settings
from tests.server import RunningServer, running


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def traced(receiver: Receiver, tmp_path: Path) -> Iterator[RunningServer]:
    with running(settings(receiver, tmp_path), registry()) as server:
        yield server
