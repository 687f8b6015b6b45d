"""A key that is revoked in the middle ends answers with it; changes are carried out."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from starlette.types import Message, Receive, Scope, Send

from middleware.edge.authentication import Authentication
from middleware.edge.dialect import PLAIN
from middleware.edge.route_table import STATE, RouteMatch
from middleware.listener import default_listener
from stts.access.audit import Action
from stts.access.directory import KeyDirectory
from stts.access.key_text import KeyText
from stts.access.policy import RouteKind, RoutePolicy
from stts.access.roles import Role
from stts.errors import Unauthorized
from stts.settings import SecuritySettings, Settings
from tests.stts.access.keys import MemoryKeys, new_key

SPEECH = RoutePolicy(RouteKind.USE)
CONFIG = RoutePolicy(RouteKind.MANAGE)
VOICE_REMOVAL = RoutePolicy(RouteKind.USE, action=Action.VOICE_DELETE)


async def _carried_out(policy: RoutePolicy, method: str) -> bool:
    """True if a request goes on to its end whose key is revoked in the middle. Raises Unauthorized where it is cut."""
    store, text = MemoryKeys(), KeyText.new()
    directory, key = KeyDirectory(store.opened, lambda: 600.0), new_key(text, role=Role.ADMIN, version=1)
    store.put(key)
    done: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        directory.take(replace(key, revoked_at=1.0, version=2))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        done.append(scope)

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        raise AssertionError(message)

    headers = [(b"host", b"127.0.0.1"), (b"x-api-key", str(text).encode())]
    scope: Scope = {"type": "http", "method": method, "path": "/", "query_string": b"", "headers": headers}
    scope["state"] = {STATE: RouteMatch(policy, PLAIN)}
    settings = Settings(security=SecuritySettings(keys=True))
    edge = Authentication(app, default_listener(lambda: settings), directory=directory)
    await edge(scope, receive, send)
    return bool(done)


@pytest.mark.parametrize(("policy", "method"), [(SPEECH, "POST"), (SPEECH, "GET"), (CONFIG, "GET")])
async def test_an_answer_ends_with_its_key(policy: RoutePolicy, method: str) -> None:
    with pytest.raises(Unauthorized):
        await _carried_out(policy, method)


@pytest.mark.parametrize(("policy", "method"), [(CONFIG, "PUT"), (VOICE_REMOVAL, "DELETE")])
async def test_a_change_is_carried_out(policy: RoutePolicy, method: str) -> None:
    assert await _carried_out(policy, method)
