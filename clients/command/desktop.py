"""`stts desktop`: the window that speaks into a call."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from clients.command.exit_status import LACKING, CommandFailed
from clients.command.terminal import explained


class Wish(StrEnum):
    show = "show"
    clipboard = "clipboard"
    type = "type"
    board = "board"
    stop = "stop"


def desktop(
    context: typer.Context,
    wish: Annotated[
        Wish, typer.Argument(help="For a shortcut of the desktop: what the window does that is open, or opens now.")
    ] = Wish.show,
    folder: Annotated[
        str | None, typer.Option(help="Holds audio_output and references; default: STTS in the home folder.")
    ] = None,
) -> None:
    """Opens a window that speaks what is typed: into a call by a virtual cable, and into one's own ears."""
    from clients.desktop.main import NotInstalled, start

    with explained(as_json=False):
        try:
            status = start(wish.value, context.obj.url, context.obj.key, folder)
        except NotInstalled as lacking:
            raise CommandFailed(str(lacking), LACKING) from lacking
    raise typer.Exit(status)
