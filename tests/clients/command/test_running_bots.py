"""Whatever keeps a bot from running is a line with the exit status of its kind."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest
import typer

from clients.chat.settings import InvalidSettings
from clients.chat.starting import NotInstalled, Rejected
from clients.command.exit_status import LACKING, REFUSED, UNREACHED, USAGE
from clients.command.running_bots import run_bot


@pytest.fixture(autouse=True)
def the_log_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging, "basicConfig", lambda **options: None)


def away(error: OSError) -> str:
    return f"Nobody is there: {error}"


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (InvalidSettings("deadline is no number."), USAGE, "deadline is no number."),
        (NotInstalled("aiogram", "telegram"), LACKING, "aiogram is not installed"),
        (Rejected("The token is wrong."), REFUSED, "The token is wrong."),
        (ConnectionError("refused"), UNREACHED, "Nobody is there: refused"),
    ],
)
def test_what_keeps_it_from_running_is_told(
    error: Exception, status: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async def fails() -> None:
        raise error

    with pytest.raises(typer.Exit) as ended:
        run_bot(lambda _: fails(), away, as_json=False)
    assert ended.value.exit_code == status
    assert f"stts: {told}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("as_json", "line"), [(False, "@Anna listens. Ctrl-C ends it.\n"), (True, '{"bot": "Anna"}\n')]
)
def test_its_name_is_told_once_it_listens(as_json: bool, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    async def bot(told: Callable[[str], None]) -> None:
        told("Anna")

    run_bot(bot, away, sign="@", as_json=as_json)
    assert capsys.readouterr().out == line
