"""A speech server as it is after an installation, with its real voices and ears, and the library."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from benchmarks.server import Server, running

if TYPE_CHECKING:
    from tests.clients.discord.own_discord import Discord

REQUIRED = os.environ.get("STTS_REQUIRE_CLIENTS") == "1"
"""Where the clients are installed on purpose, a library that is missing fails its tests."""
THERE = REQUIRED or all(map(find_spec, ("discord", "davey", "nacl")))
NEEDING = ("test_conversations.py", "test_faults.py", "test_hearing.py", "test_own_discord.py", "test_voice_faults.py")
collect_ignore = [] if THERE else list(NEEDING)


@pytest.fixture(scope="session")
def speech_server() -> Iterator[Server]:
    with running({"models": {"offline": True}, "cache": {}}) as server:
        yield server


@pytest.fixture
async def there(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Discord]:
    from tests.clients.discord.own_discord import own_discord

    async with own_discord(tmp_path_factory.getbasetemp()) as discord:
        yield discord
