from __future__ import annotations

import pytest

from routers.compat.elevenlabs.profile import ELEVENLABS, read_environment


@pytest.mark.parametrize("name", ["ELEVENLABS_API_KEY", "ELEVEN_API_KEY", "XI_API_KEY"])
def test_the_key_of_clients_is_that_of_the_listener(name: str) -> None:
    read = read_environment({name: "secret", "ELEVENLABS_VOICE_ID": "x", "ELEVENLABS_BASE_URL": "y", "OTHER": "z"})
    assert read.listener == {"security": {"api_key": "secret"}} and read.unknown == ("OTHER",)


def test_without_a_key_nothing_is_said() -> None:
    assert read_environment({}).listener == {}
    assert (ELEVENLABS.port, ELEVENLABS.dialects) == (8000, ("elevenlabs",))
