"""The sound system of this machine, by the package miniaudio: PulseAudio, PipeWire, ALSA, WASAPI, Core Audio."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any

from clients.desktop.sentences import Sentence
from clients.desktop.sound.device import Device, Opened, SoundFailed, Source

BUFFER_MS = 20
"""Sound that a device takes at once: what is pressed is heard 20 to 35 ms later (PulseAudio)."""
LEADS_NOWHERE = ("NULL", "CUSTOM")
"""Ways that miniaudio takes silently where there is no other."""
INSTALL = f"{sys.executable} -m pip install miniaudio"


class Miniaudio:
    """`backends`: names of ways that are tried; none: all that lead to a device."""

    def __init__(self, backends: tuple[str, ...] = ()) -> None:
        self._names = backends
        self._lock = threading.Lock()
        self._listing: Any = None
        self._handles: dict[str, Any] = {}

    def devices(self) -> tuple[Device, ...]:
        with self._lock:
            try:
                found = self._listed()
            except _miniaudio().MiniaudioError:
                # The sound system was started again, or another way leads to devices now: once more, from the start.
                self._listing = None
                try:
                    found = self._listed()
                except _miniaudio().MiniaudioError as error:
                    self._listing = None
                    raise SoundFailed(Sentence("no_sound_system", reason=error.args[0])) from error
            self._handles |= {device.id: handle for device, handle in found}
            return tuple(device for device, _ in found)

    def open(self, device: Device, rate: int, source: Source) -> Opened:
        miniaudio = _miniaudio()
        if device.id not in self._handles:
            self.devices()
        if (handle := self._handles.get(device.id)) is None:
            raise SoundFailed(Sentence("device_not_there", device=device.name))
        playback = None
        try:
            with _quiet():
                playback = miniaudio.PlaybackDevice(
                    miniaudio.SampleFormat.SIGNED16,
                    nchannels=1,
                    sample_rate=rate,
                    buffersize_msec=BUFFER_MS,
                    device_id=handle,
                    backends=self._backends(),
                    app_name="STTS",
                )
                playback.start(_pulling(source.pull))
        except miniaudio.MiniaudioError as error:
            if playback is not None:
                playback.close()
            raise SoundFailed(Sentence("device_cannot_open", device=device.name)) from error
        return playback  # type: ignore[no-any-return]

    def _listed(self) -> list[tuple[Device, Any]]:
        miniaudio = _miniaudio()
        if self._listing is None:
            with _quiet():
                self._listing = miniaudio.Devices(self._backends())
        # Its own list of devices leaves out which is the default one.
        ffi, lib, context = miniaudio.ffi, miniaudio.lib, self._listing._context
        infos, count = ffi.new("ma_device_info**"), ffi.new("ma_uint32*")
        if (status := lib.ma_context_get_devices(context, infos, count, ffi.NULL, ffi.NULL)) != lib.MA_SUCCESS:
            raise miniaudio.MiniaudioError("its devices cannot be listed", status)
        found = []
        for number in range(count[0]):
            info = infos[0][number]
            handle = ffi.new("ma_device_id *", info.id)
            name = ffi.string(info.name).decode(errors="replace")
            own = _id(bytes(ffi.buffer(handle)), wide=self._listing.backend == "WASAPI")
            found.append((Device(f"{self._listing.backend}:{own}", name, bool(info.isDefault)), handle))
        return found

    def _backends(self) -> list[Any]:
        ways = _miniaudio().Backend
        if self._names:
            return [ways[name] for name in self._names]
        return [way for way in ways if way.name not in LEADS_NOWHERE]


def _id(raw: bytes, *, wide: bool) -> str:
    """The name that the system has for a device, out of a field of fixed size: text up to a zero, or the bytes."""
    encoding = "utf-16-le" if wide else "utf-8"
    try:
        text = raw.decode(encoding, errors="strict" if not wide else "ignore").split("\0", 1)[0]
    except UnicodeDecodeError:
        text = ""
    return text if text and text.isprintable() else raw.rstrip(b"\0").hex() or "0"


def _pulling(pull: Callable[[int], bytes]) -> Generator[bytes, int, None]:
    def moved() -> Generator[bytes, int, None]:
        frames = yield b""
        while True:
            frames = yield pull(frames)

    generator = moved()
    next(generator)
    return generator


def _miniaudio() -> Any:
    try:
        import miniaudio
    except ImportError as missing:
        raise SoundFailed(Sentence("no_loudspeaker", install=INSTALL)) from missing
    return miniaudio


_QUIETENING = threading.Lock()


@contextmanager
def _quiet() -> Iterator[None]:
    """Nothing on the error stream while a way to the sound system is made: ALSA and JACK write pages about theirs."""
    with _QUIETENING:
        kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            os.close(nowhere)
