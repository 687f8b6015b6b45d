"""Each event of the client, as what is to be seen of it."""

from __future__ import annotations

from clients.desktop.model.client import Told
from clients.desktop.model.events import (
    Asking,
    Connected,
    Ended,
    Failed,
    Kept,
    Notice,
    Parameters,
    Queued,
    Recordings,
    Sounding,
    Stopped,
    Unreached,
    Waiting,
)
from clients.desktop.sentences import Sentence
from clients.desktop.sound.watch import DevicesChanged
from clients.desktop.window.main_window import MainWindow


class Shown:
    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._waiting: dict[int, str] = {}
        """Words of what has not ended."""

    def show(self, event: Told) -> None:
        window, status = self._window, self._window.status
        match event:
            case Recordings(found):
                window.show_recordings(found)
            case Connected(voices):
                status.connection(Sentence("voices_at", count=len(voices), server=window.client.settings.server))
                window.show_voices(voices)
            case Unreached(message, None):
                status.unreached(message)
            case Unreached(message, seconds):
                status.unreached(Sentence("again_in", reason=message, seconds=f"{seconds:.0f}"))
            case Parameters(engine, known):
                window.show_parameters(engine, known)
            case DevicesChanged():
                self._devices(event)
            case Kept(_, entry):
                window.history.add(entry)
            case Queued(number, text):
                self._waiting[number] = text
                if len(self._waiting) > 1:
                    status.speech(Sentence("in_queue", count=len(self._waiting) - 1))
            case Asking():
                status.speech(Sentence("asking"))
            case Waiting(_, seconds, attempt, of, reason):
                status.problem(Sentence("again_of", reason=reason, seconds=f"{seconds:.0f}", attempt=attempt, of=of))
            case Sounding(_, voice, devices):
                status.speech(self._more(speaking(voice, devices)))
            case Notice(message):
                status.notice(message)
            case Ended(number) | Stopped(number):
                self._waiting.pop(number, None)
                if not self._waiting:
                    status.speech(Sentence("stopped" if isinstance(event, Stopped) else "said"))
            case Failed(number, message, text):
                self._waiting.pop(number, None)
                status.problem(message)
                self._give_back(text)

    def _give_back(self, text: str) -> None:
        """Words that were not said stand where they were written, below others that do already."""
        words = self._window.speech.words
        if text and words.toPlainText().strip():
            words.appendPlainText(text)
        elif text:
            words.setPlainText(text)

    def _devices(self, changed: DevicesChanged) -> None:
        window = self._window
        window.outputs.show_devices(changed.devices, changed.problem)
        chosen = {window.client.settings.cable.id, window.client.settings.ears.id}
        for device in changed.gone:
            if device.id in chosen:
                window.status.problem(Sentence("device_has_gone", device=device.name))
        for device in changed.come:
            if device.id in chosen:
                window.status.notice(Sentence("device_is_back", device=device.name))

    def _more(self, told: str) -> str:
        waiting = len(self._waiting) - 1
        return Sentence("more_in_queue", told=told, count=waiting) if waiting > 0 else told


def speaking(voice: str, devices: tuple[str, ...]) -> Sentence:
    """The line that names the voice, and the devices, two at most."""
    key = f"speaking{'_with' if voice else ''}{'_on' if devices else ''}"
    quoted = [Sentence("quoted", name=name) for name in devices]
    told = Sentence("both", first=quoted[0], last=quoted[-1]) if len(quoted) > 1 else "".join(quoted[:1])
    return Sentence(key, voice=voice, devices=told)
