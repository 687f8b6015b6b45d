"""Audio that waits to be looked at has come: it is no client that has stopped sending."""

from __future__ import annotations

import asyncio
from typing import cast

import numpy as np
import pytest

from routers.compat.live.hearing import Hearing
from routers.compat.live.timeline import InputPlaces, Timeline
from stts.conversation.session import ConversationSession
from stts.engine_api import Samples
from tests.virtual import now, virtual


class Core:
    config = type("Config", (), {"turns": None})

    def __init__(self) -> None:
        self.looks = asyncio.Event()
        self.given: list[Samples] = []

    async def hear(self, samples: Samples) -> None:
        await self.looks.wait()
        self.given.append(samples)


@virtual
async def test_audio_that_waits_is_not_input_that_has_stopped() -> None:
    core = Core()
    hearing = Hearing(cast(ConversationSession, core), Timeline(now), InputPlaces(), lambda samples: None)
    putting = asyncio.create_task(hearing.hear(np.ones(1600, np.float32)))
    await asyncio.sleep(20)
    assert not hearing.stopped
    core.looks.set()
    await putting
    assert not hearing.stopped
    await asyncio.sleep(2)
    assert hearing.stopped
    await hearing.end_turn()
    assert sum(map(len, core.given[1:])) >= 3.2 * 16_000
    assert max(map(len, core.given)) <= 4000


@pytest.mark.parametrize("how", ["muted", "covered"])
@virtual
async def test_a_mute_is_for_the_session_alone(how: str) -> None:
    """Sidebands get what comes as it came, and silence is heard."""
    core, reflected = Core(), list[Samples]()
    core.looks.set()
    hearing = Hearing(cast(ConversationSession, core), Timeline(now), InputPlaces(), reflected.append)
    for covers in (False, True, False):
        setattr(hearing, how, covers)
        await hearing.hear(np.ones(1600, np.float32))
    assert [bool(samples.any()) for samples in reflected] == [True, True, True]
    assert [bool(samples.any()) for samples in core.given] == [True, False, True]
    assert [len(samples) for samples in core.given] == [1600, 1600, 1600]
