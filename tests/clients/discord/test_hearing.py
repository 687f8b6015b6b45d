"""Speech of people in the voice channel is written down by the bot as it runs: from their packets to their words."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.server import Server
from tests.clients.discord.ears import packets, spoken
from tests.clients.discord.own_discord import own_discord
from tests.clients.discord.places import ANNA
from tests.clients.discord.program import bot, join

pytestmark = pytest.mark.clients
NAME = "**Anna**: "


async def test_what_is_said_is_written_into_the_text_channel(speech_server: Server, tmp_path: Path) -> None:
    async with own_discord(tmp_path) as there, bot(there, speech_server, tmp_path / "data", listening=True):
        call = await join(there)
        told = await there.told("listen", switch="on")
        assert told.startswith(("I say so aloud first", "From now on"))
        await call.silent()
        await there.changes.until(lambda: [seen for seen in there.seen if seen.text.startswith("From now on")])
        said = packets(await spoken(speech_server, "The harbour master counted seven ships this morning."))
        await call.says(ANNA, said)

        def written() -> str:
            """All that is written of her: where she pauses, a new message begins."""
            lines = [seen.text for seen in there.seen if seen.kind == "message"]
            return " ".join(line.removeprefix(NAME) for line in lines if line.startswith(NAME))

        await there.changes.until(lambda: "morning" in written())
        assert "seven ships" in written()
