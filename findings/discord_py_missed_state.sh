#!/usr/bin/env bash
# discord.py 2.7.1 from PyPI: joining a voice channel waits for states of its connection
# Guess: `VoiceConnectionState` notices each state that its connection reaches while it waits for it.
# Seen: `_wait_for_state` looks at the state and then begins to wait in a task of its own, which starts a turn of the
#   event loop later. A state that is reached in between sets and clears the event while nobody waits on it yet: the
#   wait goes on to its timeout although the connection is there. Two events of the gateway in one packet are enough.
# Matters: a join or a return to a voice channel takes half a minute or fails by chance, the more often the busier the
#   machine. Waiting on the event in the same turn as looking, as `_wait_for_state` overridden can, misses nothing.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet "discord.py[voice]==2.7.1"
"$folder/env/bin/python" -W ignore - <<'PYTHON'
import asyncio

from discord.voice_state import ConnectionFlowState, VoiceConnectionState


async def missed() -> bool:
    connection = VoiceConnectionState.__new__(VoiceConnectionState)
    connection._state = ConnectionFlowState.websocket_connected
    connection._state_event = asyncio.Event()
    connection._connected = asyncio.Event()
    waiting = asyncio.create_task(connection._wait_for_state(ConnectionFlowState.connected, timeout=2))
    await asyncio.sleep(0)  # It has looked.
    connection.state = ConnectionFlowState.connected
    try:
        await waiting
    except asyncio.TimeoutError:
        return True
    return False


assert asyncio.run(missed()), "no state is missed: the guess is right now"
PYTHON
echo "as it was"
