"""The window in each language: keys of its own, names that a screen reader says, and the way that it runs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QEvent, QLocale, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QApplication, QGroupBox, QLabel, QPushButton, QWidget

from clients.desktop.model.catalogue import Voice
from clients.desktop.model.events import Connected, Failed, Sounding, Unreached, Waiting
from clients.desktop.sentences import OWN_NAMES, Sentence, WindowSentences
from clients.desktop.window import theme
from clients.desktop.window.shown import Shown
from tests.clients.desktop.windows import Calls, opened, settings_of

pytestmark = pytest.mark.clients


@pytest.fixture(params=OWN_NAMES)
def tell(request: pytest.FixtureRequest, application: QApplication) -> Iterator[WindowSentences]:
    language = WindowSentences(request.param)
    theme.in_language(language, application)
    yield language
    theme.in_language(WindowSentences(), application)


def letters(widget: QWidget) -> list[str]:
    """Keys that lead to what is in it."""
    texts = [each.text() for each in widget.findChildren(QPushButton) if "&&" not in each.text()]
    texts += [each.text() for each in widget.findChildren(QLabel) if each.buddy()]
    return [text[text.index("&") + 1].lower() for text in texts if "&" in text]


def test_no_two_have_one_letter(tell: WindowSentences, calls: Calls) -> None:
    with opened(calls, tell) as window:
        found = letters(window)
        assert len(found) == len(set(found)) > 10, sorted(found)
    with settings_of(calls, tell) as dialog:
        found = letters(dialog)
        assert len(found) == len(set(found)) >= 8, sorted(found)


def test_what_a_screen_reader_says_is_in_the_language(tell: WindowSentences, calls: Calls) -> None:
    with opened(calls, tell) as window:
        labelled = {label.buddy() for label in window.findChildren(QLabel)}
        reached = [each for each in window.findChildren(QWidget) if each.focusPolicy() & Qt.FocusPolicy.TabFocus]
        for widget in (each for each in reached if each.isVisibleTo(window) and each.accessibleName()):
            spoken = QAccessible.queryAccessibleInterface(widget)
            assert spoken.role() != QAccessible.Role.NoRole
            # Of a box of choices Qt says the one that is chosen on X11, and the label that leads to it.
            name = spoken.text(QAccessible.Text.Name)
            assert name == widget.accessibleName() or widget in labelled, (name, widget.accessibleName())
        names = {each.accessibleName() for each in window.findChildren(QWidget)}
        assert {tell("text_name"), tell("history_name"), tell("say_phrase", phrase="Phrase 1 & more")} <= names
        titles = {each.title() for each in window.findChildren(QGroupBox)}
        assert titles == {tell(key) for key in ("said_title", "heard_title", "phrases_title", "history_title")}


def test_it_runs_the_way_of_its_language(tell: WindowSentences, calls: Calls) -> None:
    right = Qt.LayoutDirection.RightToLeft
    with opened(calls, tell) as window:
        runs_left = tell.language == "fa"
        assert (window.layoutDirection() == right) == runs_left
        speech, outputs = (each.mapTo(window, each.rect().center()).x() for each in (window.speech, window.outputs))
        assert (speech > outputs) == runs_left
        # Codes are written from left to right everywhere, and a text as it is written.
        assert window.speech.language.layoutDirection() != right
        for text, side in (("سلام، خوبی؟", Qt.AlignmentFlag.AlignRight), ("12. Hello.", Qt.AlignmentFlag.AlignLeft)):
            window.speech.words.setPlainText(text)
            option = window.speech.words.document().defaultTextOption()
            assert (option.alignment(), option.textDirection()) == (side, Qt.LayoutDirection.LayoutDirectionAuto)
        window.speech.words.clear()
        empty = window.speech.words.document().defaultTextOption().alignment()
        assert (empty == Qt.AlignmentFlag.AlignRight) == runs_left


def test_what_goes_on_is_told_in_it(tell: WindowSentences, calls: Calls) -> None:
    nobody = Sentence("nothing_listens", url="http://a")
    with opened(calls, tell) as window:
        shown, status = Shown(window), window.status
        mark = "\u200f" if tell.right_to_left else ""
        shown.show(Waiting(1, 4.0, 2, 5, nobody))
        inner = tell("nothing_listens", url="http://a")
        assert status.now.text() == mark + "⚠ " + tell("again_of", reason=inner, seconds=4, attempt=2, of=5)
        shown.show(Unreached(nobody, 3.0))
        assert status.server.text() == mark + "⚠ " + tell("again_in", reason=inner, seconds=3)
        shown.show(Connected((Voice("heart", "Heart", "hibari", ("en-US",)),)))
        assert status.server.text() == tell("voices_at", count=1, server=calls.settings.server)
        shown.show(Sounding(1, "", ()))
        assert status.now.text() == tell("speaking")
        shown.show(Failed(1, "The server's own words.", "Hello."))
        assert status.now.text() == mark + "⚠ The server's own words."
        window.speech.words.clear()
        window.speech.speak_button.click()
        assert status.now.text() == mark + "• " + tell("nothing_to_say")


def test_dialogs_of_qt_itself_speak_it_too(tell: WindowSentences, application: QApplication) -> None:
    cancel = application.translate("QPlatformTheme", "Cancel")
    assert cancel == {"en": "Cancel", "de": "Abbrechen"}.get(tell.language, cancel)
    assert tell.language != "fa" or any(letter > "\u0600" for letter in cancel)
    assert QLocale(tell.language).textDirection() == application.layoutDirection()
    application.sendPostedEvents(None, QEvent.Type.DeferredDelete)
