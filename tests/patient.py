"""Clients of tests, with time limits that a machine under any load does not reach: only what hangs does.

The libraries' own limits (5 s in httpx, 10 s in websockets) are meant for networks, and strike a machine that is busy.
`test_patience.py` finds waits that go past this file. A limit that a test wants to strike is shorter than a second.
"""

from __future__ import annotations

import socket
import subprocess
import urllib.request
from functools import partial
from typing import Any

import httpx
import openai
from openai.resources.realtime.realtime import AsyncRealtimeConnectionManager, RealtimeConnectionManager
from websockets.asyncio import client
from websockets.sync import client as blocking_client
from websockets.sync.client import ClientConnection

from tests.patience import PATIENCE as PATIENCE

get = partial(httpx.get, timeout=PATIENCE)
post = partial(httpx.post, timeout=PATIENCE)
request = partial(httpx.request, timeout=PATIENCE)
stream = partial(httpx.stream, timeout=PATIENCE)
Client = partial(httpx.Client, timeout=PATIENCE)
AsyncClient = partial(httpx.AsyncClient, timeout=PATIENCE)

OpenAI = partial(openai.OpenAI, timeout=PATIENCE)
AsyncOpenAI = partial(openai.AsyncOpenAI, timeout=PATIENCE)
connect = partial(client.connect, open_timeout=PATIENCE, ping_timeout=PATIENCE, close_timeout=PATIENCE)
_connect_blocking = partial(
    blocking_client.connect, open_timeout=PATIENCE, ping_timeout=PATIENCE, close_timeout=PATIENCE
)

urlopen = partial(urllib.request.urlopen, timeout=PATIENCE)
create_connection = partial(socket.create_connection, timeout=PATIENCE)
run = partial(subprocess.run, timeout=PATIENCE)


WITHOUT_TLS = "the blocking client reads and writes one TLS connection in two threads, and may hang: use the other one"


def connect_blocking(uri: str, **options: Any) -> ClientConnection:
    assert not uri.startswith("wss:"), WITHOUT_TLS
    return _connect_blocking(uri, **options)


OFFICIAL_SOCKET: Any = {
    "open_timeout": PATIENCE,
    "ping_timeout": PATIENCE,
    "close_timeout": PATIENCE,
    "max_queue": None,
}
"""Options of the official client's sockets."""


def realtime(client: openai.AsyncOpenAI, **options: Any) -> AsyncRealtimeConnectionManager:
    """The official client's socket; it hands on options of websockets that its own type does not list.

    It reads all that comes: who closes while more is unread than the queue holds waits for the close of the other side,
    which stands behind that, until the time is up.
    """
    return client.realtime.connect(websocket_connection_options=OFFICIAL_SOCKET, **options)


def blocking_realtime(client: openai.OpenAI, **options: Any) -> RealtimeConnectionManager:
    """The same of the blocking client."""
    assert client.base_url.scheme != "https", WITHOUT_TLS
    return client.realtime.connect(websocket_connection_options=OFFICIAL_SOCKET, **options)
