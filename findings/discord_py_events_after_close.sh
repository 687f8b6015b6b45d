#!/usr/bin/env bash
# discord.py 2.7.1 from PyPI: events after `Client.close()`
# Guess: a client that was closed tells of nothing more.
# Seen: `close()` takes the client's loop away, while tasks of its own go on: the one that waits two seconds for guilds
#   after READY dispatches `ready` when its time is over. `dispatch` makes the coroutine of the handler first and then
#   asks the loop that is not there: AttributeError in a task that nobody looks at, and a coroutine that is never awaited.
# Matters: with warnings as errors a program that runs for less than two seconds fails by chance after its end.
#   A `dispatch` that does nothing once `is_closed()` ends it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet "discord.py==2.7.1"
"$folder/env/bin/python" - <<'PYTHON'
import asyncio
import warnings

import discord


class Client(discord.Client):
    async def on_ready(self) -> None:
        pass


async def closed() -> str:
    client = Client(intents=discord.Intents.none())
    async with client:
        pass
    try:
        client.dispatch("ready")
    except AttributeError as error:
        return str(error)
    return ""


with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    error = asyncio.run(closed())
assert "create_task" in error, "no event after the end: the guess is right now"
assert any("never awaited" in str(each.message) for each in told)
PYTHON
echo "as it was"
