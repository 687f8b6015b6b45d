"""The window's parts without a screen: what is told where, and what is kept of what is chosen."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialogButtonBox, QWidget

from clients.desktop.model.catalogue import Voice
from clients.desktop.model.events import (
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
from clients.desktop.model.history import Entry
from clients.desktop.model.parameters import Parameter
from clients.desktop.model.references import references
from clients.desktop.sentences import WindowSentences
from clients.desktop.sound.watch import DevicesChanged
from clients.desktop.window.main_window import MainWindow
from clients.desktop.window.shown import Shown
from tests.clients.desktop.sounding import CABLE, EARS
from tests.clients.desktop.test_references import recording
from tests.clients.desktop.windows import Calls, settings_of

pytestmark = pytest.mark.clients


def test_a_wrong_address_cannot_be_kept(application: QApplication, calls: Calls) -> None:
    with settings_of(calls, WindowSentences()) as dialog:
        keep = dialog.buttons.button(QDialogButtonBox.StandardButton.Save)
        for typed, told in (("ftp://x", "not by ftp"), ("", "Write the address"), ("http://x:0", "A port is a number")):
            dialog.server.setText(typed)
            assert told in dialog.wrong.text() and not keep.isEnabled()
        dialog.server.setText("speech.example.com")
        assert dialog.wrong.text() == "It is asked at http://speech.example.com." and keep.isEnabled()
        dialog.key.setText("two words")
        assert "one word" in dialog.wrong.text() and not keep.isEnabled()
        dialog.key.clear()
        dialog.theme.setCurrentText("Dark")
        dialog.language.setCurrentText("فارسی")
        changes = dialog.changes
    assert (changes["server"], changes["theme"]) == ("http://speech.example.com", "dark")
    assert (changes["window_language"], changes["board_key"]) == ("fa", "Ctrl+Alt+B")


def test_voices_and_recordings_are_chosen(window: MainWindow, calls: Calls) -> None:
    folder = calls.settings.place / "references"
    folder.mkdir()
    recording(folder / "anna.wav", 6)
    (folder / "letter.wav").write_text("Dear Anna")
    Shown(window).show(Recordings(tuple(references(calls.settings.place))))
    Shown(window).show(Connected((Voice("heart", "Heart", "hibari", ("en-US",)),)))
    box = window.speech.voices
    texts = [box.itemText(place) for place in range(box.count())]
    assert texts == [
        "The server’s choice",
        "Heart (hibari, en-US)",
        "anna.wav: 6.0 s",
        "letter.wav: no sound file, whatever its name says",
    ]
    assert [box.model().item(place).isEnabled() for place in range(box.count())] == [True, True, True, False]
    for place, kept in ((1, "hibari/heart"), (2, "reference:anna.wav"), (3, "reference:anna.wav")):
        box.activated.emit(place)
        assert calls.settings.voice == kept
    (folder / "anna.wav").unlink()
    Shown(window).show(Recordings(tuple(references(calls.settings.place))))
    assert box.currentText() == "anna.wav (not there now)"


def test_the_voice_that_is_shown_is_the_one_that_speaks(window: MainWindow, calls: Calls) -> None:
    voices = (Voice("heart", "Heart", "hibari", ("en-US",)), Voice("thorsten", "Thorsten", "piper", ("de",)))
    Shown(window).show(Connected(voices))
    line = window.speech.voices.lineEdit()
    for typed, shown, kept in (
        ("THORST", "Thorsten (piper, de)", "piper/thorsten"),
        ("zzzz", "Thorsten (piper, de)", "piper/thorsten"),
        ("", "Thorsten (piper, de)", "piper/thorsten"),
        ("hibari", "Heart (hibari, en-US)", "hibari/heart"),
    ):
        line.setText(typed)
        line.editingFinished.emit()
        assert (line.text(), calls.settings.voice) == (shown, kept)


def test_a_parameter_is_kept_for_its_engine(window: MainWindow, calls: Calls) -> None:
    calls.change(voice="hibari/heart", parameters={"other": {"warmth": 1.0}})
    known = (Parameter("warmth", "Warmth", "number", 0.5, "", 0, 1), Parameter("whole", "Whole", "boolean", True))
    Shown(window).show(Parameters("hibari", known))
    window.speech.parameters.findChildren(QWidget)
    window.speech.parameters.changed.emit("warmth", 0.7)
    assert calls.settings.parameters == {"other": {"warmth": 1.0}, "hibari": {"warmth": 0.7}}


def test_a_device_that_is_away_stays_chosen(window: MainWindow, calls: Calls) -> None:
    shown, outputs = Shown(window), window.outputs
    shown.show(DevicesChanged((CABLE, EARS), (), ()))
    assert (outputs.cable.currentText(), outputs.ears.currentText()) == (
        "Virtual cable",
        "System’s choice (Headphones)",
    )
    assert not outputs.note.isVisible()
    shown.show(DevicesChanged((EARS,), (CABLE,), ()))
    assert outputs.cable.currentText() == "Virtual cable (not there now)"
    assert "used again when it comes back" in outputs.note.text() and "has gone" in window.status.now.text()
    shown.show(DevicesChanged((CABLE, EARS), (), (CABLE,)))
    assert outputs.cable.currentText() == "Virtual cable" and "is back" in window.status.now.text()
    outputs.cable.setCurrentIndex(outputs.cable.findText("Headphones"))
    outputs.cable.activated.emit(outputs.cable.currentIndex())
    assert calls.settings.cable.id == EARS.id
    assert "plays once" in outputs.note.text()


def test_what_goes_on_is_told(window: MainWindow, tmp_path: Path) -> None:
    shown, status = Shown(window), window.status
    for event, told in (
        (Queued(1, "One."), ""),
        (Queued(2, "Two."), "1 in the queue"),
        (Sounding(1, "heart", ("Cable", "Ears")), "with heart on “Cable” and “Ears”. 1 more in the queue."),
        (Waiting(1, 4.0, 2, 5, "Nothing listens."), "Nothing listens. Asked again in 4 s (2 of 5)."),
        (Notice("It is away."), "It is away."),
        (Ended(1), "It is away."),
        (Stopped(2), "Stopped."),
        (Failed(3, "No such voice.", "Three."), "No such voice."),
    ):
        shown.show(event)
        assert told in status.now.text()
    assert window.speech.words.toPlainText() == "Three."
    shown.show(Failed(4, "No such voice.", "Four."))
    assert window.speech.words.toPlainText() == "Three.\nFour."
    shown.show(Unreached("Nothing listens.", 3.0))
    assert status.server.text() == "⚠ Nothing listens. Asked again in 3 s."
    shown.show(Unreached("Write the address."))
    assert status.server.text() == "⚠ Write the address."


def test_the_history_is_played_shown_and_removed(window: MainWindow, calls: Calls) -> None:
    path = calls.history.folder / "tts_1.wav"
    entry = Entry(path, "Hello\nthere.", "heart", 1.5, 1_796_000_000.0)
    panel = window.history
    assert not any(each.isEnabled() for each in panel.buttons)
    Shown(window).show(Kept(1, entry))
    assert panel.entries.item(0).text().endswith("0:02  Hello there.")
    QTest.keyClick(panel.entries, Qt.Key.Key_Return)
    panel.buttons[0].click()
    assert ("replay", path, "Hello\nthere.") in calls.asked
    panel.buttons[3].click()
    assert panel.entries.count() == 0
