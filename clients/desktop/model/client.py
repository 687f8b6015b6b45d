"""All of the client in one thread of its own: whoever has a window calls it and is told events, in that thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from clients.desktop.model.address import AddressWrong, checked
from clients.desktop.model.catalogue import engine_of
from clients.desktop.model.connection import connect
from clients.desktop.model.events import Connected, Event, Failed, Notice, Parameters, Recordings, Unreached
from clients.desktop.model.history import History
from clients.desktop.model.parameters import Parameter, parameters
from clients.desktop.model.references import Looks, references
from clients.desktop.model.server import ServerFailed, SpeechServer
from clients.desktop.model.settings import Settings, SettingsFailed, save
from clients.desktop.model.speaking import QueueFull, Speaking, Utterance
from clients.desktop.model.wishes import utterance
from clients.desktop.sound.device import Machine
from clients.desktop.sound.watch import DevicesChanged, watch

Told = Event | Connected | Unreached | Parameters | Recordings | DevicesChanged


class Client:
    """Methods may be called from any thread; `tell` is called in the client's."""

    def __init__(self, settings: Settings, kept_in: Path, machine: Machine, tell: Callable[[Told], None]) -> None:
        self.settings = settings
        self._kept_in, self._machine, self._tell = kept_in, machine, tell
        self._parameters: dict[str, tuple[Parameter, ...]] = {}
        self._looks = Looks()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="speaking", daemon=True)
        self._looking: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._thread.start()
        self._ready.wait()

    def close(self) -> None:
        """Ends what is heard, and returns when nothing of it is left."""
        if self._thread.is_alive():
            self._do(self._over.set)
            self._thread.join()

    @property
    def history(self) -> History:
        return History(self.settings.place)

    def say(self, text: str) -> None:
        if text.strip():
            self._do(lambda: self._queue(utterance(text.strip(), self.settings, self._parameters, self._cloned)))

    def replay(self, path: Path, text: str) -> None:
        self._do(lambda: self._queue(Utterance(text, recording=path)))

    def skip(self) -> None:
        self._do(lambda: self._speaking.skip())

    def stop(self) -> None:
        self._do(lambda: self._speaking.stop())

    def change(self, **fields: Any) -> None:
        """Keeps what of the settings is named, and uses it from the next utterance on."""
        self._do(lambda: self._change(replace(self.settings, **fields)))

    def look(self) -> None:
        """Asks the server again what it has."""
        self._do(self._look)

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._over = asyncio.Event()
        self._server = self._reached(self.settings)
        self._speaking = Speaking(
            lambda: self._server,
            self._machine,
            lambda: (self.settings.cable, self.settings.ears),
            lambda: self.history,
            self._tell,
        )
        tasks = [asyncio.create_task(self._speaking.run()), asyncio.create_task(watch(self._machine, self._devices))]
        self._look()
        self._ready.set()
        over = asyncio.create_task(self._over.wait())
        try:
            done, _ = await asyncio.wait([*tasks, over], return_when=asyncio.FIRST_COMPLETED)
            for task in done - {over}:
                task.result()
        finally:
            running = [*tasks, over, *([self._looking] if self._looking else [])]
            for task in running:
                task.cancel()
            await asyncio.wait(running)
            await self._server.close()

    def _do(self, what: Callable[[], object]) -> None:
        self._loop.call_soon_threadsafe(what)

    def _queue(self, wanted: Utterance) -> None:
        try:
            self._speaking.say(wanted)
        except QueueFull as full:
            self._tell(Failed(0, full.sentence, wanted.text))

    def _change(self, settings: Settings) -> None:
        before, self.settings = self.settings, settings
        self._keep()
        if (before.cable, before.ears) != (settings.cable, settings.ears):
            self._speaking.attach(missing=True)
        if (before.server, before.key) != (settings.server, settings.key):
            old, self._server = self._server, self._reached(settings)
            self._speaking.skip()
            self._closing = asyncio.ensure_future(old.close())
            self._parameters.clear()
            self._look()
        elif (before.voice, before.folder) != (settings.voice, settings.folder):
            self._look()

    def _cloned(self, mark: str, voice: str) -> None:
        self.settings = replace(self.settings, clones={**self.settings.clones, mark: voice})
        self._keep()

    def _keep(self) -> None:
        try:
            save(self.settings, self._kept_in)
        except SettingsFailed as failed:
            self._tell(Notice(failed.sentence))

    def _devices(self, changed: DevicesChanged) -> None:
        self._speaking.gone(device.id for device in changed.gone)
        self._tell(changed)
        # What is chosen and has come back is open before the next word.
        self._speaking.attach()

    def _look(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
        self._looking = asyncio.create_task(self._looked())

    async def _looked(self) -> None:
        self._tell(Recordings(tuple(await asyncio.to_thread(references, self.settings.place, self._looks))))
        try:
            checked(self.settings.server)
        except AddressWrong as wrong:
            self._tell(Unreached(wrong.sentence))
            return
        engine = engine_of(self.settings.voice)
        if await connect(self._server, self._tell) and engine and engine not in self._parameters:
            try:
                self._parameters[engine] = parameters(await self._server.parameters(engine))
            except ServerFailed as failed:
                self._tell(Notice(failed.sentence))
        self._tell(Parameters(engine, self._parameters.get(engine, ())))

    @staticmethod
    def _reached(settings: Settings) -> SpeechServer:
        try:
            return SpeechServer(checked(settings.server), settings.key)
        except AddressWrong:
            return SpeechServer("http://invalid.", settings.key)
