"""PulseAudio of a test's own: what is played into its room is what a browser's microphone hears."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

from tests import patient
from tests.patience import PATIENCE

SCRIPT = """\
load-module module-native-protocol-unix auth-anonymous=1 socket={socket}
load-module module-null-sink sink_name=room
load-module module-null-sink sink_name=speakers
load-module module-remap-source master=room.monitor source_name=microphone
set-default-source microphone
set-default-sink speakers
"""
"""A browser takes the monitor of a sink for no microphone, so that it is given another name."""
READY = ("pactl", "info")


class SoundServer:
    """The one that runs, by its socket."""

    def __init__(self, folder: Path) -> None:
        self.environment: Mapping[str, str] = {
            **os.environ,
            "PULSE_SERVER": f"unix:{folder / 'socket'}",
            "PULSE_RUNTIME_PATH": str(folder),
            "PULSE_COOKIE": str(folder / "cookie"),
        }
        """For programs that are to use it."""

    async def play(self, recording: Path) -> None:
        """Speaks a recording into the room, as long as it is."""
        command = ["paplay", "--device=room", str(recording)]
        process = await asyncio.create_subprocess_exec(*command, env=dict(self.environment))
        try:
            assert await process.wait() == 0
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    @asynccontextmanager
    async def playing(self, recording: Path) -> AsyncIterator[None]:
        """Somebody in the room says it again and again: whenever a microphone opens, it hears it."""
        task = asyncio.create_task(self._again_and_again(recording))
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _again_and_again(self, recording: Path) -> None:
        while True:
            await self.play(recording)


def missing() -> str | None:
    """Name of the first program that is not installed."""
    return next((name for name in ("pulseaudio", "pactl", "paplay") if shutil.which(name) is None), None)


@contextmanager
def running_sound_server(folder: Path) -> Iterator[SoundServer]:
    """`folder`: of its own, with a name short enough for a socket in it."""
    server = SoundServer(folder)
    script = folder / "script.pa"
    script.write_text(SCRIPT.format(socket=folder / "socket"), encoding="utf-8")
    options = [
        "--daemonize=no",
        "--use-pid-file=no",
        "--exit-idle-time=-1",
        "--disable-shm=yes",
        "-n",
        "-F",
        str(script),
    ]
    environment = dict(server.environment)
    del environment["PULSE_SERVER"]  # which keeps it from serving
    process = subprocess.Popen(["pulseaudio", *options], env=environment, stderr=subprocess.DEVNULL)
    try:
        _wait(server, process)
        yield server
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _wait(server: SoundServer, process: subprocess.Popen[bytes]) -> None:
    """Returns when it answers: its socket stands there before all modules of the script do."""
    while process.poll() is None:
        asked = patient.run(READY, env=dict(server.environment), capture_output=True, text=True, check=False)
        if "Default Source: microphone" in asked.stdout and "Default Sink: speakers" in asked.stdout:
            return
    raise AssertionError(f"pulseaudio ended with {process.returncode}")
