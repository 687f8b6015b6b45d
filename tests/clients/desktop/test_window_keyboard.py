"""The window for the keyboard and for screen readers: names, letters, keys, and colours that are readable."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QWidget

from clients.desktop.model.events import (
    Parameters,
)
from clients.desktop.model.parameters import Parameter
from clients.desktop.window import theme
from clients.desktop.window.hotkeys import parts
from clients.desktop.window.main_window import MainWindow
from clients.desktop.window.shown import Shown
from tests.clients.desktop.windows import Calls
from tests.patience import PATIENCE

pytestmark = pytest.mark.clients

WCAG_TEXT = 4.5
"""Least contrast of text, after WCAG 2.2 AA."""
WCAG_EDGE = 3.0
"""Least contrast of what is needed to see a control."""


def test_all_that_takes_the_keyboard_has_a_name(window: MainWindow) -> None:
    parameter = Parameter("warmth", "Warmth", "number", 0.5, "More.", 0, 1)
    Shown(window).show(Parameters("hibari", (parameter,)))
    nameless = [
        type(widget).__name__
        for widget in window.findChildren(QWidget)
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isVisibleTo(window)
        if not (widget.accessibleName() or widget.objectName().startswith("qt_"))
    ]
    assert nameless == ["QScrollArea"], "the area around the phrases, whose buttons have names"


def test_all_is_reached_by_tab(window: MainWindow, application: QApplication) -> None:
    window.speech.words.setFocus()
    seen: list[QWidget] = []
    while (focused := application.focusWidget()) is not None and focused not in seen:
        seen.append(focused)
        QTest.keyClick(focused, Qt.Key.Key_Tab)
    buttons = [each for each in window.findChildren(QPushButton) if each.isVisible() and each.isEnabled()]
    assert set(buttons) <= set(seen)
    for widget in (window.speech.voices, window.outputs.cable, window.outputs.ears, window.history.entries):
        assert widget in seen, widget.accessibleName()


def test_text_is_readable_in_both_themes() -> None:
    for name, colours in (("light", theme.LIGHT), ("dark", theme.DARK)):
        pairs = (("WindowText", "Window"), ("Text", "Base"), ("ButtonText", "Button"), ("HighlightedText", "Highlight"))
        for text, ground in (*pairs, ("PlaceholderText", "Base"), ("Link", "Window"), ("ToolTipText", "ToolTipBase")):
            assert contrast(colours[text], colours[ground]) >= WCAG_TEXT, f"{text} on {ground} in {name}"
        for ground in ("Window", "Base"):
            assert contrast(colours["Mid"], colours[ground]) >= WCAG_EDGE, f"an edge on {ground} in {name}"


def contrast(one: str, other: str) -> float:
    def light(colour: str) -> float:
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    bright, dark = sorted((light(one), light(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def test_keys_speak_skip_and_stop(window: MainWindow, calls: Calls) -> None:
    words = window.speech.words
    words.setPlainText("  Hello there.  ")
    QTest.keyClick(words, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert (calls.asked.pop(), words.toPlainText()) == (("say", "Hello there."), "")
    QTest.keyClick(words, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert calls.asked == []
    QTest.keyClick(window, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(window, Qt.Key.Key_Escape)
    QTest.keyClick(window, Qt.Key.Key_F5)
    assert calls.asked == [("say", "Phrase 2 & more"), ("skip",), ("stop",), ("look",)]


def test_the_clipboard_is_spoken_or_told_to_be_empty(window: MainWindow, calls: Calls) -> None:
    QApplication.clipboard().setText(" From elsewhere. ")
    window.say_clipboard()
    QApplication.clipboard().clear()
    window.say_clipboard()
    assert calls.asked == [("say", "From elsewhere.")]
    assert "no text in the clipboard" in window.status.now.text()


def test_the_line_speaks_and_goes(window: MainWindow, calls: Calls) -> None:
    line = window.type_line
    line.bring_up()
    assert QTest.qWaitForWindowActive(line, int(PATIENCE * 1000))
    QTest.keyClicks(line, "Coming!")
    QTest.keyClick(line, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    assert line.isVisible()
    QTest.keyClicks(line, "Now.")
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert not line.isVisible()
    line.bring_up()
    assert QTest.qWaitForWindowActive(line, int(PATIENCE * 1000))
    QTest.keyClicks(line, "half a th")
    QTest.keyClick(line, Qt.Key.Key_Escape)
    assert (line.isVisible(), line.text()) == (False, "half a th")
    assert calls.asked == [("say", "Coming!"), ("say", "Now.")]


def test_the_board_speaks_by_a_number_and_goes(window: MainWindow, calls: Calls) -> None:
    board = window.board
    for key, phrase in ((Qt.Key.Key_3, 3), (Qt.Key.Key_Return, 1)):
        window.bring_up_board()
        assert QTest.qWaitForWindowActive(board, int(PATIENCE * 1000))
        QTest.keyClick(board, key)
        assert (calls.asked.pop(), board.isVisible()) == (("say", f"Phrase {phrase} & more"), False)
    window.bring_up_board()
    QTest.keyClick(board, Qt.Key.Key_End)
    QTest.keyClick(board, Qt.Key.Key_Return)
    assert calls.asked.pop() == ("say", "Phrase 11 & more")
    window.bring_up_board()
    QTest.keyClick(board, Qt.Key.Key_Escape)
    assert (calls.asked, board.isVisible()) == ([], False)
    window.phrases.put("")
    window.bring_up_board()
    assert not board.isVisible() and "no phrases yet" in window.status.now.text()


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ("Ctrl+Alt+C", (12, "c")),
        ("Meta+F5", (64, "F5")),
        ("Shift+Del", (1, "Delete")),
        ("C", None),
        ("", None),
        ("Hyper+C", None),
    ],
)
def test_keys_have_names_of_x11(keys: str, found: tuple[int, str] | None) -> None:
    assert parts(keys) == found
