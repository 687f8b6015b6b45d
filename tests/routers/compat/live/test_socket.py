"""Live sessions of the official client on a real socket."""

from __future__ import annotations

import pytest
from websockets.exceptions import ConnectionClosed

from tests.routers.compat.live.conftest import Served
from tests.routers.compat.live.talk import Talk, silence, tone

pytestmark = pytest.mark.socket


async def closed(talk: Talk) -> int:
    """Reads to the end. Returns the close code."""
    with pytest.raises(ConnectionClosed) as ended:
        while True:
            await talk.next()
    assert ended.value.rcvd is not None
    return ended.value.rcvd.code


async def test_a_session_starts_is_silent_and_closes(served: Served) -> None:
    async with served.talk() as talk:
        session = await talk.start(instructions=" ", delegation=None)
        assert session["id"].startswith("live_")
        assert session["status"] == "active"
        assert session["delegation"] == {"type": "client"}
        assert session["audio"] == {"format": {"type": "audio/pcm", "rate": 24_000}, "output": {"voice": "marin"}}
        await talk.listen(1.0)
        await talk.send("session.close", event_id="bye")
        assert await closed(talk) == 1000
    last = talk.events[-1]
    assert (last["type"], last["reason"], last["client_event_id"]) == ("session.closed", "close_requested", "bye")
    assert last["session"]["status"] == "active"
    assert last["usage"] == {"seconds": 1}
    assert not any(talk.sound())
    seconds = len(talk.sound()) / 2 / 24_000
    assert 0.9 <= seconds <= 1.4


async def test_the_app_is_the_brain(served: Served) -> None:
    async with served.talk() as talk:
        await talk.start()
        await talk.say(tone(0.9), silence(0.8))
        created = await talk.until("session.delegation.created")
        assert talk.text("input") == "word0 word1 word2"
        assert created["delegation"]["target"] == "client"
        await talk.send("session.thinking.append", content="Hmm.", delegation_id=created["delegation"]["id"])
        await talk.send("session.commentary.append", content="one two three", delegation_id=None, event_id="c1")
        appended = await talk.until("session.commentary.appended")
        assert appended["client_event_id"] == "c1"
        assert appended["start_ms"] == appended["end_ms"]
        before = len(talk.audio)
        await talk.until("session.output_transcript.delta", lambda event: event["delta"].endswith("three"))
        await talk.listen(0.4)
        assert talk.text("output") == "one two three"
        assert any(any(data) for _, data in talk.audio[before:])
        assert not any(talk.audio[-1][1])
        await talk.send("session.close")
        assert await closed(talk) == 1000


async def test_an_append_as_first_message_is_an_error_and_no_crash(served: Served) -> None:
    async with served.talk() as talk:
        await talk.send("session.input_audio.append", audio="AAAA")
        assert (await talk.error())["type"] == "invalid_request_error"
        assert await closed(talk) == 1008
