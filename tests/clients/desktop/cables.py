"""PulseAudio of a test's own, with sinks that are plugged in and out and whose monitors are recorded."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import threading
import time
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import patient
from tests.patience import PATIENCE

RATE = 16_000
"""Sample rate in Hz of recordings, which is that of ears."""
LOUD = 300
"""Sample value above which something sounds."""
SILENCE_SECONDS = 0.4
"""Silence after which what was said is over."""
SCRIPT = "load-module module-native-protocol-unix auth-anonymous=1 socket={socket}\n"
PROGRAMS = ("pulseaudio", "pactl", "parec")


def missing() -> str | None:
    """Name of the first program that is not installed."""
    return next((name for name in PROGRAMS if shutil.which(name) is None), None)


class Cables:
    """The sound server that runs, by its socket."""

    def __init__(self, folder: Path) -> None:
        self.variables = {
            "PULSE_SERVER": f"unix:{folder / 'socket'}",
            "PULSE_RUNTIME_PATH": str(folder),
            "PULSE_COOKIE": str(folder / "cookie"),
        }
        self.environment = {**os.environ, **self.variables}
        self._modules: dict[str, str] = {}
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when there are headphones, which are the system's choice, and a virtual cable."""
        script = self._folder / "script.pa"
        script.write_text(SCRIPT.format(socket=self._folder / "socket"), encoding="utf-8")
        options = ("--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1", "--disable-shm=yes", "-n")
        command = ["pulseaudio", *options, "-F", str(script)]
        environment = {name: value for name, value in self.environment.items() if name != "PULSE_SERVER"}
        self._process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        while patient.run(["pactl", "info"], env=self.environment, capture_output=True, check=False).returncode:
            assert self._process.poll() is None, f"pulseaudio ended with {self._process.returncode}"
        self.plug("ears", "Headphones")
        self.plug("cable", "Virtual_cable")
        self.make_default("ears")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(PATIENCE)
            self._process = None

    def plug(self, name: str, title: str) -> None:
        """A sink of this name, as one loads for a virtual cable."""
        words = ("load-module", "module-null-sink", f"sink_name={name}", f"sink_properties=device.description={title}")
        self._modules[name] = self._control(*words)

    def unplug(self, name: str) -> None:
        self._control("unload-module", self._modules.pop(name))

    def make_default(self, name: str) -> None:
        self._control("set-default-sink", name)

    def streams(self) -> int:
        """How many programs play now."""
        return len(self._control("list", "short", "sink-inputs").splitlines())

    @contextmanager
    def recording(self, name: str) -> Iterator[Recorded]:
        options = ("--format=s16le", f"--rate={RATE}", "--channels=1", "--latency-msec=20")
        command = ["parec", f"--device={name}.monitor", *options]
        with subprocess.Popen(command, env=self.environment, stdout=subprocess.PIPE) as process:
            recorded = Recorded(process)
            try:
                recorded.wait(lambda sound: bool(sound))
                yield recorded
            finally:
                process.terminate()
                recorded.join()  # before its stream is closed

    def _control(self, *words: str) -> str:
        done = patient.run(["pactl", *words], env=self.environment, capture_output=True, text=True, check=True)
        return str(done.stdout).strip()


class Recorded:
    """Sound that has come out of a cable until now."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._sound = bytearray()
        self._more = threading.Condition()
        self._loud_at: float | None = None
        assert process.stdout is not None
        self._stream = process.stdout
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def join(self) -> None:
        """Returns when the recording program has ended."""
        self._reader.join(PATIENCE)

    def wait(self, enough: Callable[[bytes], bool]) -> None:
        """Returns when there is enough."""
        with self._more:
            assert self._more.wait_for(lambda: enough(bytes(self._sound)), PATIENCE), "nothing more was recorded"

    def said(self) -> bytes:
        """The sound as WAV, once it is over."""
        self.wait(over)
        with self._more:
            sound = bytes(self._sound)
        file = io.BytesIO()
        with wave.open(file, "wb") as out:
            out.setparams((1, 2, RATE, 0, "NONE", ""))
            out.writeframes(sound)
        return file.getvalue()

    @contextmanager
    def next_sound(self) -> Iterator[Callable[[], float]]:
        """The function, called afterwards, returns when (perf_counter) the first sound of this context came."""
        self._loud_at = None
        yield self._came

    def silent(self) -> None:
        """Returns when nothing sounds any more; what was recorded is forgotten."""
        self.wait(over)
        with self._more:
            self._sound.clear()

    def _came(self) -> float:
        with self._more:
            assert self._more.wait_for(lambda: self._loud_at is not None, PATIENCE), "nothing sounded"
            assert self._loud_at is not None
            return self._loud_at

    def _read(self) -> None:
        while block := self._stream.read1(RATE // 5):  # type: ignore[attr-defined]
            with self._more:
                self._sound += block
                if self._loud_at is None and any(loud(block)):
                    self._loud_at = time.perf_counter()
                self._more.notify_all()


def loud(sound: bytes) -> list[bool]:
    """Whether something sounds, for each 10 ms."""
    samples = memoryview(sound[: len(sound) // 2 * 2]).cast("h")
    step = RATE // 100
    return [max(samples[place : place + step]) > LOUD for place in range(0, len(samples), step)]


def over(sound: bytes) -> bool:
    """Something was said, and then nothing for a while."""
    parts = loud(sound)
    return any(parts) and not any(parts[-int(SILENCE_SECONDS * 100) :])


@contextmanager
def running_cables(folder: Path) -> Iterator[Cables]:
    """`folder`: of its own, with a name short enough for a socket in it."""
    cables = Cables(folder)
    try:
        cables.start()
        yield cables
    finally:
        cables.stop()
