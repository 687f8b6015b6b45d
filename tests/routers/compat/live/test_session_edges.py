"""Live sessions in virtual time: what a client would not see at once if it were otherwise."""

from __future__ import annotations

import asyncio

from stts.access.allowances import QuotaExceeded
from stts.settings import ConversationSettings, Settings
from tests.routers.compat.live.virtual_client import joined, silence, tone
from tests.stts.conversation.caller import World
from tests.virtual import now, pass_unnoticed, virtual

OUTPUT = "session.output_transcript.delta"
LONG = "a commentary that is long enough for somebody who wants to say something over it"


@virtual
async def test_a_loop_that_was_late_leaves_nothing_out() -> None:
    async with joined(World()) as (client, _, _):
        client.commentary(LONG)
        await asyncio.sleep(1.0)
        pass_unnoticed(0.35)
        await asyncio.sleep(6.0)
        frames = [frame for _, frame in client.frames]
        assert [frame.start_ms for frame in frames] == [0, *(frame.end_ms for frame in frames[:-1])]
        assert all(len(frame.pcm) == (frame.end_ms - frame.start_ms) * 48 for frame in frames)


@virtual
async def test_nobody_is_asked_whether_they_are_still_there() -> None:
    """The prompt of the operator is for conversations; here the app says what is said."""
    settings = Settings(conversation=ConversationSettings(prompt="Are you there?", prompt_seconds=1.0))
    async with joined(World(), settings) as (client, _, _):
        await asyncio.sleep(5.0)
        assert not client.text("output")
        assert all(frame.silent for _, frame in client.frames)


@virtual
async def test_speech_that_was_cut_does_not_go_on_though_nothing_was_said() -> None:
    """Nothing tells a client that what was cut is resumed, so it would hear half a sentence."""
    async with joined(World(words="")) as (client, _, _):
        client.commentary(LONG)
        await client.until(OUTPUT)
        await client.say(tone(0.9), silence(0.9))
        said = client.text("output")
        assert len(said) < len(LONG) / 2
        await asyncio.sleep(6.0)
        assert client.text("output") == said
        assert not client.of("session.delegation.created")


@virtual
async def test_a_mute_ends_what_is_half_said_at_once() -> None:
    """Without waiting until input has stopped for long enough to be over by itself."""
    async with joined(World()) as (client, _, _):
        await client.say(tone(0.7))
        client.command("session.input_audio.mute")
        muted = now()
        await client.until("session.delegation.created")
        assert now() - muted < 0.2


@virtual
async def test_what_is_said_while_it_closes_is_told_and_not_delegated() -> None:
    async with joined(World(finishing=0.5)) as (client, _, running):
        client.commentary("one")
        await client.until(OUTPUT)
        await client.say(tone(0.7), silence(0.7))
        client.commentary(LONG)
        client.command("session.close")
        await running
        assert client.text("input") == "word0 word1"
        assert not client.of("session.delegation.created")


@virtual
async def test_a_client_that_reads_nothing_does_not_keep_a_session_that_is_over() -> None:
    async with joined(World()) as (client, session, running):
        await asyncio.sleep(1.0)
        client.reads.clear()
        session.state.hang_up()
        ended = now()
        await running
        assert now() - ended < 6.0


@virtual
async def test_a_used_up_quota_finishes_what_is_said_and_drops_what_waits() -> None:
    async with joined(World()) as (client, _, running):
        for text in ("one two three", "four", "five"):
            client.commentary(text)
        await client.until(OUTPUT)
        client.quota_end.tell(QuotaExceeded("It is used up."))
        await running
        assert client.text("output") == "one two three"


@virtual
async def test_the_last_event_is_the_same_whoever_is_told_of_it() -> None:
    async with joined(World()) as (client, session, running):
        client.command("session.close", event_id="c")
        await running
        assert client.events[-1][1] == session.state.closed()
