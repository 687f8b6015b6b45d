"""Settings: all that somebody has chosen, in one file of theirs."""

from __future__ import annotations

import json
import math
import os
import secrets
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from clients.desktop.model.address import EXAMPLE
from clients.desktop.sentences import OWN_NAMES, Explained, Sentence
from clients.desktop.sound.device import NOTHING, SYSTEM, Choice

NAME = "desktop.json"
THEMES = ("system", "light", "dark")
MOST_PHRASES = 100
LONGEST_PHRASE = 2000


class SettingsFailed(Explained):
    """Settings that cannot be kept."""


@dataclass(frozen=True, slots=True)
class Settings:
    server: str = EXAMPLE
    key: str = ""
    voice: str = ""
    """`engine/voice`, or `reference:FILE` of the folder references; none: the server chooses."""
    language: str = ""
    speed: float = 1.0
    pitch: float = 0.0
    parameters: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By engine."""
    cable: Choice = SYSTEM
    """Where the call hears it."""
    ears: Choice = NOTHING
    """Where one hears oneself."""
    phrases: tuple[str, ...] = ()
    clipboard_key: str = "Ctrl+Alt+C"
    """Speaks the clipboard, whichever program has the keyboard."""
    type_key: str = "Ctrl+Alt+T"
    """Brings up the line to type into."""
    board_key: str = "Ctrl+Alt+B"
    """Brings up the board of phrases."""
    window_language: str = ""
    """None: that of the desktop."""
    theme: str = "system"
    folder: str = ""
    """Holds audio_output and references; none: STTS in the home folder."""
    clones: dict[str, str] = field(default_factory=dict)
    """Digest of a recording and address of a server -> the voice that it has made of it."""

    @property
    def place(self) -> Path:
        return Path(self.folder).expanduser() if self.folder else Path.home() / "STTS"


def file() -> Path:
    """The place where this system keeps settings of programs."""
    if sys.platform == "win32":
        base = Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return base / "stts" / NAME


def load(path: Path) -> tuple[Settings, str]:
    """The settings, and what was wrong with their file. A file that is broken is put aside and not overwritten."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(kept, dict):
            raise ValueError(path.name)
    except FileNotFoundError:
        return Settings(), ""
    except OSError as error:
        return Settings(), Sentence("settings_unreadable", reason=error.strerror)
    except ValueError:
        aside = path.with_suffix(".broken.json")
        with suppress(OSError):
            path.replace(aside)
        return Settings(), Sentence("settings_broken", file=aside.name)
    return read(kept), ""


def save(settings: Settings, path: Path) -> None:
    """Replaces the file when the new one is whole. Its owner alone reads it, for the key. Raises SettingsFailed."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
                json.dump(asdict(settings), out, indent=2, ensure_ascii=False)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise SettingsFailed(Sentence("settings_unkept", reason=error.strerror, folder=path.parent)) from error


def read(kept: Mapping[str, Any]) -> Settings:
    """Each value by itself: one that makes no sense leaves the others alone."""
    settings = Settings()
    for each in fields(Settings):
        if each.name in kept:
            with suppress(TypeError, ValueError, LookupError):
                settings = replace(
                    settings, **{each.name: _value(each.name, getattr(settings, each.name), kept[each.name])}
                )
    return settings


def _value(name: str, before: Any, value: Any) -> Any:
    """Raises TypeError, ValueError or LookupError for what makes no sense."""
    if isinstance(before, Choice):
        return Choice(_text(value["id"]), _text(value["name"]))
    if name == "phrases":
        return tuple(_text(phrase)[:LONGEST_PHRASE] for phrase in value if _text(phrase).strip())[:MOST_PHRASES]
    if name == "parameters":
        return {_text(engine): dict(chosen) for engine, chosen in dict(value).items()}
    if name == "clones":
        return {_text(key): _text(voice) for key, voice in dict(value).items()}
    if isinstance(before, float):
        if not math.isfinite(float(value)):
            raise ValueError(name)
        low, high = (0.25, 4.0) if name == "speed" else (-24.0, 24.0)
        return min(max(float(value), low), high)
    if (name == "theme" and value not in THEMES) or (name == "window_language" and value not in ("", *OWN_NAMES)):
        raise ValueError(name)
    return _text(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a text")
    return value
