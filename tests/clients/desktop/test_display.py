"""Where no window can open, that is told in one line, and the process ends as it should."""

from __future__ import annotations

import pytest

from clients.desktop import display, main


@pytest.fixture
def linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("linux")
def test_no_screen_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(main, "PACKAGES", ())
    assert main.main([]) == main.LACKING
    assert "There is no screen here" in (told := capsys.readouterr().err) and "stts say --device" in told


@pytest.mark.usefixtures("linux")
def test_a_screen_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":99999")
    monkeypatch.setattr(display, "_missing_library", lambda: None)
    monkeypatch.setattr(display, "_answers", lambda name: name != ":99999")
    assert "The screen :99999 does not answer" in str(display.lacking())
    monkeypatch.setattr(display, "_missing_library", lambda: "libxcb-cursor.so.0")
    assert "libxcb-cursor.so.0" in str(display.lacking())


@pytest.mark.usefixtures("linux")
@pytest.mark.parametrize(("name", "value"), [("WAYLAND_DISPLAY", "wayland-0"), ("QT_QPA_PLATFORM", "offscreen")])
def test_another_way_to_a_screen_is_left_to_qt(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    assert display.lacking() is None
