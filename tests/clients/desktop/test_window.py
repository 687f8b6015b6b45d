"""The program as a person uses it: keys on a screen, and words out of the cable."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.server import Server
from clients.desktop.model.history import FOLDER, read_entry
from tests import patient
from tests.clients.desktop.cables import Cables
from tests.clients.desktop.screen import Screen, missing, running_screen
from tests.clients.desktop.test_real_sound import SENTENCE, words
from tests.engines.speech import share_heard
from tests.patience import PATIENCE

pytestmark = pytest.mark.clients

ROOT = Path(__file__).parents[3]
PROGRAM = (sys.executable, "-m", "clients.desktop")
SHOWN = "shown\n"


class Program:
    """The one with a window, which runs on a screen with its folders in a place of the test's."""

    def __init__(self, screen: Screen, cables: Cables, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            **screen.environment,
            **cables.variables,
            "XDG_CONFIG_HOME": str(folder / "config"),
            "STTS_DESKTOP_SHOWN": "1",
        }

    def settings(self, **fields: object) -> None:
        file = self.folder / "config" / "stts" / "desktop.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(fields))

    @property
    def kept(self) -> dict[str, object]:
        return dict(json.loads((self.folder / "config" / "stts" / "desktop.json").read_text()))

    def wish(self, *words: str) -> int:
        """The exit status of a second start."""
        return patient.run([*PROGRAM, *words], env=self.environment, cwd=ROOT, check=False).returncode


@pytest.fixture
def screen() -> Iterator[Screen]:
    if name := missing():
        pytest.skip(f"{name} is not installed")
    with running_screen() as screen:
        yield screen


@pytest.fixture
def program(screen: Screen, cables: Cables, speech_server: Server, tmp_path: Path) -> Iterator[Program]:
    made = Program(screen, cables, tmp_path)
    made.settings(
        server=f"http://127.0.0.1:{speech_server.port}",
        folder=str(tmp_path),
        cable={"id": "PulseAudio:cable", "name": "Virtual_cable"},
        ears={"id": "system", "name": ""},
        phrases=["One moment, please.", SENTENCE],
    )
    with subprocess.Popen(PROGRAM, env=made.environment, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == SHOWN
            yield made
        finally:
            process.terminate()
            assert process.wait(PATIENCE) == 0


def test_what_is_typed_comes_out_of_the_cable(
    program: Program, screen: Screen, cables: Cables, speech_server: Server
) -> None:
    with cables.recording("cable") as cable, cables.recording("ears") as ears:
        screen.type(SENTENCE)
        screen.press("Control_L+Return")
        heard = words(speech_server, cable.said())
        assert share_heard(SENTENCE, heard) >= 0.9, heard
        ears.said()
    (file,) = (program.folder / FOLDER).glob("tts_*.wav")
    entry = read_entry(file)
    assert entry is not None and entry.text == SENTENCE


def test_keys_work_while_another_program_has_the_keyboard(
    program: Program, screen: Screen, cables: Cables, speech_server: Server
) -> None:
    code = (
        "import sys; from PySide6.QtWidgets import QApplication, QLineEdit; a = QApplication(sys.argv);"
        f"a.clipboard().setText({SENTENCE!r}); w = QLineEdit(); w.show(); w.activateWindow();"
        "a.focusChanged.connect(lambda _, now: now and print('ready', flush=True)); a.exec()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], env=program.environment, stdout=subprocess.PIPE, text=True
    ) as other:
        try:
            assert other.stdout is not None and other.stdout.readline() == "ready\n"
            with cables.recording("cable") as cable:
                screen.press("Control_L+Alt_L+c")
                assert share_heard(SENTENCE, words(speech_server, cable.said())) >= 0.9
        finally:
            other.terminate()


def test_phrases_and_wishes_of_a_second_start(
    program: Program, screen: Screen, cables: Cables, speech_server: Server
) -> None:
    with cables.recording("cable") as cable:
        screen.press("Control_L+2")
        assert share_heard(SENTENCE, words(speech_server, cable.said())) >= 0.9
    before = screen.focus
    assert program.wish("type") == 0
    screen.wait_for_another(before)
    with cables.recording("cable") as cable:
        screen.type("The weather will be warm tomorrow.\n")
        assert share_heard("weather will be warm tomorrow", words(speech_server, cable.said())) >= 0.8
    assert program.wish("stop") == program.wish() == 0


def test_without_qt_it_says_what_to_install(tmp_path: Path) -> None:
    code = (
        "import sys, importlib.util as u; f = u.find_spec;"
        "u.find_spec = lambda n, *a: None if n == 'PySide6' else f(n, *a);"
        "from clients.desktop.main import main; sys.exit(main([]))"
    )
    done = patient.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, "stts-server[desktop]" in done.stderr) == (5, True)
