"""docs/live.md names every event of both sides, but for those of surfaces that are not here."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from openai.types.live import ServerEvent

from routers.compat.live.command_schemas import COMMANDS
from stts.settings import LiveSettings

TEXT = (Path(__file__).parent.parent / "docs" / "live.md").read_text(encoding="utf-8")
NOT_HERE = ("decision.", "transport.")
"""Beginnings of events of decisions and telephones, which are refused."""


def test_every_event_of_the_client_is_there() -> None:
    assert [name for name in COMMANDS.types if f"`{name}`" not in TEXT] == []


def test_every_event_of_the_server_is_there() -> None:
    union = get_args(get_args(ServerEvent)[0])
    names = {name for each in union for name in get_args(each.model_fields["type"].annotation)}
    assert "session.started" in names
    assert [name for name in sorted(names) if not name.startswith(NOT_HERE) and f"`{name}`" not in TEXT] == []


def test_settings_that_clients_feel_are_there() -> None:
    missing = [name for name in LiveSettings.model_fields if f"live.{name}" not in TEXT]
    assert missing in ([], ["commentary"])
