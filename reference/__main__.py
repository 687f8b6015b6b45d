"""Writes docs/reference from the code: `make reference`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from reference import command, engines, events, routes, settings

FOLDER = Path(__file__).parents[1] / "docs" / "reference"
PAGES: Mapping[str, Callable[[], str]] = {
    "settings.md": settings.written,
    "routes.md": routes.written,
    "events.md": events.written,
    "engines.md": engines.written,
    "command.md": command.written,
}


def main() -> None:
    for name, written in PAGES.items():
        (FOLDER / name).write_text(written(), encoding="utf-8")


if __name__ == "__main__":
    main()
