"""`stts discord`: the Discord bot."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

from clients.command.running_bots import run_bot
from clients.command.speech import Json


def discord(
    context: typer.Context,
    settings: Annotated[Path | None, typer.Option(help="YAML file of settings (docs/discord.md).")] = None,
    as_json: Json = False,
) -> None:
    """Runs the Discord bot until it is stopped. Its token comes by DISCORD_TOKEN, or in the file."""
    # The whole bot takes half a second, which no other command needs.
    from clients.discord.running import run
    from clients.discord.settings import read

    def made(told: Callable[[str], None]) -> Coroutine[Any, Any, None]:
        return run(read(settings, server=context.obj.url, key=context.obj.key), told)

    run_bot(made, lambda error: f"Discord cannot be reached: {error}", as_json=as_json)
