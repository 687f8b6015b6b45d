"""Shared by the examples: the address of the server, and its key."""

import os
import sys

from websockets.asyncio.client import connect

LOCAL = "http://127.0.0.1:8000"


def arguments(usage: str, least: int) -> tuple[str, list[str]]:
    """The address, and the rest of the command line. Ends with the usage where that is too short."""
    given = sys.argv[1:]
    address = given.pop(0) if given and "://" in given[0] else LOCAL
    if len(given) < least:
        sys.exit(usage)
    return address, given


def key() -> str | None:
    return os.environ.get("STTS_API_KEY")


def url(address: str, scheme: str, path: str) -> str:
    """`scheme` is http or ws; that of the address may be either, with or without TLS."""
    return scheme + address.removeprefix("http").removeprefix("ws").rstrip("/") + path


def opened(address: str, path: str) -> connect:
    """A socket, as in `async with opened(...) as socket`."""
    headers = {"Authorization": f"Bearer {key()}"} if key() else {}
    return connect(url(address, "ws", path), additional_headers=headers)
