"""The socket to a real Redis: answers in order, errors in their places, none for whoever asked for another."""

from __future__ import annotations

import asyncio

import pytest
from redis.exceptions import ConnectionError, NoScriptError

from stts.storage.redis.transport import RedisTransport
from tests.patient import PATIENCE
from tests.redis import RedisServer

pytestmark = pytest.mark.socket


async def test_an_error_stands_in_its_place(redis: RedisServer) -> None:
    transport = RedisTransport(redis.address, PATIENCE)
    commands = [("ECHO", "größer"), ("EVALSHA", "0" * 40, 0), ("EVAL", "return {1, 23, KEYS[1]}", 1, "anna")]
    first, second, third = await transport.exchange(commands)
    assert first == "größer".encode() and isinstance(second, NoScriptError) and third == [1, 23, b"anna"]
    await transport.close()


async def test_the_answer_to_what_was_given_up_is_nobodys(redis: RedisServer) -> None:
    transport = RedisTransport(redis.address, PATIENCE)
    await transport.exchange([("SET", "anna", 1)])
    redis.freeze()
    asking = asyncio.create_task(transport.exchange([("INCR", "anna"), ("GET", "anna")]))
    for _ in range(20):
        await asyncio.sleep(0)
    asking.cancel()
    await asyncio.wait([asking])
    redis.thaw()
    assert await transport.exchange([("ECHO", "later")]) == [b"later"]
    await transport.close()


async def test_a_socket_that_broke_is_opened_anew(redis: RedisServer) -> None:
    transport = RedisTransport(redis.address, PATIENCE)
    await transport.exchange([("PING",)])
    redis.kill()
    for _ in range(2):
        with pytest.raises(ConnectionError):
            await transport.exchange([("PING",)])
    redis.start()
    async with asyncio.timeout(PATIENCE):
        while (await _asked(transport)) != [b"PONG"]:  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0.01)
    await transport.close()


async def _asked(transport: RedisTransport) -> list[object] | None:
    try:
        return await transport.exchange([("PING",)])
    except ConnectionError:
        return None
