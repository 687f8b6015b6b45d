"""Calls that meet a database which hangs do not wait for it one after another."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from stts.errors import DatabaseAway
from stts.settings import Settings, StorageSettings
from stts.storage.database import connections
from stts.storage.database.address import DatabaseAddress
from stts.storage.database.circuit_breaker import REST_SECONDS, CircuitBreaker
from stts.storage.database.connections import Database
from stts.storage.database.opening import StoreOpener
from tests.patient import PATIENCE
from tests.stts.access.keys import Clock

AWAY = DatabaseAway("It does not answer.")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> CircuitBreaker:
    return CircuitBreaker(clock)


def fail(breaker: CircuitBreaker) -> None:
    with pytest.raises(DatabaseAway), breaker.trying():
        raise AWAY


def test_after_a_failure_calls_fail_at_once_for_a_while(breaker: CircuitBreaker, clock: Clock) -> None:
    breaker.check()
    fail(breaker)
    with pytest.raises(DatabaseAway):
        breaker.check()
    clock.now += REST_SECONDS
    breaker.check()
    with breaker.trying() as answered:
        answered()
    breaker.check()


def test_then_one_tries_and_the_others_go_on_failing(breaker: CircuitBreaker, clock: Clock) -> None:
    fail(breaker)
    clock.now += REST_SECONDS
    with breaker.trying() as answered:
        fail_at_once(breaker)
        answered()
        breaker.check()
    clock.now += REST_SECONDS
    fail(breaker)
    clock.now += REST_SECONDS
    with pytest.raises(asyncio.CancelledError), breaker.trying():
        raise asyncio.CancelledError
    breaker.check()


def fail_at_once(breaker: CircuitBreaker) -> None:
    with pytest.raises(DatabaseAway), breaker.trying():
        raise AssertionError("it was tried")


def test_what_fails_after_an_answer_stops_nobody(breaker: CircuitBreaker) -> None:
    with pytest.raises(DatabaseAway), breaker.trying() as answered:
        answered()
        raise AWAY
    breaker.check()


async def test_callers_of_a_database_that_does_not_open_wait_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    tries = 0

    def hangs(_: DatabaseAddress) -> None:
        nonlocal tries
        tries += 1
        raise AWAY

    monkeypatch.setattr(connections, "upgrade", hangs)
    settings = Settings(storage=StorageSettings(root=str(tmp_path)))
    opener = StoreOpener(lambda: settings, clock)
    failed = await asyncio.gather(*(opener.stores() for _ in range(5)), return_exceptions=True)
    assert [type(each) for each in failed] == [DatabaseAway] * 5 and tries == 1
    clock.now += REST_SECONDS
    monkeypatch.undo()
    stores = await opener.stores()
    assert opener.state == "up"
    await stores.database.close()


async def test_waiting_for_the_writer_is_bounded(tmp_path: Path) -> None:
    database = Database(DatabaseAddress.of_file(tmp_path / "stts.db", 0.05))
    assert database._writer is not None

    async def write() -> None:
        async with database.writing():
            raise AssertionError("another writes")

    async with database._writer:
        with pytest.raises(DatabaseAway):
            await asyncio.wait_for(write(), PATIENCE)
    await database.close()


@pytest.mark.socket
async def test_a_server_that_is_silent_is_tried_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.setblocking(False)
        port = silent.getsockname()[1]
        database = Database(DatabaseAddress(None, f"postgresql://nobody@127.0.0.1:{port}/none", 0.2))
        database._breaker = CircuitBreaker(Clock())
        for _ in range(3):
            with pytest.raises(DatabaseAway):
                async with database.reading():
                    raise AssertionError("it answered")
        tried = [silent.accept()[0]]
        with pytest.raises(BlockingIOError):
            silent.accept()
        tried[0].close()
        await database.close()
