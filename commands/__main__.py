"""The commands of this package."""

from __future__ import annotations

if __name__ == "__main__":
    from stts.interruption import leave_quietly

    leave_quietly()

import sys
from functools import partial

import typer

from adapters.configuration.adapter import EXIT_STATUS, startup_message
from commands import audit, database, keys
from stts.errors import InvalidConfiguration, InvalidRequest, STTSError
from stts.interruption import ending_in_order

REFUSED = 4
"""Exit status for what cannot be done, as of all commands of `stts` (docs/command.md)."""

app = typer.Typer(name="stts", no_args_is_help=True, add_completion=False)
app.add_typer(database.app, name="db")
app.add_typer(keys.app, name="keys")
app.add_typer(audit.app, name="audit")


def main() -> int:
    try:
        ending_in_order(partial(app, prog_name="stts"))
    except InvalidConfiguration as error:
        print(startup_message(error), file=sys.stderr)  # noqa: T201 - for the person at the terminal
        return EXIT_STATUS
    except STTSError as error:
        print(error.message, file=sys.stderr)  # noqa: T201
        return EXIT_STATUS if isinstance(error, InvalidRequest) else REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main())
