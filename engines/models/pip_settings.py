"""The package index that pip uses on this machine: a mirror set up for pip serves models as well."""

from __future__ import annotations

import configparser
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PUBLIC_INDEX = "https://pypi.org/simple"
SYSTEM = Path("/etc/pip.conf")
SECTIONS = ("download", "global")
"""Sections of pip's files that bind it when it downloads, the one that wins first."""


@dataclass(frozen=True, slots=True)
class PipSettings:
    indexes: tuple[str, ...]
    """Addresses, in the order in which pip knows them."""
    certificates: str | None
    """PEM file of the authorities to trust."""


def pip_settings() -> PipSettings:
    """From the environment and pip's files. What cannot be read is passed over, as if it were not there."""
    files = [_read(path) for path in _files()]
    index = _value("index-url", files) or PUBLIC_INDEX
    extra = (_value("extra-index-url", files) or "").split()
    addresses = dict.fromkeys(url for url in (index, *extra) if url.startswith(("http://", "https://")))
    return PipSettings(tuple(addresses), _value("cert", files))


def _value(key: str, files: list[configparser.RawConfigParser]) -> str | None:
    variable = os.environ.get(f"PIP_{key.upper().replace('-', '_')}")
    if variable is not None:
        return variable or None
    for file in files:
        for section in SECTIONS:
            if value := file.get(section, key, fallback=""):
                return value
    return None


def _files() -> Iterator[Path]:
    """Pip's files, the one that wins first."""
    own = os.environ.get("PIP_CONFIG_FILE")
    if own == os.devnull:
        return
    if own:
        yield Path(own)
    yield Path(sys.prefix) / "pip.conf"
    home = Path.home()
    yield Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "pip" / "pip.conf"
    yield home / ".pip" / "pip.conf"
    yield SYSTEM
    for folder in (os.environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(os.pathsep):
        yield Path(folder) / "pip" / "pip.conf"


def _read(path: Path) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser()
    try:
        parser.read(path, encoding="utf-8")
    except (configparser.Error, OSError, UnicodeDecodeError):
        return configparser.RawConfigParser()
    return parser
