"""The stores of the configured database, for one command."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

import typer

from adapters.configuration.adapter import ConfigAdapter, configuration_file, startup_message
from stts.command_line import USAGE, CommandFailed
from stts.errors import InvalidConfiguration
from stts.settings import Settings
from stts.storage.database.address import DatabaseAddress
from stts.storage.database.stores import Stores
from stts.storage.private import keep_private

Result = TypeVar("Result")
ConfigOption = Annotated[str | None, typer.Option("--config", help="Configuration file, as the server's --config.")]
JSONOption = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]


def address(config: str | None) -> DatabaseAddress:
    """Raises CommandFailed."""
    return DatabaseAddress.of(settings(config))


def settings(config: str | None) -> Settings:
    """What is made from then on is as private as what the server makes. Raises CommandFailed."""
    file = configuration_file(config)
    try:
        found = ConfigAdapter.load(file).current()
    except InvalidConfiguration as error:
        raise CommandFailed(startup_message(error, file), USAGE) from error
    keep_private(group_access=found.storage.group_access)
    return found


def with_stores(config: str | None, work: Callable[[Stores], Awaitable[Result]]) -> Result:
    """Runs work on the database, migrated. Raises CommandFailed, DatabaseAway."""

    async def run() -> Result:
        stores = Stores.over(address(config))
        try:
            await stores.database.migrate()
            return await work(stores)
        finally:
            await stores.database.close()

    return asyncio.run(run())


def tell(answer: dict[str, Any] | list[dict[str, Any]], text: str, *, as_json: bool) -> None:
    """Prints an answer for a program or for a person."""
    typer.echo(json.dumps(answer, indent=2) if as_json else text)
