#!/usr/bin/env bash
# discord.py 2.7.1 from PyPI: a voice connection that gets another UDP socket while it is read (Linux)
# Guess: the thread that reads voice packets goes over to the new socket at once, or as soon as the former one is closed.
# Seen: it waits in `select` on the former socket with a limit of 30 s, and nothing wakes it: packets of the new one lie
#   unread until then. Closing the former socket wakes nobody; `shutdown` before it does, but not for certain: a thread
#   that Linux has woken looks again whether the socket is readable, finds no socket if it was closed meanwhile, and
#   sleeps on. In a program of ours that lost two of three races.
# Matters: the answer to the discovery of one's own address comes by that socket, so that a return to a voice channel
#   takes up to half a minute by chance. A second descriptor in the same `select`, to which a byte is written with each
#   change, is readable until it is read, and loses no race.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet "discord.py[voice]==2.7.1"
"$folder/env/bin/python" -W ignore - <<'PYTHON'
import queue
import socket
import threading
import time
from types import SimpleNamespace

from discord.voice_state import SocketReader


def pair() -> tuple[socket.socket, socket.socket]:
    read, written = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    for each in (read, written):
        each.bind(("127.0.0.1", 0))
    read.connect(written.getsockname())
    written.connect(read.getsockname())
    read.setblocking(False)
    return read, written


packets: queue.SimpleQueue[bytes] = queue.SimpleQueue()
former, peer = pair()
state = SimpleNamespace(socket=former)
reader = SocketReader(state)
reader.start()
reader.register(packets.put)
reader.resume(force=True)
peer.send(b"first")
assert packets.get(timeout=10) == b"first"
time.sleep(0.5)  # It waits for the next one.
state.socket, another = pair()
former.close()
another.send(b"second")
try:
    packets.get(timeout=5)
except queue.Empty:
    print("unread after 5 s")
else:
    raise SystemExit("it is read: the guess is right now")
PYTHON
echo "as it was"
