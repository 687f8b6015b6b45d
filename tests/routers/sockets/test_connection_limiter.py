"""Places of sockets, and keys that end while theirs wait for one."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from routers.services import build_services
from routers.sockets.connection_limiter import ConnectionLimiter
from stts.access.key_text import KeyText
from stts.access.principal import Principal, key_holder
from stts.errors import Busy, STTSError
from stts.peers.limits import PeerPlaces
from stts.settings import LimitSettings, SecuritySettings, Settings, StorageSettings
from tests.fakes import registry
from tests.patient import PATIENCE
from tests.stts.access.keys import new_key
from tests.stts.peers.crowd import crowd


@dataclass(eq=False)
class Connection:
    principal: Principal
    network: str = ""
    listener: str | None = "default"
    errors: list[str] = field(default_factory=list)

    def close_with(self, error: STTSError) -> None:
        self.errors.append(error.code)


def connection(**values: object) -> Connection:
    return Connection(key_holder(new_key(KeyText.new(), **values)))


async def test_a_key_that_ends_while_its_socket_waits_for_a_place_ends_the_socket() -> None:
    settings = Settings(limits=LimitSettings(live_sessions=1).model_copy(update={"place_seconds": PATIENCE}))
    limiter = ConnectionLimiter(lambda: settings)
    first, second = connection(), connection()
    ended = second.principal.key
    assert ended is not None

    async def waits() -> None:
        async with limiter.taken(second):
            return

    async with limiter.taken(first):
        waiting = asyncio.create_task(waits())
        while ended not in limiter.keys_in_use():  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0)
        limiter.end_key(ended.id)
        assert (first.errors, second.errors) == ([], ["unauthorized"]) and not waiting.done()
    await waiting
    assert limiter.open == 0 and limiter.keys_in_use() == []


async def test_sockets_of_an_expired_key_are_found_without_the_database(tmp_path: Path) -> None:
    settings = Settings(
        storage=StorageSettings(root=str(tmp_path)), security=SecuritySettings.model_validate({"keys": True})
    )
    services = build_services(settings, registry=registry())
    expired, lasting = connection(expires_at=1.0), connection()
    assert services.access.directory is not None
    async with services.limiter.taken(expired), services.limiter.taken(lasting):
        services.access.directory.end_dead()
    assert (expired.errors, lasting.errors) == (["unauthorized"], [])


@pytest.mark.socket
async def test_live_sessions_of_all_workers_are_one_sum() -> None:
    settings = Settings(limits=LimitSettings(live_sessions=1).model_copy(update={"place_seconds": PATIENCE}))
    brief = Settings(limits=LimitSettings(live_sessions=1).model_copy(update={"place_seconds": 0.01}))
    async with crowd() as them:
        workers = [await them.joined() for _ in range(2)]
        one = ConnectionLimiter(lambda: settings, of_all=PeerPlaces(workers[0]))
        other = ConnectionLimiter(lambda: settings, of_all=PeerPlaces(workers[1]))
        hasty = ConnectionLimiter(lambda: brief, of_all=PeerPlaces(workers[1]))
        arrived = asyncio.Event()

        async def waits() -> None:
            async with other.taken(connection()):
                arrived.set()

        async with one.taken(connection()):
            waiting = asyncio.create_task(waits())
            with pytest.raises(Busy):
                async with hasty.taken(connection()):
                    pytest.fail("There was no place.")
            assert not arrived.is_set()
        await waiting
        assert arrived.is_set()
        async with one.taken(connection()):
            # What a worker had is free once it has gone.
            await them.gone(workers[0])
            async with other.taken(connection()):
                assert other.open == 1
