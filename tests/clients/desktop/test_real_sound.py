"""The client into a real sound server: its words come out of the cable, and devices come and go."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.server import Server
from clients.desktop.model.client import Client
from clients.desktop.model.events import END, Ended, Failed, Kept, Notice, Sounding, Waiting
from clients.desktop.model.settings import Settings, load
from clients.desktop.sound.device import SYSTEM, Choice, Device, SoundFailed
from clients.desktop.sound.machine import Miniaudio
from clients.desktop.sound.watch import DevicesChanged
from tests import patient
from tests.clients.desktop.cables import Cables
from tests.engines.speech import share_heard
from tests.patience import PATIENCE

pytestmark = pytest.mark.clients

CABLE = Choice("PulseAudio:cable", "Virtual_cable")
SENTENCE = "Please open the window and turn off the light in the kitchen."


class Desk:
    """A client without a window, and what it tells."""

    def __init__(self, settings: Settings, file: Path) -> None:
        self.file = file
        self.told: queue.Queue[Any] = queue.Queue()
        self.client = Client(settings, file, Miniaudio(("PULSEAUDIO",)), self.told.put)

    def until(self, wanted: Callable[[Any], bool]) -> Any:
        """The first event that is wanted; those before it are passed over."""
        while not wanted(event := self.told.get(timeout=PATIENCE)):
            pass
        return event

    def until_kind(self, *kinds: type) -> Any:
        return self.until(lambda event: isinstance(event, kinds))


@pytest.fixture
def desk(speech_server: Server, cables: Cables, tmp_path: Path) -> Iterator[Desk]:
    url = f"http://127.0.0.1:{speech_server.port}"
    settings = replace(Settings(), server=url, folder=str(tmp_path), cable=CABLE, ears=SYSTEM)
    made = Desk(settings, tmp_path / "desktop.json")
    made.client.start()
    try:
        made.until_kind(DevicesChanged)
        yield made
    finally:
        made.client.close()
        assert cables.streams() == 0


def words(server: Server, recording: bytes) -> str:
    url = f"http://127.0.0.1:{server.port}/stt"
    answer = patient.post(url, files={"file": ("cable.wav", recording)}, data={"language": "en"})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["text"])


def test_words_come_out_of_the_cable_and_into_ones_ears(desk: Desk, cables: Cables, speech_server: Server) -> None:
    with cables.recording("cable") as cable, cables.recording("ears") as ears:
        desk.client.say(SENTENCE)
        assert isinstance(desk.until_kind(*END), Ended)
        for recorded in (cable, ears):
            heard = words(speech_server, recorded.said())
            assert share_heard(SENTENCE, heard) >= 0.9, heard


def test_one_device_chosen_twice_plays_once(desk: Desk, cables: Cables) -> None:
    desk.client.change(cable=Choice("PulseAudio:ears", "Headphones"))
    with cables.recording("ears") as ears:
        desk.client.say("Hello.")
        assert desk.until_kind(Sounding).devices == ("Headphones",)
        assert cables.streams() == 1
        assert isinstance(desk.until_kind(*END), Ended)
        ears.said()


def test_a_cable_that_is_pulled_out_is_told_and_used_again_when_it_is_back(
    desk: Desk, cables: Cables, speech_server: Server
) -> None:
    desk.client.say(f"{SENTENCE} {SENTENCE}")
    desk.until_kind(Sounding)
    cables.unplug("cable")
    assert "Virtual_cable" in desk.until_kind(Notice).message
    # One's own ears hear it to the end, and nothing of the cable's has moved to them.
    assert isinstance(desk.until_kind(*END), Ended)
    assert cables.streams() == 1
    desk.client.say("Is anybody there?")
    assert "is not there; it is used again" in desk.until_kind(Notice).message
    desk.until_kind(*END)
    cables.plug("cable", "The_new_name")
    desk.until(lambda event: isinstance(event, DevicesChanged) and CABLE.id in [device.id for device in event.come])
    with cables.recording("cable") as cable:
        desk.client.say(SENTENCE)
        assert set(desk.until_kind(Sounding).devices) == {"The_new_name", "Headphones"}
        assert isinstance(desk.until_kind(*END), Ended)
        assert share_heard(SENTENCE, words(speech_server, cable.said())) >= 0.9


def test_the_history_plays_without_the_server(desk: Desk, cables: Cables) -> None:
    desk.client.say(SENTENCE)
    entry = desk.until_kind(Kept).entry
    desk.until_kind(*END)
    desk.client.change(server="http://127.0.0.1:9")
    with cables.recording("cable") as cable:
        desk.client.replay(entry.path, entry.text)
        assert isinstance(desk.until_kind(*END), Ended)
        cable.said()
    desk.client.say("Nobody answers this.")
    waiting = desk.until_kind(Waiting)
    assert "Nothing listens at http://127.0.0.1:9" in waiting.reason and waiting.attempt == 1
    desk.client.stop()
    desk.until_kind(*END)
    assert load(desk.file)[0].server == "http://127.0.0.1:9"


def test_a_sound_server_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path}/nobody")
    with pytest.raises(SoundFailed, match="no sound that can be reached"):
        Miniaudio(("PULSEAUDIO",)).devices()


def test_a_device_that_went_before_it_was_opened_is_told(cables: Cables) -> None:
    machine = Miniaudio(("PULSEAUDIO",))
    cable = next(device for device in machine.devices() if device.id == CABLE.id)
    cables.unplug("cable")
    with pytest.raises(SoundFailed, match="cannot be opened"):
        machine.open(cable, 24_000, Silence())
    with pytest.raises(SoundFailed, match="is not there"):
        machine.open(Device("PulseAudio:never", "Never"), 24_000, Silence())


def test_the_default_device_is_the_one_that_it_is_now(cables: Cables) -> None:
    machine = Miniaudio(("PULSEAUDIO",))
    assert [device.name for device in machine.devices() if device.default] == ["Headphones"]
    cables.make_default("cable")
    assert [device.name for device in machine.devices() if device.default] == ["Virtual_cable"]


def test_devices_are_found_again_after_the_sound_server_was_started_again(cables: Cables) -> None:
    machine = Miniaudio(("PULSEAUDIO",))
    before = {device.id for device in machine.devices()}
    cables.stop()
    with pytest.raises(SoundFailed):
        machine.devices()
    cables.start()
    assert {device.id for device in machine.devices()} == before == {"PulseAudio:cable", "PulseAudio:ears"}


class Silence:
    def pull(self, frames: int) -> bytes:
        return bytes(2 * frames)


def test_failed_is_told_with_its_words(desk: Desk) -> None:
    desk.client.change(voice="hibari/nobody")
    desk.client.say("Who says this?")
    failed = desk.until_kind(*END)
    assert isinstance(failed, Failed) and failed.text == "Who says this?" and "voice" in failed.message
