"""The socket to Redis: commands leave in one write, and their answers come back in order.

redis-py connects (TLS, password, database) and reads answers. Its pool and pipelines are left out: what they look at
before and after each use costs as much as the round trip itself, and here one caller at a time has one connection.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from stts.storage.redis.address import RedisAddress

if TYPE_CHECKING:
    from redis.asyncio.connection import AbstractConnection

Word = str | int
Command = Sequence[Word]


class RedisTransport:
    """One for a RedisConnection. Whatever goes wrong closes the socket, so that no later command gets an old answer;
    the next one connects anew. So does one that finds the socket closed by the other side: nothing of it was sent."""

    def __init__(self, address: RedisAddress, connect_seconds: float, cut: Callable[[], None] = lambda: None) -> None:
        """`connect_seconds`: longest wait for a connection. `cut`: called where the other side has closed one."""
        self._address = address
        self._connect_seconds = connect_seconds
        self._cut = cut
        self._connection: AbstractConnection | None = None

    async def exchange(self, commands: Sequence[Command]) -> list[Any]:
        """The answers, errors of Redis in their places. Raises any other error."""
        connection = self._opened()
        if _is_cut(connection):
            self._cut()
            await connection.disconnect(nowait=True)
        await connection.send_packed_command(b"".join(map(_packed, commands)))
        return [await _answer(connection) for _ in commands]

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.disconnect()

    def _opened(self) -> AbstractConnection:
        if self._connection is None:
            from redis.asyncio import ConnectionPool
            from redis.asyncio.retry import Retry
            from redis.backoff import NoBackoff

            # The pool makes it from the parts of the address, and never has it.
            pool = ConnectionPool.from_url(
                self._address.url,
                protocol=2,
                retry=Retry(NoBackoff(), 0),
                # Who asks bounds each round trip; this would count time in which our own loop is held up.
                socket_timeout=None,
                socket_connect_timeout=self._connect_seconds,
            )
            self._connection = pool.make_connection()  # type: ignore[no-untyped-call]
        return self._connection


def _is_cut(connection: AbstractConnection) -> bool:
    """True where the other side has closed it, or broken it off, and the loop knows."""
    reader, writer = connection._reader, connection._writer
    return reader is not None and writer is not None and (reader.at_eof() or writer.is_closing())


async def _answer(connection: AbstractConnection) -> Any:
    from redis.exceptions import ResponseError

    try:
        return await connection.read_response(disable_decoding=True)
    except ResponseError as error:
        return error


def _packed(command: Command) -> bytes:
    words = [str(word).encode() for word in command]
    return b"*%d\r\n" % len(words) + b"".join([b"$%d\r\n%b\r\n" % (len(word), word) for word in words])
