"""When a turn is translated, and by whom."""

from __future__ import annotations

import pytest

from tests.routers.compat.realtime.conftest import Served
from tests.routers.compat.realtime.interpreting.test_socket import interpreted
from tests.routers.compat.realtime.talk import tone

pytestmark = pytest.mark.socket


async def test_who_never_pauses_is_translated_all_the_same(served: Served) -> None:
    async with interpreted(served) as session:
        await session.say(tone(14.0))
        told = await session.until("session.output_transcript.delta")
        assert told["delta"].startswith("word0 word1")
