"""Which sessions a client secret opens."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stts.settings import SecuritySettings
from tests.patient import PATIENCE
from tests.routers.compat.realtime.conftest import KEY, serving
from tests.routers.compat.realtime.interpreting.test_socket import MODEL
from tests.stts.conversation.caller import World

pytestmark = pytest.mark.socket


async def test_a_secret_is_of_one_model(world: World) -> None:
    with serving(world, security=SecuritySettings.model_validate({"api_key": KEY})) as served:
        async with served.client() as client:
            made = await client.realtime.translations.client_secrets.create(session={"model": MODEL})
        limits: Any = {"open_timeout": PATIENCE, "ping_timeout": PATIENCE, "close_timeout": PATIENCE}
        async with (
            served.client(made.value) as client,
            client.realtime.translations.connect(model="another", websocket_connection_options=limits) as connection,
        ):
            error = json.loads(await connection.recv_bytes())["error"]
            assert (error["param"], error["message"]) == ("model", "The client secret was made for another model.")
