"""`stts db`: which version the database has, and bringing it to the newest."""

from __future__ import annotations

import typer

from commands.configured import ConfigOption, JSONOption, address, tell
from stts.storage.database.migrating import current_version, known_versions
from stts.storage.database.migrating import upgrade as migrate
from stts.storage.database.migrations import HEAD

app = typer.Typer(no_args_is_help=True, help="The database of keys, usage and audit.")
BEHIND = 1
"""Exit status of `check` for a database that is not at the newest version."""


@app.command()
def current(config: ConfigOption = None, json: JSONOption = False) -> None:
    """Tells the version of the database."""
    where = address(config)
    found = current_version(where)
    answer = {"database": where.shown, "version": found, "newest": HEAD}
    tell(answer, f"{where.shown}: version {found or 'none, it is empty'}; newest {HEAD}", as_json=json)


@app.command()
def upgrade(config: ConfigOption = None, json: JSONOption = False) -> None:
    """Brings the database to the newest version; the server does so too when it starts."""
    where = address(config)
    found = migrate(where)
    done = "is at" if found == HEAD else "was brought to"
    answer = {"database": where.shown, "was": found, "version": HEAD}
    tell(answer, f"{where.shown} {done} version {HEAD}", as_json=json)


@app.command()
def check(config: ConfigOption = None, json: JSONOption = False) -> None:
    """Ends with status 0 if the server can use the database as it is, 1 if it would migrate it first."""
    where = address(config)
    found = current_version(where)
    known = found in known_versions()
    state = "current" if found == HEAD else "behind" if found is None or known else "too_new"
    answer = {"database": where.shown, "version": found, "state": state}
    tell(answer, f"{where.shown}: {state.replace('_', ' ')} (version {found}; newest {HEAD})", as_json=json)
    if state != "current":
        raise typer.Exit(BEHIND)
