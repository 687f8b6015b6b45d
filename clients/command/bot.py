"""`stts bot`: the Telegram bot, by the framework that is named."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

from clients.command.running_bots import run_bot
from clients.command.speech import Json


def bot(
    context: typer.Context,
    framework: Annotated[
        str | None,
        typer.Option(help="aiogram, telebot, pyrogram or telethon (pip install -r requirements/telegram.txt)."),
    ] = None,
    settings: Annotated[Path | None, typer.Option(help="YAML file of settings (docs/telegram.md).")] = None,
    as_json: Json = False,
) -> None:
    """Runs the Telegram bot until it is stopped. Its token comes by BOT_TOKEN, or in the file."""
    # The whole bot takes a quarter of a second, which no other command needs.
    from clients.telegram.running import run
    from clients.telegram.settings import read

    def made(told: Callable[[str], None]) -> Coroutine[Any, Any, None]:
        return run(read(settings, framework=framework, server=context.obj.url, key=context.obj.key), told)

    def away(_: OSError) -> str:
        return "Telegram cannot be reached. Is there a network, is `api` right, and does a proxy stand in between?"

    run_bot(made, away, sign="@", as_json=as_json)
