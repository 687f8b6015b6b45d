"""The command `stts`: a server, and what it can do, at a terminal. It uses the public API only.

Commands talk to the server at --url (STTS_URL), by default the one on this machine; those that make sense alone start
one for themselves where none runs.
"""

from __future__ import annotations

import sys

if __name__ == "__main__":
    from stts.interruption import leave_quietly

    leave_quietly(of_server="serve" in sys.argv[1:])

import os
from functools import partial
from typing import Annotated

import typer

from clients.command import (
    benching,
    bot,
    cache,
    configuration,
    desktop,
    discord,
    doctor,
    engines,
    jobs,
    models,
    speech,
    talking,
    transcribing,
)
from clients.command.completing import Completed
from clients.command.connection import Target
from clients.command.exit_status import USAGE, CommandFailed
from clients.command.places import ROOT, SERVER, in_program, working_folder
from clients.command.terminal import explained
from stts.interruption import ending_in_order, put_off

FILES = ("--config", "--env-file")
"""Options of `serve` whose values are names of files."""

app = typer.Typer(
    name="stts",
    cls=Completed,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Speaks, listens and serves.",
)
app.add_typer(engines.app, name="engines")
app.add_typer(models.app, name="models")
app.add_typer(jobs.app, name="jobs")
app.add_typer(cache.app, name="cache")
app.add_typer(configuration.app, name="config")
app.command()(speech.say)
app.command()(transcribing.transcribe)
app.command()(talking.talk)
app.command()(speech.voices)
app.command()(doctor.doctor)
app.command()(benching.bench)
app.command()(bot.bot)
app.command()(discord.discord)
app.command()(desktop.desktop)


@app.callback()
def options(
    context: typer.Context,
    url: Annotated[str | None, typer.Option("--server", "--url", envvar="STTS_URL", help="Its address.")] = None,
    key: Annotated[str | None, typer.Option(envvar=["STTS_KEY", "STTS_API_KEY"], help="Key for it.")] = None,
) -> None:
    context.obj = Target(url, key or os.environ.get("STTS_SECURITY__API_KEY"))


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
    workers: Annotated[str | None, typer.Option(help="Processes: a number, or auto.")] = None,
    config: Annotated[str | None, typer.Option(help="Configuration file.")] = None,
    system: Annotated[
        str | None, typer.Option("--as", help="Stand in for another system alone, as piper-server (docs/dialects.md).")
    ] = None,
    env_file: Annotated[str | None, typer.Option(help="With --as: the environment file of that system.")] = None,
) -> None:
    """Starts the server."""
    given: dict[str, str | int | None] = {
        "--host": host,
        "--port": port,
        "--workers": workers,
        "--config": config,
        "--as": system,
        "--env-file": env_file,
    }
    # Files are named from here, and read by a server that may work elsewhere.
    given |= {name: os.path.abspath(str(value)) for name, value in given.items() if value and name in FILES}
    arguments = [part for name, value in given.items() if value is not None for part in (name, str(value))]
    os.chdir(working_folder() if config is None else os.curdir)
    put_off()
    os.execv(sys.executable, [sys.executable, str(ROOT / SERVER), *arguments])


OPERATOR = {"add_help_option": False, "context_settings": {"allow_extra_args": True, "ignore_unknown_options": True}}
"""Commands whose words another program reads."""


@app.command(**OPERATOR)  # type: ignore[arg-type]
def db(context: typer.Context) -> None:
    """Tells and upgrades the version of the server's database."""
    _run_operator(context, "db")


@app.command(**OPERATOR)  # type: ignore[arg-type]
def keys(context: typer.Context) -> None:
    """Makes, rotates, revokes and lists keys of clients, also while the server is down."""
    _run_operator(context, "keys")


@app.command(**OPERATOR)  # type: ignore[arg-type]
def audit(context: typer.Context) -> None:
    """Lists and verifies the audit trail, also while the server is down."""
    _run_operator(context, "audit")


def _run_operator(context: typer.Context, command: str) -> None:
    """Runs a command on the database of this machine, in the folder of its server."""
    with explained("--json" in context.args):
        if context.obj.url:
            raise CommandFailed(
                f"`stts {command}` works on the database of this machine, not on {context.obj.url}: leave --server and "
                "STTS_URL out, or use the page /app/keys of that server.",
                USAGE,
            )
    arguments = ["-P", "-m", "commands", command, *context.args]
    if "--config" not in " ".join(context.args):
        os.chdir(working_folder())
    put_off()
    os.execve(sys.executable, [sys.executable, *arguments], in_program(dict(os.environ)))


def run(name: str) -> None:
    """Runs the command line under a name, and leaves with its exit status."""
    ending_in_order(partial(app, prog_name=name))


if __name__ == "__main__":
    run("stts")
