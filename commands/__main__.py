"""The commands of this package."""

from __future__ import annotations

if __name__ == "__main__":
    from stts.interruption import leave_quietly

    leave_quietly()

import json
import sys

import typer

from adapters.configuration.adapter import EXIT_STATUS, startup_message
from commands import audit, database, keys
from stts.errors import InvalidConfiguration, InvalidRequest, STTSError
from stts.interruption import ending_in_order

JSON_OPTION = "--json"
REFUSED = 4
"""Exit status for what cannot be done, as of all commands of `stts` (docs/command.md)."""

app = typer.Typer(name="stts", no_args_is_help=True, add_completion=False)
app.add_typer(database.app, name="db")
app.add_typer(keys.app, name="keys")
app.add_typer(audit.app, name="audit")


def main() -> int:
    try:
        app(prog_name="stts")
    except InvalidConfiguration as error:
        return _told(startup_message(error), EXIT_STATUS)
    except STTSError as error:
        return _told(error.message, EXIT_STATUS if isinstance(error, InvalidRequest) else REFUSED)
    return 0


def _told(message: str, status: int) -> int:
    """Says what went wrong as all commands of `stts` do, to a program on the standard output."""
    if JSON_OPTION in sys.argv[1:]:
        print(json.dumps({"error": message}, ensure_ascii=False, indent=2))  # noqa: T201 - the answer of the command
    else:
        print(f"stts: {message}", file=sys.stderr)  # noqa: T201 - for the person at the terminal
    return status


if __name__ == "__main__":
    ending_in_order(lambda: sys.exit(main()))
