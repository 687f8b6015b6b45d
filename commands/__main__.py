"""The commands of this package."""

from __future__ import annotations

if __name__ == "__main__":
    from stts.interruption import leave_quietly

    leave_quietly(of_server=False)

from typing import Any

import typer

from commands import audit, database, keys
from stts.command_line import REFUSED, USAGE, CommandFailed, CommandLine
from stts.errors import InvalidRequest, STTSError
from stts.interruption import ending_in_order


class Operator(CommandLine):
    """Commands that work on what the server works on, and fail as it does."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except STTSError as error:
            raise CommandFailed(error.message, USAGE if isinstance(error, InvalidRequest) else REFUSED) from error


app = typer.Typer(name="stts", cls=Operator, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.add_typer(database.app, name="db")
app.add_typer(keys.app, name="keys")
app.add_typer(audit.app, name="audit")


def main() -> None:
    """Runs the command line, and leaves with its exit status."""
    app(prog_name="stts")


if __name__ == "__main__":
    ending_in_order(main)
