"""An index on loopback, and an environment that names no other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engines.models import index_server
from tests.engines.models.index_server import Index


@pytest.fixture
def index(request: pytest.FixtureRequest) -> Iterator[Index]:
    with index_server.running(Index(**getattr(request, "param", {}))) as running:
        yield running


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_TOKEN", "HF_ENDPOINT", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
