"""Light and dark, in colours with enough contrast, and the same on every system; the way that a language runs."""

from __future__ import annotations

from PySide6.QtCore import QLibraryInfo, Qt, QTranslator
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from clients.desktop.sentences import WindowSentences

LIGHT = {
    "Window": "#f3f4f6",
    "WindowText": "#111827",
    "Base": "#ffffff",
    "AlternateBase": "#f3f4f6",
    "Text": "#111827",
    "Button": "#e5e7eb",
    "ButtonText": "#111827",
    "ToolTipBase": "#111827",
    "ToolTipText": "#f9fafb",
    "PlaceholderText": "#6b7280",
    "Highlight": "#1d4ed8",
    "HighlightedText": "#ffffff",
    "Link": "#1d4ed8",
    "Mid": "#7b8494",
}
DARK = {
    "Window": "#1b1e24",
    "WindowText": "#e8eaed",
    "Base": "#12141a",
    "AlternateBase": "#1b1e24",
    "Text": "#e8eaed",
    "Button": "#2a2f38",
    "ButtonText": "#e8eaed",
    "ToolTipBase": "#e8eaed",
    "ToolTipText": "#12141a",
    "PlaceholderText": "#9aa3b2",
    "Highlight": "#3b82f6",
    "HighlightedText": "#0b0d12",
    "Link": "#8ab4f8",
    "Mid": "#737c8c",
}
PALE = {"light": "#6b7280", "dark": "#8b93a1"}
"""Colour of text that cannot be used now."""
NAMES = ("WindowText", "Text", "ButtonText")
STYLE = """
QGroupBox { font-weight: 600; border: 1px solid palette(mid); border-radius: 6px; margin-top: 1.1em; padding: 8px; }
QGroupBox::title { subcontrol-origin: margin; left: 8px; padding: 0 4px; }
QLineEdit, QPlainTextEdit, QListWidget { border: 1px solid palette(mid); border-radius: 3px; }
QLineEdit { padding: 2px; }
QComboBox QLineEdit, QAbstractSpinBox QLineEdit { border: none; padding: 0; }
QLineEdit:focus, QPlainTextEdit:focus, QListWidget:focus { border: 1px solid palette(highlight); }
QCheckBox::indicator { width: 14px; height: 14px; border: 1px solid palette(mid); border-radius: 3px;
    background: palette(base); }
QCheckBox::indicator:checked { background: palette(highlight); border: 3px solid palette(base); }
QCheckBox::indicator:focus { border: 2px solid palette(highlight); }
QPushButton { padding: 5px 12px; min-height: 1.4em; }
QPushButton[primary="true"] { background: palette(highlight); color: palette(highlighted-text); font-weight: 600;
    border: none; border-radius: 4px; }
QPushButton[primary="true"]:disabled { background: palette(button); color: palette(placeholder-text); }
*:focus { outline: 2px solid palette(highlight); }
QPushButton[primary="true"]:focus { border: 2px solid palette(window-text); }
"""


def is_dark(theme: str, application: QApplication) -> bool:
    """`theme`: `system` asks the desktop."""
    if theme in ("light", "dark"):
        return theme == "dark"
    return bool(application.styleHints().colorScheme() == Qt.ColorScheme.Dark)


def apply(theme: str, application: QApplication) -> None:
    dark = is_dark(theme, application)
    palette = QPalette()
    for name, colour in (DARK if dark else LIGHT).items():
        palette.setColor(getattr(QPalette.ColorRole, name), QColor(colour))
    for name in NAMES:
        pale = QColor(PALE["dark" if dark else "light"])
        palette.setColor(QPalette.ColorGroup.Disabled, getattr(QPalette.ColorRole, name), pale)
    application.setStyle("Fusion")
    application.setPalette(palette)
    application.setStyleSheet(STYLE)


def in_language(tell: WindowSentences, application: QApplication) -> None:
    """Turns all windows the way the language runs; Qt's own words, as those of its dialogs, come from Qt."""
    for before in application.findChildren(QTranslator):
        application.removeTranslator(before)
        before.deleteLater()
    direction = Qt.LayoutDirection.RightToLeft if tell.right_to_left else Qt.LayoutDirection.LeftToRight
    translator = QTranslator(application)
    folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
    if translator.load(f"qtbase_{tell.language}", folder):
        application.installTranslator(translator)
    # Installing one may turn the windows the way that its language runs.
    application.setLayoutDirection(direction)
